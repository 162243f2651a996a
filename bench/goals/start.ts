/** A start on a large store, and what an idle server takes. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryOf, runEntry, storeMemoryOf } from "../child-process.ts";
import type { Memory } from "../child-process.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";
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
        name: "from `strongroom serve` to ready",
        value: median(times) / 1000,
        unit: "s",
        goal: { relation: "<", value: 1 },
        detail: `median of ${starts}, worst ${(Math.max(...times) / 1000).toFixed(2)} s; file cache warm, TypeScript sources`,
      },
      idleFigure("new store", small),
      idleFigure("full store", large),
    ],
  };
}

function idleFigure(store: string, { rssMiB, anonMiB, storeMiB }: Memory & { storeMiB: number }): Figure {
  return {
    name: `idle, ${store}: resident memory without mapped pages of the store`,
    value: rssMiB - storeMiB,
    unit: "MiB",
    goal: { relation: "<", value: 130 },
    detail: `${rssMiB.toFixed(0)} MiB with them; ${anonMiB.toFixed(0)} MiB anonymous (RssAnon)`,
  };
}

/** Milliseconds until `strongroom serve` prints `ready`, which it does when requests are answered. */
async function timeStart(workspace: Workspace): Promise<number> {
  const startedMs = performance.now();
  const server = await serve(workspace);
  const takenMs = performance.now() - startedMs;
  await server.stop();
  return takenMs;
}

async function idleMemory(workspace: Workspace) {
  const server = await serve(workspace);
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const memory = { ...memoryOf(server.pid), storeMiB: storeMemoryOf(server.pid) };
  await server.stop();
  return memory;
}

/** The command as people start it, from this checkout; resolves when it is ready. */
async function serve(workspace: Workspace) {
  const program = fileURLToPath(new URL("../../bin/strongroom", import.meta.url));
  const { dataDir } = workspace.config;
  const rootKeyFile = join(workspace.directory, "root.key");
  const args = ["serve", "--data-dir", dataDir, "--listen", "127.0.0.1:0", "--root-key-file", rootKeyFile];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (/^ready /m.test(text)) resolve();
    });
    child.once("error", reject).once("exit", () => reject(new Error(`serve must get ready; it printed: ${text}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { pid: child.pid ?? 0, stop };
}
