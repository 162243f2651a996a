import { createHash } from "node:crypto";

import { authenticatedDataOf } from "../crypto/authenticated-data.ts";
import { TransformerSet } from "../crypto/transformer-set.ts";
import type { TransformContext, Transformer } from "../crypto/transformer.ts";
import { ManualClock } from "./conformance/manual-clock.ts";
import { storeConformance } from "./conformance/store-conformance.ts";
import { createEncryptedStore } from "./encrypted-store.ts";
import { createMemoryEngine } from "./memory/memory-engine.ts";

const clock = new ManualClock();

/**
 * Not encryption, but what the suite can see through: it keeps the length, of which the suite expects that a
 * store reports it, and gives other bytes for every other key and revision than those it was written with.
 */
const masking: Transformer = {
  toStorage: masked,
  fromStorage: (stored, context) => ({ plaintext: masked(stored, context), stale: false }),
};

function masked(bytes: Uint8Array, context: TransformContext): Uint8Array {
  const mask = createHash("shake256", { outputLength: bytes.length }).update(authenticatedDataOf(context)).digest();
  return bytes.map((byte, index) => byte ^ (mask[index] ?? 0));
}

/** As with a key management service that must be asked for every key. */
const maskingLater: Transformer = {
  toStorage: masked,
  fromStorage: async (stored, context) => await Promise.resolve(masking.fromStorage(stored, context)),
};

for (const [name, transformer] of [
  ["encrypted store", masking],
  ["encrypted store that waits for keys", maskingLater],
] as const) {
  storeConformance(name, {
    open: async () =>
      await Promise.resolve(createEncryptedStore(createMemoryEngine({ clock }), new TransformerSet(transformer))),
    now: () => clock.now(),
    letTimePass: async (ms) => clock.advance(ms),
    propertyRuns: 20,
  });
}
