/**
 * What encryption at rest costs per record, on one core:
 *
 *     node bench/crypto.ts [--json] [--seconds S]
 *
 * `seal` and `open` are KmsV2Transformer as the store uses it (bound to key and
 * revision); `aesgcm`, `aescbc` and `secretbox` are the providers of EncryptionConfiguration. `AES-256-GCM` is
 * the cipher alone with one key, the floor. Each row is the best of three runs of S seconds (default 0.5).
 */
import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { parseArgs } from "node:util";

import { KmsV2Transformer, localProviderName } from "../src/crypto/kms-v2/kms-v2-transformer.ts";
import { LocalKeyManagementService } from "../src/crypto/kms-v2/key-management-service.ts";
import { generateRootKeyBytes, RootKey } from "../src/crypto/root-key/root-key.ts";
import { aesCbcTransformer } from "../src/crypto/providers/aes-cbc.ts";
import { aesGcmTransformer } from "../src/crypto/providers/aes-gcm.ts";
import { secretboxTransformer } from "../src/crypto/providers/secretbox.ts";
import type { PrefixedTransformer } from "../src/crypto/transformer-chain.ts";
import { toRevision } from "../src/store/revision.ts";

export interface CryptoRow {
  readonly operation: string;
  readonly sizeBytes: number;
  readonly microsecondsPerOperation: number;
  readonly operationsPerSecond: number;
}

const sizes = [100, 1024, 10 * 1024, 100 * 1024, 1024 * 1024];

/** Measures every operation at every size. `secondsPerRun` is the length of each of three runs. */
export async function measureCrypto(secondsPerRun: number): Promise<readonly CryptoRow[]> {
  const bytes = generateRootKeyBytes();
  const [before, now] = await Promise.all(
    [Buffer.from(bytes), bytes].map(
      async (key) => await KmsV2Transformer.create(localProviderName, new LocalKeyManagementService(new RootKey(key))),
    ),
  );
  if (before === undefined || now === undefined) throw new Error("two transformers were made");
  const context = { key: "/registry/secrets/default/database-credentials", revision: toRevision(123_456) };
  const key = createSecretKey(randomBytes(32));
  const nonce = randomBytes(12);
  const providers: [string, PrefixedTransformer][] = [
    ["aesgcm", aesGcmTransformer("key", randomBytes(32))],
    ["aescbc", aesCbcTransformer("key", randomBytes(32))],
    ["secretbox", await secretboxTransformer("key", randomBytes(32))],
  ];
  return sizes.flatMap((sizeBytes) => {
    const plaintext = randomBytes(sizeBytes);
    const [own, former] = [now.toStorage(plaintext, context), before.toStorage(plaintext, context)];
    const operations: [string, () => unknown][] = [
      ["AES-256-GCM", () => createCipheriv("aes-256-gcm", key, nonce).update(plaintext)],
      ["seal", () => now.toStorage(plaintext, context)],
      ["open", () => now.fromStorage(own, context)],
      ["open, seed of a former start", () => now.fromStorage(former, context)],
      ...providers.flatMap(([name, provider]): [string, () => unknown][] => {
        const stored = provider.toStorage(plaintext, context);
        return [
          [`${name} seal`, () => provider.toStorage(plaintext, context)],
          [`${name} open`, () => provider.fromStorage(stored, context)],
        ];
      }),
    ];
    return operations.map(([operation, run]) => rowOf(operation, sizeBytes, secondsPerRun, run));
  });
}

function rowOf(operation: string, sizeBytes: number, seconds: number, run: () => unknown): CryptoRow {
  const best = Math.min(...[1, 2, 3].map(() => secondsPerCall(seconds, run)));
  return { operation, sizeBytes, microsecondsPerOperation: best * 1e6, operationsPerSecond: 1 / best };
}

/** Calls in batches, so that reading the clock does not count. */
function secondsPerCall(seconds: number, run: () => unknown): number {
  const startMs = performance.now();
  let calls = 0;
  while (performance.now() - startMs < seconds * 1000) {
    for (let i = 0; i < 50; i++) run();
    calls += 50;
  }
  return (performance.now() - startMs) / 1000 / calls;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, seconds: { type: "string", default: "0.5" } } });
  const rows = await measureCrypto(Number(values.seconds));
  if (values.json === true) console.log(JSON.stringify(rows, undefined, 2));
  else {
    console.log(`${"operation".padEnd(30)}${"bytes".padStart(9)}${"us/op".padStart(10)}${"ops/s".padStart(10)}`);
    for (const { operation, sizeBytes, microsecondsPerOperation, operationsPerSecond } of rows) {
      const figures = [String(sizeBytes), microsecondsPerOperation.toFixed(1), operationsPerSecond.toFixed(0)];
      console.log(operation.padEnd(30) + figures[0]?.padStart(9) + figures[1]?.padStart(10) + figures[2]?.padStart(10));
    }
  }
}
