/**
 * The embedded engine by itself - no encryption, no HTTP - and the disk below it in
 * the same minute: gets and puts of 1 KiB, and what one fdatasync of 4 KiB takes.
 */
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { openEmbeddedEngine } from "../../src/store/embedded/embedded-engine.ts";
import { quantile } from "../report.ts";
import { entryOptions, tell } from "./entry.ts";

export interface EngineOptions {
  /** An empty folder. */
  readonly directory: string;
  readonly seconds: number;
  readonly writers: number;
}

export interface Timings {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface EngineReport {
  readonly get: Timings;
  readonly put: Timings;
  readonly putAlone: Timings;
  readonly sync: Timings;
}

/** What all turns of one operation took. */
class Samples {
  readonly #latenciesMs: number[] = [];
  #takenMs = 0;

  add({ latenciesMs, takenMs }: { readonly latenciesMs: readonly number[]; readonly takenMs: number }): void {
    for (const latency of latenciesMs) this.#latenciesMs.push(latency);
    this.#takenMs += takenMs;
  }

  timings(): Timings {
    const of = (share: number) => quantile(this.#latenciesMs, share);
    return { perSecond: this.#latenciesMs.length / (this.#takenMs / 1000), p50Ms: of(0.5), p99Ms: of(0.99) };
  }
}

const { directory, seconds, writers } = entryOptions<EngineOptions>();
const keys = 1000;
const value = randomBytes(1024);
const block = randomBytes(4096);
/** How long disk and store take turns. */
const turnMs = 500;

const engine = await openEmbeddedEngine({ directory: join(directory, "engine") });
const file = await open(join(directory, "sync"), "a");
let serial = 0;
const put = () => engine.txn({ compares: [], thens: [{ type: "put", key: `/bench/${serial++ % keys}`, value }] });
const sync = async () => {
  await file.write(block);
  await file.datasync();
};
await repeat(put, writers, turnMs);
const samples = { get: new Samples(), put: new Samples(), putAlone: new Samples(), sync: new Samples() };
for (let turns = (seconds * 1000) / turnMs / 4; turns > 0; turns--) {
  samples.sync.add(await repeat(sync, 1, turnMs));
  samples.put.add(await repeat(put, writers, turnMs));
  samples.putAlone.add(await repeat(put, 1, turnMs));
  samples.get.add(await repeat(() => engine.get(`/bench/${serial++ % keys}`), 1, turnMs));
}
await file.close();
await engine.close();
const { get, put: puts, putAlone, sync: syncs } = samples;
tell({
  get: get.timings(),
  put: puts.timings(),
  putAlone: putAlone.timings(),
  sync: syncs.timings(),
} satisfies EngineReport);
process.disconnect();

/** Milliseconds of every call, of `callers` at a time that wait for their own. */
async function repeat(call: () => Promise<unknown>, callers: number, forMs: number) {
  const startedMs = performance.now();
  const latenciesMs: number[] = [];
  const caller = async () => {
    while (performance.now() - startedMs < forMs) {
      const sentMs = performance.now();
      await call();
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { latenciesMs, takenMs: performance.now() - startedMs };
}
