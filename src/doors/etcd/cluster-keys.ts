/**
 * The keys of one cluster: which of them are secrets, and where in ours they are.
 *
 *   PREFIX/secrets/NAMESPACE/NAME   the secret NAMESPACE/NAME of this instance
 *   compact_rev_key                 what API servers agree by on compaction; theirs, of no secret
 *   anything else                   nothing is there, and nothing can be put there
 *
 * Keys are bytes on the wire and texts here, a character a byte, so that their order is the same.
 */
import { objectPrefix } from "../../core/registry-keys.ts";

export interface SecretPlace {
  readonly type: "secret";
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
}

/** A record of the API servers' own. */
export interface RecordPlace {
  readonly type: "record";
  readonly key: string;
}

/** A key that never has a value here. */
export interface EmptyPlace {
  readonly type: "nothing";
  readonly key: string;
}

export type Place = SecretPlace | RecordPlace | EmptyPlace;

/** Keys from `start` (inclusive) to `end` (exclusive), as far as they are of secrets. */
export interface Span {
  readonly type: "span";
  /** All keys are of this namespace; "" when they may be of any. */
  readonly namespace: string;
  readonly start: string;
  readonly end: string;
  /** Whether it ends where the namespace (or all of them) ends. */
  readonly isToEnd: boolean;
}

/** The one key beside secrets: kubernetes/apiserver pkg/storage/etcd3/compact.go. */
const compactRevisionKey = "compact_rev_key";
const secretsPrefix = objectPrefix("secrets", "");
const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export class ClusterKeys {
  /** `PREFIX/secrets/`. */
  readonly #root: string;

  /** @param prefix the API server's `--etcd-prefix`: `/registry` unless it was told otherwise */
  constructor(prefix: string) {
    this.#root = `${prefix}/secrets/`;
  }

  place(key: string): Place {
    if (key === compactRevisionKey) return { type: "record", key };
    if (!key.startsWith(this.#root)) return { type: "nothing", key };
    const [namespace = "", name = "", ...more] = key.slice(this.#root.length).split("/");
    const isPlace = more.length === 0 && namespacePattern.test(namespace) && namePattern.test(name);
    return isPlace ? { type: "secret", key, namespace, name } : { type: "nothing", key };
  }

  /** The key of a secret. */
  keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
    return `${this.#root}${namespace}/${name}`;
  }

  /** @param rangeEnd as in etcd: NUL alone is "no end" */
  span(key: string, rangeEnd: string): Span {
    const rootEnd = afterPrefix(this.#root);
    const start = key > this.#root ? key : this.#root;
    const end = rangeEnd === "\0" || rangeEnd > rootEnd ? rootEnd : rangeEnd;
    const [namespace = "", ...rest] = start.slice(this.#root.length).split("/");
    const within = `${this.#root}${namespace}/`;
    const isNarrow = rest.length > 0 && namespacePattern.test(namespace) && end <= afterPrefix(within);
    return isNarrow
      ? { type: "span", namespace, start, end, isToEnd: end === afterPrefix(within) }
      : { type: "span", namespace: "", start, end, isToEnd: end === rootEnd };
  }

  /** The storage key that the secrets of a span come after; undefined when nothing of the namespace comes before it. */
  after({ namespace, start }: Span): string | undefined {
    const isWhole = start === this.#root || (namespace !== "" && start === `${this.#root}${namespace}/`);
    return isWhole ? undefined : predecessor(secretsPrefix + start.slice(this.#root.length));
  }
}

/** The first key after all that begin with `prefix`. */
function afterPrefix(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** A text before `key` and after every other key below it: names have no character above `~`. */
function predecessor(key: string): string {
  const last = key.charCodeAt(key.length - 1);
  const before = key.slice(0, -1);
  return last === 0 ? before : `${before}${String.fromCharCode(last - 1)}\x7f`;
}
