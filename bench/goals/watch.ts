/** Many watchers that all match every write: delivered whole, in order, in time. */
import { Agent, request } from "node:https";
import { runEntry, startServerProcess, Worker } from "../child-process.ts";
import type { WatchersReport } from "../entries/watchers.ts";
import type { Section } from "../report.ts";
import { adminCredentials, createWorkspace } from "../workspace.ts";

const watchers = 1024;
const writesPerSecond = 20;
const resources = ["secrets", "configmaps"] as const;
type Resource = (typeof resources)[number];
/** How long the last events may take to come in before they count as lost. */
const settleMs = 3000;

/** Of secrets, and of a kind that is kept as it is. */
export async function measureWatch(quick: boolean): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const resource of resources) sections.push(await measureWatchOf(resource, quick));
  return sections;
}

async function measureWatchOf(resource: Resource, quick: boolean): Promise<Section> {
  const collection = `/api/v1/namespaces/default/${resource}`;
  const writes = writesPerSecond * (quick ? 4 : 15);
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "watched", count: 1, valueBytes: 1024, resource });
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const credentials = await adminCredentials(workspace);
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ...credentials });
  const { hostname: host, port } = new URL(url);
  const listed = await call(agent, url, "GET", collection);
  const since = (JSON.parse(listed) as { metadata: { resourceVersion: string } }).metadata.resourceVersion; // a list
  // A namespace has a config map of its own beside it.
  const path = `${collection}?watch=true&resourceVersion=${since}&fieldSelector=metadata.name%3Dwatched-1`;
  const [generator] = await Worker.start("watchers", { host, port: Number(port), path, credentials, watchers });
  await using _generator = generator;

  await writeSteadily(writes, {
    bodyOf: (number) => bodyOf(resource, number),
    write: (body) => call(agent, url, "PUT", `${collection}/watched-1`, body),
  });
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const report = await generator.ask<WatchersReport>({ expected: writes });
  agent.destroy();
  const { p50Ms, p99Ms, maxMs, received, incomplete } = report;
  return {
    name: `${watchers.toLocaleString("en-US")} watchers of ${resource} on connections of their own, ${writesPerSecond} writes/s, all match`,
    figures: [
      {
        name: "p99 from the write's start to the watcher",
        value: p99Ms,
        unit: "ms",
        goal: { relation: "<", value: 250 },
        detail: `p50 ${p50Ms.toFixed(1)} ms, worst ${maxMs.toFixed(0)} ms`,
      },
      {
        name: "watchers without every event in order",
        value: incomplete,
        unit: "",
        goal: { relation: "<=", value: 0 },
        detail: `${received.toLocaleString("en-US")} of ${(writes * watchers).toLocaleString("en-US")} events`,
      },
    ],
  };
}

/** Due at even times, whether or not the write before is answered: a late write counts as late. Resolves when all are. */
async function writeSteadily(
  writes: number,
  { bodyOf, write }: { bodyOf: (number: number) => string; write: (body: string) => Promise<unknown> },
): Promise<void> {
  const startedMs = performance.now();
  let last: Promise<unknown> = Promise.resolve();
  for (let number = 1; number <= writes; number++) {
    const waitMs = startedMs + (number * 1000) / writesPerSecond - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    const body = bodyOf(number);
    // One after the other, because the order of the numbers is checked.
    last = last.then(() => write(body));
  }
  await last;
}

function bodyOf(resource: Resource, number: number): string {
  const sent = `${number} ${(Number(process.hrtime.bigint()) / 1e6).toFixed(3)}`;
  const metadata = { name: "watched-1", annotations: { "bench/sent": sent } };
  const data = { value: Buffer.alloc(1024, number % 256).toString("base64") };
  const kind = resource === "secrets" ? { kind: "Secret", type: "Opaque" } : { kind: "ConfigMap" };
  return JSON.stringify({ apiVersion: "v1", ...kind, metadata, data });
}

function call(agent: Agent, url: string, method: string, path: string, body?: string): Promise<string> {
  const headers =
    body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { agent, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${method} must be answered with 200, and was with ${response.statusCode}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
