/** A start on a large store, and what an idle server takes. */
import { spawn, spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryOf, runEntry, storeMemoryOf } from "../child-process.ts";
import type { Memory } from "../child-process.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";
import { createWorkspace } from "../workspace.ts";
import type { Workspace } from "../workspace.ts";

const starts = 5;
const root = fileURLToPath(new URL("../..", import.meta.url));
/** As people start it from this checkout, where what node compiled of the sources is kept, which takes some 12 MiB. */
const checkout = join(root, "bin", "strongroom");
/** As it is installed. */
const published = join(root, "dist", "cli", "main.js");
/** How long a server must have been left alone to be idle. */
const idleMs = 5000;

export async function measureStart(quick: boolean): Promise<Section> {
  const secrets = quick ? 20_000 : 100_000;
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "kept", count: secrets, valueBytes: 1024 });
  const times: number[] = [];
  for (let index = 0; index < starts; index++) times.push(await timeStart(workspace));
  await using fresh = await createWorkspace();
  buildPublished();
  const idle = async (name: string, store: Workspace, program: string) =>
    idleFigure(name, await idleMemory(store, program));
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
      await idle("new store", fresh, published),
      await idle("full store", workspace, published),
      await idle("full store, from a checkout", workspace, checkout),
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
  const server = await serve(workspace, checkout);
  const takenMs = performance.now() - startedMs;
  await server.stop();
  return takenMs;
}

function buildPublished(): void {
  const built = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" });
  if (built.status !== 0) throw new Error("the published form must be built");
}

async function idleMemory(workspace: Workspace, program: string) {
  const server = await serve(workspace, program);
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const memory = { ...memoryOf(server.pid), storeMiB: storeMemoryOf(server.pid) };
  await server.stop();
  return memory;
}

/** Resolves when it is ready. */
async function serve(workspace: Workspace, program: string) {
  const { dataDir } = workspace.config;
  const rootKeyFile = join(workspace.directory, "root.key");
  const args = ["serve", "--data-dir", dataDir, "--listen", "127.0.0.1:0", "--root-key-file", rootKeyFile];
  // The first line of what is published takes node from PATH.
  const env = { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter) };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], env });
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
