/** The bare engine, and its puts against the disk's own sync in the same minute. */
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { runEntry } from "../child-process.ts";
import type { EngineReport, Timings } from "../entries/engine.ts";
import type { Section } from "../report.ts";
import { createWorkspace } from "../workspace.ts";

const writers = 64;

export async function measureEngine(quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  const directory = join(workspace.directory, "engine");
  await mkdir(directory);
  const report = await runEntry<EngineReport>("engine", { directory, seconds: quick ? 8 : 20, writers });
  const { get, put, putAlone, sync } = report;
  return {
    name: "Bare engine (no encryption, no HTTP), 1 KiB, and the disk",
    figures: [
      { name: "get, one at a time", value: get.perSecond, unit: "/s", detail: latency(get) },
      { name: `durable put, ${writers} writers`, value: put.perSecond, unit: "/s", detail: latency(put) },
      { name: "durable put, one writer", value: putAlone.perSecond, unit: "/s", detail: latency(putAlone) },
      { name: "disk: append 4 KiB and fdatasync", value: sync.perSecond, unit: "/s", detail: latency(sync) },
      { name: `put p99 against the disk's sync p99, ${writers} writers`, value: put.p99Ms / sync.p99Ms, unit: "x" },
      { name: "put p99 against the disk's sync p99, one writer", value: putAlone.p99Ms / sync.p99Ms, unit: "x" },
    ],
  };
}

function latency({ p50Ms, p99Ms }: Timings): string {
  return `p50 ${p50Ms.toFixed(3)} ms, p99 ${p99Ms.toFixed(2)} ms`;
}
