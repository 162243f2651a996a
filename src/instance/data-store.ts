/** The encrypted store of a data directory, on the embedded engine. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { KmsV2Transformer, localProviderName } from "../crypto/kms-v2/kms-v2-transformer.ts";
import { LocalKeyManagementService } from "../crypto/kms-v2/key-management-service.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import { TransformerChain } from "../crypto/transformer-chain.ts";
import type { PrefixedTransformer } from "../crypto/transformer-chain.ts";
import { TransformerSet } from "../crypto/transformer-set.ts";
import type { Clock } from "../store/clock.ts";
import { openEmbeddedEngine } from "../store/embedded/embedded-engine.ts";
import type { EmbeddedEngine } from "../store/embedded/embedded-engine.ts";
import { createEncryptedStore } from "../store/encrypted-store.ts";
import type { OpenedSnapshots, TransformerSelection } from "../store/encrypted-store.ts";
import type { Store } from "../store/store.ts";
import type { Retention } from "../store/mvcc/retention.ts";

export interface DataStore extends AsyncDisposable {
  readonly store: Store & OpenedSnapshots;
  readonly engine: EmbeddedEngine;
}

/**
 * Opens (and locks) it. Without `retention`, for commands that only look at a directory which no server uses, nothing is done to it by itself:
 * neither does history go, of which the server may keep more, nor what has expired. Without `transformers`, everything is in the envelope of this server, and records that a configuration
 * of encryption had written otherwise do not open. Raises `unavailable` when another process has it, `corrupt`.
 */
export async function openDataStore(
  dataDir: string,
  rootKey: RootKey,
  retention: Partial<Retention> | undefined,
  report: (error: unknown) => void,
  transformers?: TransformerSelection,
): Promise<DataStore> {
  const liveSetKey = rootKey.derive("live-set");
  const selection = transformers ?? new TransformerSet(new TransformerChain(await ownEnvelope(rootKey)));
  const engine = await openEmbeddedEngine({
    directory: join(dataDir, "store"),
    retention,
    ...(retention === undefined && { clock: withoutTimers }),
    indexAuthenticator: { mac: (data) => createHmac("sha256", liveSetKey).update(data).digest() },
    report,
  });
  const store = createEncryptedStore(engine, selection);
  return { store, engine, [Symbol.asyncDispose]: () => store.close() };
}

/** The machine's, on which nothing ever falls due. */
const withoutTimers: Clock = { now: () => Date.now(), after: () => ({ cancel() {} }) };

/** The envelope of this server: under the root key, each record bound to its key and revision. */
export async function ownEnvelope(rootKey: RootKey): Promise<PrefixedTransformer> {
  return await KmsV2Transformer.create(localProviderName, new LocalKeyManagementService(rootKey));
}
