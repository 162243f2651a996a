/** What whoever may open the data directory can ask of the encryption of the server that runs on it. */
import type { Logger } from "../log/logger.ts";
import type { Store } from "../store/store.ts";
import { openAuditKeys } from "./audit-keys.ts";
import type { EncryptionService, EncryptionStatus } from "./encryption-service.ts";
import { signStatement } from "./encryption-statement.ts";
import type { EncryptionStatement } from "./encryption-statement.ts";
import type { Instance } from "./instance.ts";

export interface EncryptionAnswers {
  status(): Promise<EncryptionStatus>;
  /** Raises as `EncryptionService.proveUnused`. */
  statement(key: string): Promise<EncryptionStatement>;
}

export interface EncryptionAnswersParts {
  readonly service: EncryptionService;
  readonly store: Store;
  readonly instance: Pick<Instance, "id" | "rootKey">;
  readonly log: Logger;
}

/** Statements are signed with the key of the checkpoints of the audit log, whose public key auditors have. */
export function encryptionAnswers({ service, store, instance, log }: EncryptionAnswersParts): EncryptionAnswers {
  return {
    status: () => service.status(),
    async statement(key) {
      const facts = await service.proveUnused(key);
      const statement = signStatement(facts, await openAuditKeys(instance, store));
      log.info("Signed that nothing is left under an encryption key", { form: key, revision: facts.revision });
      return statement;
    },
  };
}
