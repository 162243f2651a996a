/** Which rule allows a request about which name: looked up, since a role may have thousands of rules of a name each. */
import type { Grant } from "./rights.ts";

interface Placed {
  readonly grant: Grant;
  /** Before which others it is named as the reason. */
  readonly order: number;
}

export class TargetIndex {
  #every: Placed | undefined;
  readonly #byName = new Map<string, Placed>();

  /**
   * Grants whose rules allow the request, if its name is one of theirs, in the order in which they are preferred.
   * `targetNamed` says what such a name is about.
   */
  constructor(grants: Iterable<Grant>, targetNamed: (name: string) => string) {
    let order = 0;
    for (const grant of grants) {
      const placed = { grant, order: order++ };
      const { resourceNames } = grant.rule.rule;
      if (resourceNames.length === 0) this.#every ??= placed;
      for (const name of resourceNames.map(targetNamed)) if (!this.#byName.has(name)) this.#byName.set(name, placed);
    }
  }

  /** The first grant that allows it for the name; "" stands for all names. */
  first(name: string): Grant | undefined {
    const named = name === "" ? undefined : this.#byName.get(name);
    if (named === undefined) return this.#every?.grant;
    return this.#every !== undefined && this.#every.order < named.order ? this.#every.grant : named.grant;
  }
}
