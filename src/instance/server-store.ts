import type { Registry } from "prom-client";
import type { StoredResource } from "../crypto/encryption-configuration/configured-transformers.ts";
import type { Logger } from "../log/logger.ts";
import { systemClock } from "../store/clock.ts";
import { openDataStore, ownEnvelope } from "./data-store.ts";
import type { DataStore } from "./data-store.ts";
import { EncryptionAtRest } from "./encryption-at-rest.ts";
import { kmsOpener } from "./kms-providers.ts";
import { encryptionReports } from "./encryption-metrics.ts";
import type { Instance } from "./instance.ts";

export interface ServerStoreOptions {
  /** Absolute path; created 0700 when missing. */
  readonly dataDir: string;
  /** A file EncryptionConfiguration, an absolute path; undefined: the envelope of this server for everything. */
  readonly encryptionFile?: string | undefined;
  readonly history: {
    /** How long superseded revisions stay readable. */
    readonly retainMs: number;
    /** How many bytes of superseded revisions are kept at most. */
    readonly retainBytes: number;
  };
}

/** Where the store of a server tells how it stands. */
export interface ServerStoreReports {
  readonly registry: Registry;
  readonly log: Logger;
  readonly announce: (line: string) => void;
}

export interface ServerStore extends DataStore {
  readonly encryption: EncryptionAtRest;
}

/**
 * The store of a server: encrypted as its configuration says, which is followed while the store is open. `stored` are the resources
 * that it can be about. Raises `invalid` for a configuration that cannot be used, and as {@link openDataStore}.
 */
export async function openServerStore(
  { dataDir, encryptionFile: file, history }: ServerStoreOptions,
  { rootKey }: Pick<Instance, "rootKey">,
  stored: readonly StoredResource[],
  { registry, log, announce }: ServerStoreReports,
): Promise<ServerStore> {
  await using opening = new AsyncDisposableStack();
  const reports = encryptionReports(registry, log, () => new Date());
  const own = await ownEnvelope(rootKey);
  const encryption = opening.use(
    await EncryptionAtRest.open({ file, own, stored, clock: systemClock, reports, openKms: kmsOpener(registry, log) }),
  );
  for (const line of encryption.summary()) announce(line);
  const retention = { ageMsMax: history.retainMs, supersededBytesMax: history.retainBytes };
  const report = (error: unknown) => log.error("Store background work failed", error);
  const { store, engine } = opening.use(await openDataStore(dataDir, rootKey, retention, report, encryption));
  const parts = opening.move();
  return { store, engine, encryption, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
