import { createHmac } from "node:crypto";
import type { Registry } from "prom-client";
import type { StoredResource } from "../crypto/encryption-configuration/configured-transformers.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import type { Logger } from "../log/logger.ts";
import { systemClock } from "../store/clock.ts";
import type { Retention } from "../store/mvcc/retention.ts";
import { openDataStore, ownEnvelope } from "./data-store.ts";
import type { DataStore } from "./data-store.ts";
import { EncryptionAtRest } from "./encryption-at-rest.ts";
import { EncryptionService } from "./encryption-service.ts";
import { kmsOpener } from "./kms-providers.ts";
import { encryptionReports } from "./encryption-metrics.ts";
import type { Instance } from "./instance.ts";

export interface ServerStoreOptions {
  /** Absolute path; created 0700 when missing. */
  readonly dataDir: string;
  /** A file EncryptionConfiguration, an absolute path; undefined: the envelope of this server for everything. */
  readonly encryptionFile?: string | undefined;
  /** Start though the configuration lacks keys that records are under: they are lost. Default: no. */
  readonly abandonEncryptionKeys?: boolean | undefined;
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
  /** Keys over time. */
  readonly encryptionKeys: EncryptionService;
}

/**
 * The store of a server: encrypted as its configuration says, which is followed while the store is open. `stored` are the resources
 * that it can be about. Raises `invalid` for a configuration that cannot be used, and as {@link openDataStore}.
 */
export async function openServerStore(
  options: ServerStoreOptions,
  instance: Pick<Instance, "rootKey">,
  stored: readonly StoredResource[],
  reports: ServerStoreReports,
): Promise<ServerStore> {
  await using opening = new AsyncDisposableStack();
  const { history, abandonEncryptionKeys: abandonKeys = false } = options;
  const retention = { ageMsMax: history.retainMs, supersededBytesMax: history.retainBytes };
  const opened = opening.use(await openConfiguredStore(options, instance, stored, reports, retention));
  const { store, engine, encryption } = opened;
  const { registry, log } = reports;
  const kept = { encryption, store, engine, stored, abandonKeys, clock: systemClock, registry, log };
  const encryptionKeys = opening.use(await EncryptionService.open(kept));
  const parts = opening.move();
  return { store, engine, encryption, encryptionKeys, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/**
 * The store of a server that does not run, for who reads it: encrypted as the configuration says, and nothing is done to it in the background.
 * No key is noted, no record is rewritten, no history goes. Raises as {@link openServerStore}, but for keys that the configuration
 * lacks: their records do not open.
 */
export async function openIdleStore(
  options: Pick<ServerStoreOptions, "dataDir" | "encryptionFile">,
  instance: Pick<Instance, "rootKey">,
  stored: readonly StoredResource[],
  reports: ServerStoreReports,
): Promise<DataStore> {
  return await openConfiguredStore(options, instance, stored, reports, undefined);
}

async function openConfiguredStore(
  { dataDir, encryptionFile: file }: Pick<ServerStoreOptions, "dataDir" | "encryptionFile">,
  { rootKey }: Pick<Instance, "rootKey">,
  stored: readonly StoredResource[],
  { registry, log, announce }: ServerStoreReports,
  retention: Partial<Retention> | undefined,
): Promise<DataStore & Pick<ServerStore, "encryption">> {
  await using opening = new AsyncDisposableStack();
  const reports = encryptionReports(registry, log, () => new Date());
  const own = await ownEnvelope(rootKey);
  const fingerprint = fingerprintBy(rootKey);
  const openKms = kmsOpener(registry, log);
  const clock = systemClock;
  const encryption = opening.use(
    await EncryptionAtRest.open({ file, own, fingerprint, stored, clock, reports, openKms }),
  );
  for (const line of encryption.summary()) announce(line);
  const report = (error: unknown) => log.error("Store background work failed", error);
  const { store, engine } = opening.use(await openDataStore(dataDir, rootKey, retention, report, encryption));
  const parts = opening.move();
  return { store, engine, encryption, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Of a key of the configuration, for whoever has the root key only. */
function fingerprintBy(rootKey: RootKey): (key: Uint8Array) => string {
  const subkey = rootKey.derive("encryption/key-fingerprint");
  return (key) => createHmac("sha256", subkey).update(key).digest("hex").slice(0, 16);
}
