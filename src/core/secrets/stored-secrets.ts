/** The secrets of a store, and those that were deleted. */
import type { Store } from "../../store/store.ts";
import type { NamespaceFacts } from "../namespaces/namespace-facts.ts";
import { storedNamespaceFacts } from "../namespaces/stored-namespace-facts.ts";
import { SecretTrash } from "./secret-trash.ts";
import { Secrets } from "./secrets.ts";
import type { VersionLimits } from "./version-retention.ts";

export interface StoredSecrets {
  readonly store: Store;
  readonly namespaces: NamespaceFacts;
  readonly secrets: Secrets;
  readonly trash: SecretTrash;
}

export interface StoredSecretsOptions {
  readonly store: Store;
  readonly limits: VersionLimits;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Buffer;
}

/** All of them are about the same store; each is to be made once. */
export function storedSecrets({ store, limits, now, randomBytes }: StoredSecretsOptions): StoredSecrets {
  const namespaces = storedNamespaceFacts(store);
  const secrets = new Secrets({ store, namespaces, limits, now, randomBytes });
  const trash = new SecretTrash({ store, namespaces, freed: (namespaceUid) => secrets.recountUsage(namespaceUid) });
  return { store, namespaces, secrets, trash };
}
