import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import type { Secrets } from "../../../core/secrets/secrets.ts";
import type { Store } from "../../../store/store.ts";
import type { Kind } from "../kinds/kind.ts";
import { secretKind } from "../kinds/secret.ts";
import { convertedStorage } from "./converted-storage.ts";
import type { KindStorage } from "./kind-storage.ts";
import { plainStorage } from "./plain-storage.ts";
import { secretStorage } from "./secret-storage.ts";

/** The storage of each kind, the same each time. Raises TypeError for a kind that is not among `kinds`. */
export function kindStorages(options: {
  readonly kinds: readonly Kind[];
  readonly store: Store;
  readonly secrets: Secrets;
  readonly namespaces: NamespaceFacts;
}): (kind: Kind) => KindStorage {
  const { kinds, store, secrets, namespaces } = options;
  const make = (kind: Kind): KindStorage => {
    if (kind === secretKind) return secretStorage(secrets);
    if (kind.storedAs === undefined) return plainStorage(store, kind, namespaces);
    return convertedStorage(plainStorage(store, kind.storedAs.kind, namespaces), kind, kind.storedAs);
  };
  const byKind = new Map(kinds.map((kind) => [kind, make(kind)]));
  return (kind) => {
    const found = byKind.get(kind);
    if (found === undefined) throw new TypeError(`kind ${kind.kind} must be one of the served kinds`);
    return found;
  };
}
