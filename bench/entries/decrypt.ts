/**
 * The floor of a list: the stored records of all objects of a resource - of secrets bookkeeping and payload -
 * read into memory as ciphertext, then decrypted in a loop, three times.
 */
import { KmsV2Transformer, localProviderName } from "../../src/crypto/kms-v2/kms-v2-transformer.ts";
import { LocalKeyManagementService } from "../../src/crypto/kms-v2/key-management-service.ts";
import { openInstance } from "../../src/instance/instance.ts";
import type { ServerConfig } from "../../src/server/server-config.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import type { Store, StoredRecord } from "../../src/store/store.ts";
import { entryOptions, tell } from "./entry.ts";

export interface Decrypted {
  readonly records: number;
  /** The best of three runs. */
  readonly milliseconds: number;
  /** The part of it that payloads take. */
  readonly payloadMilliseconds: number;
}

const runs = 3;

export interface DecryptOptions {
  readonly config: ServerConfig;
  readonly resource: "secrets" | "configmaps";
}

const { config, resource } = entryOptions<DecryptOptions>();
const instance = await openInstance(config.dataDir, config.rootKey);
const data = await openDataStore(config.dataDir, instance.rootKey, {}, (error) => {
  throw error;
});
const transformer = await KmsV2Transformer.create(localProviderName, new LocalKeyManagementService(instance.rootKey));
const current = await allOf(data.engine, `/registry/${resource}/`);
const payloads = resource === "secrets" ? await allOf(data.engine, "/strongroom/payloads/") : [];
const loops = Array.from({ length: runs }, () => ({ current: decryptAll(current), payloads: decryptAll(payloads) }));
const best = loops.toSorted((a, b) => a.current + a.payloads - b.current - b.payloads)[0];
await data[Symbol.asyncDispose]();
tell({
  records: current.length + payloads.length,
  milliseconds: (best?.current ?? 0) + (best?.payloads ?? 0),
  payloadMilliseconds: best?.payloads ?? 0,
} satisfies Decrypted);
process.disconnect();

async function allOf(store: Store, prefix: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let after: string | undefined; ; after = records.at(-1)?.key) {
    const page = await store.range(prefix, { after, limit: 1000 });
    records.push(...page.records);
    if (!page.more) return records;
  }
}

function decryptAll(records: readonly StoredRecord[]): number {
  const startedMs = performance.now();
  for (const { key, value, modRevision } of records)
    void transformer.fromStorage(value, { key, revision: modRevision });
  return performance.now() - startedMs;
}
