/**
 * The embedded engine in detail: what docs/adr/0001-embedded-engine.md quotes.
 *
 *     node bench/store.ts [--json] [--quick]
 *
 * Everything happens in a temporary folder that is removed. The part about a
 * full disk needs the right to mount a small file system, and is left out without it.
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";

import { mountSmallDisk, whyNoSmallDisk } from "../src/store/embedded/conformance/small-disk.ts";
import { openEmbeddedEngine } from "../src/store/embedded/embedded-engine.ts";
import type { EmbeddedEngine, EmbeddedEngineOptions } from "../src/store/embedded/embedded-engine.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { quantile, table } from "./report.ts";
import type { Figure, Section } from "./report.ts";
import { createWorkspace } from "./workspace.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
});
const seconds = options.quick ? 2 : 6;
const writers = 64;
const value = randomBytes(1024);
const mib = 1024 * 1024;
let stores = 0;

await using workspace = await createWorkspace();

function openStore(extra: Partial<EmbeddedEngineOptions> = {}): Promise<EmbeddedEngine> {
  return openEmbeddedEngine({ directory: join(workspace.directory, `store-${stores++}`), ...extra });
}

function keyOf(i: number): string {
  return `/registry/secrets/namespace-${i % 10}/name-${String(i).padStart(6, "0")}`;
}

async function put(store: EmbeddedEngine, key: string, bytes: Uint8Array = value): Promise<void> {
  await store.txn({ compares: [], thens: [{ type: "put", key, value: bytes }] });
}

/** Fills a store with keys 0 to `count`, 64 at a time. */
async function fill(store: EmbeddedEngine, count: number, bytes?: Uint8Array): Promise<void> {
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < count) await put(store, keyOf(next++), bytes);
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

