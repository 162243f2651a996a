/**
 * The keys of one cluster: which of them are secrets, and where in ours they are.
 *
 *   PREFIX/secrets/NAMESPACE/NAME   the secret NAME of the namespace of this instance that is NAMESPACE, behind what the cluster's
 *                                   namespaces begin with here
 *   compact_rev_key                 what API servers agree by on compaction; theirs, of no secret
 *   anything else                   nothing is there, and nothing can be put there
 *
 * Keys are bytes on the wire and texts here, a character a byte, so that their order is the same; that of a cluster's keys is that of
 * our own, because all of one begin alike. So nothing of another cluster is ever in a span.
 */
import { objectKey, objectPrefix } from "../../core/registry-keys.ts";

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
  /** Why, where a client could not tell: a sentence. */
  readonly because?: string;
}

export type Place = SecretPlace | RecordPlace | EmptyPlace;

/** Keys from `start` (inclusive) to `end` (exclusive), as far as they are of secrets. */
export interface Span {
  readonly type: "span";
  /** All keys are of this namespace of ours; "" when they may be of any. */
  readonly namespace: string;
  readonly isEmpty: boolean;
  /** The storage key that its secrets come after; undefined when nothing of the namespace comes before. */
  readonly after: string | undefined;
  /** The storage key that its secrets come before; undefined when nothing of the namespace comes behind. */
  readonly before: string | undefined;
}

/** The one key beside secrets: kubernetes/apiserver pkg/storage/etcd3/compact.go. */
const compactRevisionKey = "compact_rev_key";
const secretsPrefix = objectPrefix("secrets", "");
const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const namespaceLengthMax = 63;

/** A span that nothing is in: what is followed where a key has nothing to do with secrets. */
export const emptySpan: Span = { type: "span", namespace: "", isEmpty: true, after: undefined, before: "" };

export interface ClusterKeySpace {
  /** The API server's `--etcd-prefix`: `/registry` unless it was told otherwise. */
  readonly prefix: string;
  readonly namespacePrefix: string;
}

export class ClusterKeys {
  /** `PREFIX/secrets/`. */
  readonly #root: string;
  readonly #namespacePrefix: string;
  /** What the storage keys of all its secrets begin with. */
  readonly #ourRoot: string;

  constructor({ prefix, namespacePrefix }: ClusterKeySpace) {
    this.#root = `${prefix}/secrets/`;
    this.#namespacePrefix = namespacePrefix;
    this.#ourRoot = `${secretsPrefix}${namespacePrefix}`;
  }

  place(key: string): Place {
    if (key === compactRevisionKey) return { type: "record", key };
    if (!key.startsWith(this.#root)) return { type: "nothing", key };
    const [namespace = "", name = "", ...more] = key.slice(this.#root.length).split("/");
    const isPlace = more.length === 0 && namespacePattern.test(namespace) && namePattern.test(name);
    if (!isPlace) return { type: "nothing", key };
    const lengthMax = namespaceLengthMax - this.#namespacePrefix.length;
    if (namespace.length > lengthMax) {
      const because = `namespaces of this cluster must have at most ${lengthMax} characters: behind ${this.#namespacePrefix} they are names here`;
      return { type: "nothing", key, because };
    }
    return { type: "secret", key, namespace: `${this.#namespacePrefix}${namespace}`, name };
  }

  /** The key of a secret of the cluster. */
  keyOf(secret: { readonly namespace: string; readonly name: string }): string {
    return `${this.#root}${this.namespaceInCluster(secret.namespace)}/${secret.name}`;
  }

  /** The cluster's name of one of its namespaces. */
  namespaceInCluster(namespace: string): string {
    return namespace.slice(this.#namespacePrefix.length);
  }

  /** @param rangeEnd as in etcd: NUL alone is "no end" */
  span(key: string, rangeEnd: string): Span {
    const rootEnd = afterPrefix(this.#root);
    const start = key > this.#root ? key : this.#root;
    const end = rangeEnd === "\0" || rangeEnd > rootEnd ? rootEnd : rangeEnd;
    if (start >= end) return emptySpan;
    const [namespace = "", ...rest] = start.slice(this.#root.length).split("/");
    const within = `${this.#root}${namespace}/`;
    const isNarrow = rest.length > 0 && namespacePattern.test(namespace) && end <= afterPrefix(within);
    const [first, last] = isNarrow ? [within, afterPrefix(within)] : [this.#root, rootEnd];
    // All of them is all of ours only where nothing stands before the names of namespaces.
    const isBounded = isNarrow || this.#namespacePrefix === "";
    return {
      type: "span",
      namespace: isNarrow ? `${this.#namespacePrefix}${namespace}` : "",
      isEmpty: false,
      after: isBounded && start === first ? undefined : predecessor(this.#ours(start)),
      before: isBounded && end === last ? undefined : this.#ours(end),
    };
  }

  /** Whether a secret of a span's namespace is in the span. */
  contains({ isEmpty, after, before }: Span, secret: { readonly namespace: string; readonly name: string }): boolean {
    const key = objectKey("secrets", secret.namespace, secret.name);
    return !isEmpty && (after === undefined || key > after) && (before === undefined || key < before);
  }

  /** The storage key that what is behind a span comes after. */
  afterEnd({ before }: Span & { readonly before: string }): string {
    return predecessor(before);
  }

  #ours(key: string): string {
    return key.startsWith(this.#root) ? this.#ourRoot + key.slice(this.#root.length) : afterPrefix(this.#ourRoot);
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
