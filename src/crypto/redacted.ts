import { inspect } from "node:util";

const mask = "[redacted]";

/**
 * A secret value on its way through the process. It prints as `[redacted]` in
 * template strings, JSON, `console.log` and `util.inspect`, whatever the depth
 * or the `showHidden` option, because the value sits in a `#field`; the only way
 * to it is {@link Redacted.reveal}, so that a search for `.reveal(` lists every
 * place that touches plaintext.
 *
 * It hides the value from printing, not from memory: JavaScript offers no
 * erasure that can be promised. `structuredClone` of one yields an empty object.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Whoever calls this must not let it reach a log, an error or an audit event. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}
