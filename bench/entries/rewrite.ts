/**
 * Rewriting under a new key, in one process with the bare engine: puts of the engine alone, then a walk over as many records, idle; then
 * writers that keep a pace, in turns alone and with a walk beside them, so that both see the same machine.
 */
import { createSecretKey, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aesGcmTransformer } from "../../src/crypto/providers/aes-gcm.ts";
import { TransformerChain } from "../../src/crypto/transformer-chain.ts";
import { TransformerSet } from "../../src/crypto/transformer-set.ts";
import { EncryptionRewriter } from "../../src/instance/encryption-rewriter.ts";
import { systemClock } from "../../src/store/clock.ts";
import { openEmbeddedEngine } from "../../src/store/embedded/embedded-engine.ts";
import { createEncryptedStore } from "../../src/store/encrypted-store.ts";
import type { Store } from "../../src/store/store.ts";
import { median, quantile } from "../report.ts";
import { entryOptions, tell } from "./entry.ts";

export interface RewriteOptions {
  readonly records: number;
  readonly valueBytes: number;
  /** Writers beside a walk, and how long each waits between two puts. */
  readonly writers: number;
  readonly waitMs: number;
  /** Of each turn, and how many turns of both kinds there are. */
  readonly seconds: number;
  readonly rounds: number;
}

export interface Rewrote {
  readonly putsPerSecond: number;
  readonly rewritesPerSecond: number;
  /** The median of both in turns. */
  readonly idleRatio: number;
  /** p99 of a writer's put. */
  readonly aloneP99Ms: number;
  readonly besideP99Ms: number;
  /** Of the walk that had writers beside it. */
  readonly besideRewritesPerSecond: number;
}

const { records, valueBytes, writers, waitMs, seconds, rounds } = entryOptions<RewriteOptions>();
const [parallel, idleRounds] = [64, 3];
const directory = await mkdtemp(join(tmpdir(), "strongroom-bench-"));
const engine = await openEmbeddedEngine({ directory, retention: { supersededBytesMax: Number.MAX_SAFE_INTEGER } });
const keys = [0, 1].map((index) => aesGcmTransformer(`key${index}`, createSecretKey(randomBytes(32)).export()));
let writing = 0;
const store = createEncryptedStore(engine, { transformerFor: (key) => selection(writing).transformerFor(key) });
const selections = [0, 1].map((first) => {
  const [writer, reader] = [keys[first], keys[1 - first]];
  if (writer === undefined || reader === undefined) throw new TypeError("there are two keys");
  return new TransformerSet(new TransformerChain(writer, reader));
});
function selection(first: number): TransformerSet {
  const found = selections[first];
  if (found === undefined) throw new RangeError("there are two selections");
  return found;
}

let rewritten = 0;
function newRewriter(): EncryptionRewriter {
  return new EncryptionRewriter({
    store,
    clock: systemClock,
    nameOf: async () => "",
    onRewritten: (count) => void (rewritten += count),
    onWalked: async () => false,
    onError: (error) => {
      throw error;
    },
  });
}

const value = randomBytes(valueBytes);
const nameOf = (prefix: string, index: number) => `/registry/secrets/${prefix}/secret-${index}`;
await fill(store, "encrypted");
const [bare, idle]: [number[], number[]] = [[], []];
for (let round = 0; round < idleRounds; round++) {
  bare.push(await timed(() => fill(engine, "bare")));
  await fill(engine, "bare", true);
  idle.push(await walkOnce());
}
const [alone, beside]: [number[], number[]] = [[], []];
let [besideMs, besideCount] = [0, 0];
for (let round = 0; round < rounds; round++) {
  alone.push(...(await paced()));
  writing = 1 - writing;
  rewritten = 0;
  await using rewriter = newRewriter();
  const start = performance.now();
  const walk = rewriter.walk().then(() => performance.now());
  beside.push(...(await paced()));
  besideMs += Math.min(await Promise.race([walk, Promise.resolve(Infinity)]), performance.now()) - start;
  besideCount += rewritten;
}
await store.close();
await rm(directory, { recursive: true, force: true });
tell({
  putsPerSecond: records / median(bare),
  rewritesPerSecond: records / median(idle),
  idleRatio: median(bare.map((took, round) => took / (idle[round] ?? Infinity))),
  aloneP99Ms: quantile(alone, 0.99),
  besideP99Ms: quantile(beside, 0.99),
  besideRewritesPerSecond: besideCount / (besideMs / 1000),
} satisfies Rewrote);
process.disconnect();

async function walkOnce(): Promise<number> {
  await using rewriter = newRewriter();
  writing = 1 - writing;
  rewritten = 0;
  const took = await timed(() => rewriter.walk());
  if (rewritten !== records) throw new Error(`${records} records must be rewritten, not ${rewritten}`);
  return took;
}

/** Puts all records, or deletes them. */
async function fill(into: Store, prefix: string, deletes = false): Promise<void> {
  let next = 0;
  const one = async () => {
    for (let index = next++; index < records; index = next++) {
      const key = nameOf(prefix, index);
      await into.txn({ compares: [], thens: [deletes ? { type: "delete", key } : { type: "put", key, value }] });
    }
  };
  await Promise.all(Array.from({ length: parallel }, one));
}

/** The times of puts by writers that wait between two. */
async function paced(): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  const one = async (_: unknown, writer: number) => {
    for (let index = 0; performance.now() < end; index++) {
      const startMs = performance.now();
      await store.txn({ compares: [], thens: [{ type: "put", key: nameOf(`w${writer}`, index % 100), value }] });
      times.push(performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  };
  await Promise.all(Array.from({ length: writers }, one));
  return times;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
