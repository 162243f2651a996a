/** LIST of 10,000 secrets: of 1 KiB for its time, of 100 KiB for its memory. */
import { memoryOf, runEntry, startServerProcess, Worker } from "../child-process.ts";
import type { Decrypted, DecryptOptions } from "../entries/decrypt.ts";
import type { Listed } from "../entries/list.ts";
import type { LoopDelay } from "../entries/server.ts";
import { median } from "../report.ts";
import type { Section } from "../report.ts";
import { adminCredentials, createWorkspace } from "../workspace.ts";
import type { Workspace } from "../workspace.ts";

const collection = "/api/v1/namespaces/default";
const objects = 10_000;
const sampleEveryMs = 10;

type Resource = DecryptOptions["resource"];

/** Of secrets, and of a kind that is kept as it is. */
export async function measureSmallList(quick: boolean): Promise<readonly Section[]> {
  return [await measureSmallListOf("secrets", quick), await measureSmallListOf("configmaps", quick)];
}

async function measureSmallListOf(resource: Resource, quick: boolean): Promise<Section> {
  await using workspace = await createWorkspace();
  const { config } = workspace;
  await runEntry("seed", { config, prefix: "listed", count: objects, valueBytes: 1024, resource });
  const before = await runEntry<Decrypted>("decrypt", { config, resource });
  const lists = await listRepeatedly(workspace, resource, quick ? 5 : 9);
  const after = await runEntry<Decrypted>("decrypt", { config, resource });

  const decryptMs = (before.milliseconds + after.milliseconds) / 2;
  const payloadMs = (before.payloadMilliseconds + after.payloadMilliseconds) / 2;
  const listMs = median(lists.map(({ listed }) => listed.milliseconds));
  const gapMs = median(lists.map(({ gapMs: gap }) => gap));
  const records = `${listMs.toFixed(0)} ms against ${decryptMs.toFixed(0)} ms for the ${before.records} records read`;
  const payloads = {
    name: "time, against the payloads alone",
    value: listMs / payloadMs,
    unit: "x decrypting",
    detail: `${payloadMs.toFixed(0)} ms for 10,000 payloads`,
  };
  return {
    name: `LIST of 10,000 ${resource} of 1 KiB`,
    figures: [
      {
        name: "time",
        value: listMs / decryptMs,
        unit: "x decrypting",
        goal: { relation: "<=", value: 6 },
        detail: records,
      },
      ...(resource === "secrets" ? [payloads] : []),
      {
        name: "longest event-loop gap",
        value: gapMs,
        unit: "ms",
        goal: { relation: "<", value: 50 },
        detail: `median of ${lists.length} lists; worst ${Math.max(...lists.map(({ gapMs: gap }) => gap)).toFixed(0)} ms`,
      },
    ],
  };
}

async function listRepeatedly(workspace: Workspace, resource: Resource, times: number) {
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const [client] = await Worker.start("list", { url, credentials: await adminCredentials(workspace) });
  await using _client = client;
  const lists: { readonly listed: Listed; readonly gapMs: number }[] = [];
  for (let index = 0; index <= times; index++) {
    await server.ask({ type: "loop-start" });
    const listed = await client.ask<Listed>({ path: `${collection}/${resource}` });
    const { maxMs } = await server.ask<LoopDelay>({ type: "loop-read" });
    requireWhole(listed, objects);
    if (index > 0) lists.push({ listed, gapMs: maxMs }); // the first one compiles what is hot
  }
  return lists;
}

export async function measureLargeList(quick: boolean): Promise<Section> {
  const count = quick ? 2000 : objects;
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "listed", count, valueBytes: 100 * 1024 });
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const [client] = await Worker.start("list", { url, credentials: await adminCredentials(workspace) });
  await using _client = client;

  const idleMiB = memoryOf(server.pid).anonMiB;
  let peakMiB = idleMiB;
  const sampler = setInterval(() => (peakMiB = Math.max(peakMiB, memoryOf(server.pid).anonMiB)), sampleEveryMs);
  const listed = await client.ask<Listed>({ path: `${collection}/secrets` });
  clearInterval(sampler);
  requireWhole(listed, count);
  const speed = `${(listed.bytes / 1024 ** 2).toFixed(0)} MiB in ${(listed.milliseconds / 1000).toFixed(1)} s`;
  return {
    name: `LIST of ${count.toLocaleString("en-US")} secrets of 100 KiB`,
    figures: [
      {
        name: "growth of anonymous memory (RssAnon)",
        value: peakMiB - idleMiB,
        unit: "MiB",
        goal: { relation: "<", value: 200 },
        detail: `${idleMiB.toFixed(0)} MiB before, at most ${peakMiB.toFixed(0)} MiB; ${speed}`,
      },
    ],
  };
}

function requireWhole(listed: Listed, count: number): void {
  // A namespace has a config map of its own beside them.
  if (listed.objects < count) throw new Error(`a list must have ${count} objects; it had ${listed.objects}`);
}
