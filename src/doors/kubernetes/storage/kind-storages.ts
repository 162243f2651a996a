import type { AuditRecords } from "../../../audit/index/audit-records.ts";
import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import { SecretHistory } from "../../../core/secrets/secret-history.ts";
import type { SecretTrash } from "../../../core/secrets/secret-trash.ts";
import type { Secrets } from "../../../core/secrets/secrets.ts";
import type { Store } from "../../../store/store.ts";
import type { Kind } from "../kinds/kind.ts";
import { auditEventKind } from "../kinds/audit-event.ts";
import { deletedSecretKind } from "../kinds/deleted-secret.ts";
import { secretKind } from "../kinds/secret.ts";
import { secretVersionKind } from "../kinds/secret-version.ts";
import { auditEventStorage } from "./audit-event-storage.ts";
import { convertedStorage } from "./converted-storage.ts";
import { deletedSecretStorage } from "./deleted-secret-storage.ts";
import type { KindStorage } from "./kind-storage.ts";
import { plainStorage } from "./plain-storage.ts";
import { secretStorage } from "./secret-storage.ts";
import { secretVersionStorage } from "./secret-version-storage.ts";

/** The storage of each kind, the same each time. Raises TypeError for a kind that is not among `kinds`. */
export function kindStorages(options: {
  readonly kinds: readonly Kind[];
  readonly store: Store;
  readonly secrets: Secrets;
  readonly trash: SecretTrash;
  readonly namespaces: NamespaceFacts;
  readonly audit: AuditRecords;
}): (kind: Kind) => KindStorage {
  const { kinds, store, secrets, trash, namespaces, audit } = options;
  const history = new SecretHistory(store);
  const make = (kind: Kind): KindStorage => {
    if (kind === secretKind) return secretStorage(secrets, { history, trash });
    if (kind === secretVersionKind) return secretVersionStorage(secrets, history);
    if (kind === deletedSecretKind) return deletedSecretStorage(secrets, trash);
    if (kind === auditEventKind) return auditEventStorage(audit);
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
