/**
 * What the audit log costs requests: the same server with the log and with one that forgets, in alternation. What is left
 * out is everything from the finished event on: its JSON, compressing, encrypting, chain and sync.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runEntry, startServerProcess } from "../child-process.ts";
import type { Worker } from "../child-process.ts";
import { bareSyncMs } from "../bare-sync.ts";
import { generator, runLoad } from "../load-generator.ts";
import type { Load, LoadResult } from "../load-generator.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";
import { adminCredentials, createWorkspace, credentialFiles } from "../workspace.ts";

const valueBytes = 1024;
const secrets = 1000;
/** About the size of the record of one read. */
const recordBytes = 300;
const collection = "/api/v1/namespaces/default/secrets";

type Measured = LoadResult & { readonly perSecond: number };
interface Pair {
  readonly on: Measured;
  readonly off: Measured;
}

export async function measureAuditCost(quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "seeded", count: secrets, valueBytes });
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const credentials = { files: await credentialFiles(workspace), pem: await adminCredentials(workspace) };
  const run = (load: Partial<Load>) =>
    runLoad(
      {
        url,
        mode: "get",
        path: `${collection}/seeded-1`,
        prefix: "seeded",
        count: secrets,
        valueBytes,
        connections: 64,
        seconds: quick ? 2 : 4,
        ...load,
      },
      credentials,
    );
  const compare = async (load: () => Partial<Load>) => {
    await run(load());
    const pairs: Pair[] = [];
    for (let index = 0; index < (quick ? 4 : 8); index++) pairs.push(await pair(server, index, () => run(load())));
    return pairs;
  };
  const create = () => ({ mode: "create", path: collection, prefix: `new-${randomUUID()}` }) as const;
  return {
    name: `Requests with the audit log against without, over TLS, ${generator} as generator`,
    figures: [
      ratio("GET of one 1 KiB secret, 64 connections", await compare(() => ({})), 0.75),
      ratio("GET of one 1 KiB secret, 16 connections", await compare(() => ({ connections: 16 }))),
      latency(await compare(() => ({ connections: 1 }))),
      ratio("durable create of a 1 KiB secret, 64 connections", await compare(create), 0.8),
    ],
  };
}

/** In turns which is first: what the machine does beside often comes in the same rhythm. */
async function pair(server: Worker, index: number, run: () => Promise<Measured>): Promise<Pair> {
  const measured: Partial<Record<"on" | "off", Measured>> = {};
  for (const which of index % 2 === 0 ? (["on", "off"] as const) : (["off", "on"] as const)) {
    await server.ask({ type: `audit-${which}` });
    measured[which] = await run();
  }
  const { on, off } = measured;
  if (on === undefined || off === undefined) throw new Error("both must have been measured");
  return { on, off };
}

function ratio(name: string, pairs: readonly Pair[], goal?: number): Figure {
  const perSecond = (of: keyof Pair) => median(pairs.map((each) => each[of].perSecond)).toFixed(0);
  return {
    name,
    value: median(pairs.map(({ on, off }) => on.perSecond / off.perSecond)),
    unit: "x without",
    ...(goal !== undefined && { goal: { relation: ">=", value: goal } }),
    detail: `${perSecond("on")}/s, without ${perSecond("off")}/s`,
  };
}

function latency(pairs: readonly Pair[]): Figure {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-bench-"));
  const syncMs = bareSyncMs(folder, recordBytes);
  rmSync(folder, { recursive: true });
  const p50 = (of: keyof Pair) => median(pairs.map((each) => each[of].p50Ms));
  return {
    name: "GET of one 1 KiB secret, 1 connection, added latency",
    value: (p50("on") - p50("off")) / syncMs,
    unit: "x a bare synced write",
    goal: { relation: "<=", value: 3 },
    detail: `p50 ${p50("on").toFixed(2)} ms, without ${p50("off").toFixed(2)} ms; a bare synced write ${syncMs.toFixed(3)} ms`,
  };
}
