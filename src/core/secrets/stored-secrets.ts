/** The secrets of a store, and those that were deleted. */
import type { Store } from "../../store/store.ts";
import type { NamespaceFacts } from "../namespaces/namespace-facts.ts";
import { storedNamespaceFacts } from "../namespaces/stored-namespace-facts.ts";
import { sweepSecrets } from "./secret-sweeper.ts";
import { SecretTrash } from "./secret-trash.ts";
import { Secrets } from "./secrets.ts";
import type { SecretsOptions } from "./secrets.ts";
import { scheduleSweeps } from "./sweep-schedule.ts";
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
  readonly onCutShort?: SecretsOptions["onCutShort"];
}

/** All of them are about the same store; each is to be made once. */
export function storedSecrets({ store, ...options }: StoredSecretsOptions): StoredSecrets {
  const namespaces = storedNamespaceFacts(store);
  const secrets = new Secrets({ store, namespaces, ...options });
  const trash = new SecretTrash({ store, namespaces, freed: (namespaceUid) => secrets.recountUsage(namespaceUid) });
  return { store, namespaces, secrets, trash };
}

/** Removes orphans and trash that is old enough, now and then, until it is disposed. `now` is asked at each sweep. */
export function keepSwept(
  { store, secrets }: StoredSecrets,
  { trashRetentionMs, now }: { readonly trashRetentionMs: number; readonly now: () => Date },
  onError: (error: unknown) => void,
): AsyncDisposable {
  const freed = (namespaceUid: string) => secrets.recountUsage(namespaceUid);
  return scheduleSweeps((signal) => sweepSecrets({ store, now: now(), trashRetentionMs, signal, freed }), onError);
}