interface Loop {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Calls in closed loops for some seconds. */
async function loop(callers: number, forSeconds: number, call: () => Promise<unknown>): Promise<Loop> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - startedMs < forSeconds * 1000) {
      const sentMs = performance.now();
      await call();
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const takenSeconds = (performance.now() - startedMs) / 1000;
  return {
    perSecond: latenciesMs.length / takenSeconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

function latency({ p50Ms, p99Ms }: Loop): string {
  return `p50 ${p50Ms.toFixed(3)} ms, p99 ${p99Ms.toFixed(2)} ms`;
}

/** Milliseconds of one call, the median of several. */
async function timed(times: number, call: () => Promise<unknown>): Promise<number> {
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedMs = performance.now();
    await call();
    tookMs.push(performance.now() - startedMs);
  }
  return quantile(tookMs, 0.5);
}

/** The longest time that the event loop was not free while `work` ran, to about a millisecond. */
async function longestGapMs(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return Math.max(0, delay.max / 1e6 - 1);
}

async function writesAndReads(): Promise<Section> {
  await using store = await openStore();
  await fill(store, 20_000);
  const file = await open(join(workspace.directory, "sync"), "a");
  const block = randomBytes(4096);
  const sync = await loop(1, seconds, async () => {
    await file.write(block);
    await file.datasync();
  });
  await file.close();
  let serial = 0;
  const one = await loop(1, seconds, () => put(store, keyOf(serial++ % 20_000)));
  let many = one;
  const gapMs = await longestGapMs(async () => {
    many = await loop(writers, seconds, () => put(store, keyOf((serial += 7919) % 20_000)));
  });
  const get = await loop(1, seconds / 2, () => store.get(keyOf((serial += 7919) % 20_000)));
  const past = { revision: await store.currentRevision() };
  await fill(store, 10_000);
  const figures: Figure[] = [
    { name: "disk: append 4 KiB and fdatasync", value: sync.p50Ms, unit: "ms", detail: latency(sync) },
    { name: "durable put of 1 KiB, one writer", value: one.perSecond, unit: "/s", detail: latency(one) },
    { name: `durable put of 1 KiB, ${writers} writers`, value: many.perSecond, unit: "/s", detail: latency(many) },
    { name: `put p99 against the disk's sync p50, ${writers} writers`, value: many.p99Ms / sync.p50Ms, unit: "x" },
    { name: `longest event-loop gap, ${writers} writers`, value: gapMs, unit: "ms" },
    { name: "get", value: get.perSecond, unit: "/s", detail: latency(get) },
  ];
  const prefix = "/registry/secrets/";
  for (const limit of [1000, 10_000]) {
    const rangeMs = await timed(9, () => store.range(prefix, { limit }));
    figures.push({ name: `range of ${limit} x 1 KiB`, value: rangeMs, unit: "ms" });
  }
  figures.push(
    { name: "the same, keys only", value: await timed(9, () => store.range(prefix, { keysOnly: true })), unit: "ms" },
    {
      name: "range of 10000 at a past revision",
      value: await timed(5, () => store.range(prefix, past)),
      unit: "ms",
      detail: "half of the keys were written since",
    },
    { name: "count of 20000", value: await timed(9, () => store.count(prefix)), unit: "ms" },
  );
  return { name: "Writes and reads", figures };
}

async function liveSet(): Promise<Section> {
  const key = createSecretKey(randomBytes(32));
  const mac = (data: Uint8Array): Uint8Array => createHmac("sha256", key).update(data).digest();
  const count = options.quick ? 20_000 : 100_000;
  let macMs = 0;
  const indexAuthenticator = {
    mac: (data: Uint8Array): Uint8Array => {
      const startedMs = performance.now();
      const result = mac(data);
      macMs += performance.now() - startedMs;
      return result;
    },
  };
  await using store = await openStore({ indexAuthenticator });
  await fill(store, count);
  macMs = 0;
  const updates = Math.min(count, 20_000);
  await fill(store, updates);
  const perUpdate = (macMs * 1000) / updates;
  const gapMs = await longestGapMs(() => store.verifyLiveSet());
  return {
    name: "Digest of the live set",
    figures: [
      {
        name: "MACs per update of a key, 64 writers",
        value: perUpdate,
        unit: "us",
        goal: { relation: "<=", value: 10 },
      },
      { name: `verification of ${count} keys`, value: await timed(3, () => store.verifyLiveSet()), unit: "ms" },
      { name: "longest event-loop gap meanwhile", value: gapMs, unit: "ms" },
    ],
  };
}

async function fileGrowth(): Promise<Section> {
  const directory = join(workspace.directory, "growth");
  await using store = await openEmbeddedEngine({ directory });
  const size = (): number => statSync(join(directory, "data.mdb")).size;
  const figures: Figure[] = [];
  const count = options.quick ? 5000 : 20_000;
  const before = size();
  await fill(store, count);
  const created = size();
  await fill(store, count);
  const updated = size();
  figures.push(
    { name: "file per created record of 1 KiB", value: (created - before) / count, unit: "bytes" },
    { name: "file per update of 1 KiB", value: (updated - created) / count, unit: "bytes" },
  );
  const sizes: number[] = [];
  let gapMs = 0;
  let compactMs = 0;
  const cycles = options.quick ? 6 : 12;
  for (let cycle = 0; cycle < cycles; cycle++) {
    // Values of changing length, so that what is freed does not fit exactly into what is needed.
    await fill(store, count / 2, randomBytes(700 + ((cycle * 611) % 2900)));
    const revision = await store.currentRevision();
    const startedMs = performance.now();
    gapMs = Math.max(gapMs, await longestGapMs(() => store.compact(revision)));
    compactMs += performance.now() - startedMs;
    sizes.push(size());
  }
  const shown = sizes.map((bytes) => (bytes / mib).toFixed(0)).join(", ");
  const lastHalf = sizes.slice(cycles / 2);
  figures.push(
    {
      name: "file after cycles of overwriting half and compacting",
      value: sizes.at(-1)! / mib, // at least one cycle
      unit: "MiB",
      detail: `after each: ${shown}`,
    },
    { name: "growth over the second half of the cycles", value: lastHalf.at(-1)! / lastHalf[0]!, unit: "x" }, // not empty
    { name: "compaction", value: ((count / 2) * cycles) / (compactMs / 1000), unit: "revisions/s" },
    { name: "longest event-loop gap of a compaction", value: gapMs, unit: "ms" },
  );
  return { name: "File growth and reuse of free pages", figures };
}

async function mapGrowth(): Promise<Section> {
  const directory = join(workspace.directory, "map");
  await using store = await openEmbeddedEngine({ directory });
  const megabytes = options.quick ? 128 : 1024;
  const big = randomBytes(mib);
  const startedMs = performance.now();
  for (let i = 0; i < megabytes; i += 8) {
    await Promise.all(Array.from({ length: 8 }, (_, j) => put(store, keyOf(i + j), big)));
  }
  const takenSeconds = (performance.now() - startedMs) / 1000;
  const size = statSync(join(directory, "data.mdb")).size;
  return {
    name: "Large values",
    figures: [
      { name: `durable puts of 1 MiB, ${megabytes} of them`, value: megabytes / takenSeconds, unit: "MiB/s" },
      { name: "file against their sum", value: size / (megabytes * mib), unit: "x" },
      { name: "get of 1 MiB", value: await timed(50, () => store.get(keyOf(5))), unit: "ms" },
    ],
  };
}

async function fullDisk(): Promise<Section> {
  using disk = mountSmallDisk();
  const ballast = join(disk.path, "ballast");
  writeFileSync(ballast, Buffer.alloc(2 * mib));
  await using store = await openEmbeddedEngine({ directory: join(disk.path, "store") });
  let acked = 0;
  try {
    for (;;) await put(store, keyOf(acked)).then(() => acked++);
  } catch {
    // The disk is full: that is what was wanted.
  }
  const refusedMs = await timed(50, () => put(store, keyOf(acked)).catch(() => undefined));
  const readMs = await timed(9, () => store.range("/"));
  rmSync(ballast);
  await put(store, keyOf(acked));
  return {
    name: "Full disk (8 MiB, 2 MiB of them ballast)",
    figures: [
      { name: "puts of 1 KiB answered before", value: acked, unit: "" },
      { name: "a refused put", value: refusedMs, unit: "ms" },
      { name: "range of everything meanwhile", value: readMs, unit: "ms" },
      { name: "puts answered once the ballast is gone", value: 1, unit: "of 1" },
    ],
  };
}

const machine = describeMachine();
if (!options.json) console.log(`${machineLine(machine)}\n`);
const sections: Section[] = [];
const skipped = whyNoSmallDisk();
for (const measure of [writesAndReads, liveSet, fileGrowth, mapGrowth, ...(skipped ? [] : [fullDisk])]) {
  const section = await measure();
  sections.push(section);
  if (!options.json) console.log(`${table(section)}\n`);
}
if (skipped && !options.json) console.log(`Full disk: left out, ${skipped}`);
if (options.json) console.log(JSON.stringify({ machine, quick: options.quick, sections }, undefined, 2));
