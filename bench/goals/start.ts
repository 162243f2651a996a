/** A start on a large store, and what an idle server takes. */
import { memoryOf, runEntry, startServerProcess } from "../child-process.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
import { createWorkspace } from "../workspace.ts";
import type { Workspace } from "../workspace.ts";

const starts = 5;
/** How long a server must have been left alone to be idle. */
const idleMs = 5000;

export async function measureStart(quick: boolean): Promise<Section> {
  const secrets = quick ? 20_000 : 100_000;
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "kept", count: secrets, valueBytes: 1024 });
  const times: number[] = [];
  for (let index = 0; index < starts; index++) times.push(await timeStart(workspace));
  await using fresh = await createWorkspace();
  const [small, large] = [await idleMemory(fresh), await idleMemory(workspace)];
  return {
    name: `Start and idle, ${secrets.toLocaleString("en-US")} secrets of 1 KiB`,
    figures: [
      {
        name: "from the start of the process to ready",
        value: median(times) / 1000,
        unit: "s",
        goal: { relation: "<", value: 1 },
        detail: `median of ${starts}, worst ${(Math.max(...times) / 1000).toFixed(2)} s; file cache warm, TypeScript sources`,
      },
      {
        name: "idle, new store: resident memory",
        value: small.rssMiB,
        unit: "MiB",
        goal: { relation: "<", value: 130 },
        detail: `${small.anonMiB.toFixed(0)} MiB of it anonymous (RssAnon)`,
      },
      {
        name: "idle, full store: resident memory",
        value: large.rssMiB,
        unit: "MiB",
        goal: { relation: "<", value: 130 },
        detail: `${large.anonMiB.toFixed(0)} MiB of it anonymous (RssAnon)`,
      },
    ],
  };
}

/** Milliseconds until the process says that it serves, which it does after everything is open. */
async function timeStart(workspace: Workspace): Promise<number> {
  const startedMs = performance.now();
  const [server] = await startServerProcess(workspace.config);
  const takenMs = performance.now() - startedMs;
  await server[Symbol.asyncDispose]();
  return takenMs;
}

async function idleMemory(workspace: Workspace) {
  const [server] = await startServerProcess(workspace.config);
  await using _server = server;
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  return memoryOf(server.pid);
}
