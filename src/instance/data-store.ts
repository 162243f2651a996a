/** The encrypted store of a data directory, on the embedded engine. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { KmsV2Transformer, localProviderName } from "../crypto/kms-v2/kms-v2-transformer.ts";
import { LocalKeyManagementService } from "../crypto/kms-v2/key-management-service.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import { TransformerChain } from "../crypto/transformer-chain.ts";
import { TransformerSet } from "../crypto/transformer-set.ts";
import { openEmbeddedEngine } from "../store/embedded/embedded-engine.ts";
import type { EmbeddedEngine } from "../store/embedded/embedded-engine.ts";
import { createEncryptedStore } from "../store/encrypted-store.ts";
import type { OpenedSnapshots } from "../store/encrypted-store.ts";
import type { Store } from "../store/store.ts";
import type { Retention } from "../store/mvcc/retention.ts";

export interface DataStore extends AsyncDisposable {
  readonly store: Store & OpenedSnapshots;
  readonly engine: EmbeddedEngine;
}

/** Opens (and locks) it. Raises `unavailable` when another process has it, `corrupt`. */
export async function openDataStore(
  dataDir: string,
  rootKey: RootKey,
  retention: Partial<Retention>,
  report: (error: unknown) => void,
): Promise<DataStore> {
  const liveSetKey = rootKey.derive("live-set");
  const engine = await openEmbeddedEngine({
    directory: join(dataDir, "store"),
    retention,
    indexAuthenticator: { mac: (data) => createHmac("sha256", liveSetKey).update(data).digest() },
    report,
  });
  const local = await KmsV2Transformer.create(localProviderName, new LocalKeyManagementService(rootKey));
  const store = createEncryptedStore(engine, new TransformerSet(new TransformerChain(local)));
  return { store, engine, [Symbol.asyncDispose]: () => store.close() };
}
