/** What must be well for the server to live, and to be ready. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { HealthCheck } from "./health.ts";

export interface HealthParts {
  readonly store: { currentRevision(): Promise<unknown> };
  /** Raises while the store on disk is not what was written. */
  readonly integrity: { check(): Promise<void> };
  /** Raises while roles are not known to be those that are stored. */
  readonly roles: { check(): void };
  /** Raises while the audit log cannot take records, or is about not to. */
  readonly audit: { check(): void };
  /** Raises while the file of the encryption configuration is not what is in force. */
  readonly encryption: {
    check(): void;
    /** Raises while a KMS plugin is not well. */
    checkPlugins(): void;
    /** Raises while records could not be encrypted again after a change of keys. */
    checkRewriting(): void;
  };
  readonly isDraining: () => boolean;
}

/** In the order in which they are told. */
export function healthChecks({
  store,
  integrity,
  roles,
  audit,
  encryption,
  isDraining,
}: HealthParts): readonly HealthCheck[] {
  return [
    { name: "ping", readinessOnly: false, check: async () => {} },
    { name: "store", readinessOnly: false, check: async () => void (await store.currentRevision()) },
    { name: "store-integrity", readinessOnly: true, check: () => integrity.check() },
    { name: "audit", readinessOnly: true, check: async () => audit.check() },
    { name: "encryption-config", readinessOnly: false, advisory: true, check: async () => encryption.check() },
    {
      name: "encryption-rewriting",
      readinessOnly: true,
      advisory: true,
      check: async () => encryption.checkRewriting(),
    },
    // Not of liveness: a restart would lose the seeds by which reads go on.
    { name: "kms-providers", readinessOnly: true, check: async () => encryption.checkPlugins() },
    { name: "roles", readinessOnly: true, check: async () => roles.check() },
    {
      name: "shutdown",
      readinessOnly: true,
      check: async () => {
        if (isDraining()) throw new StrongroomError("unavailable", "the server is stopping");
      },
    },
  ];
}
