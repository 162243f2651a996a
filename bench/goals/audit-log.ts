/**
 * The audit log by itself: how fast it takes events and gives them back, how fast it is verified, and what it takes on the disk.
 * Events are reads of 500 secrets by 40 service accounts, in no order, with ids at random.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent, Disclosure } from "../../src/audit/audit-event.ts";
import type { AuditLogFile } from "../../src/audit/log/audit-log-file.ts";
import { segmentsToVerify, verifyLog } from "../../src/audit/log/verify-log.ts";
import { LogFixture } from "../../test/support/audit-log-fixture.ts";
import { bareSyncMs } from "../bare-sync.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";

const secrets = 500;
const accounts = 40;
const namespaces = ["default", "prod", "payments", "kube-system"];
const listed = 500;
const uids = Array.from({ length: secrets }, () => randomUUID());

export async function measureAuditLog(quick: boolean): Promise<Section> {
  const scale = quick ? 0.1 : 1;
  const figures: Figure[] = [];
  for (const { writers, events, goal } of [
    { writers: 1, events: 5_000 * scale, goal: undefined },
    { writers: 8, events: 40_000 * scale, goal: undefined },
    { writers: 64, events: 100_000 * scale, goal: undefined },
    { writers: 1024, events: 300_000 * scale, goal: 50_000 },
  ]) {
    figures.push(...(await measureReads({ writers, events, ...(goal !== undefined && { appendGoal: goal }) })));
  }
  figures.push(await measureLists(200 * scale));
  return { name: "Audit log, one process, events as JSON of 1.1 KB", figures };
}

interface Load {
  readonly writers: number;
  readonly events: number;
  readonly appendGoal?: number;
}

async function measureReads({ writers, events, appendGoal }: Load): Promise<Figure[]> {
  using fixture = new LogFixture();
  const made = Array.from({ length: 2000 }, readEvent);
  const appendedMs = await fixture.with((log) => append(log, made, { writers, events }));
  const bytes = sizeOf(fixture.directory);
  const verifiedMs = await verify(fixture);
  const { readMs, seekMs } = await fixture.with((log) => read(log));
  const of = `${writers} ${writers === 1 ? "writer" : "writers"}`;
  const detail = `${(events / 1000).toFixed(0)}k events, ${(appendedMs / events).toFixed(3)} ms each`;
  const perSecond = (count: number, ms: number) => (count / ms) * 1000;
  const syncMs = writers === 1 ? bareSyncMs(fixture.home, Math.round(bytes / events)) : undefined;
  return [
    {
      name: `append, ${of}`,
      value: perSecond(events, appendedMs),
      unit: "events/s",
      ...(appendGoal !== undefined && { goal: { relation: ">=", value: appendGoal } }),
      detail: syncMs === undefined ? detail : `${detail}; a bare synced write of that size ${syncMs.toFixed(3)} ms`,
    },
    {
      name: `on the disk, ${of}`,
      value: bytes / events,
      unit: "bytes/disclosure",
      goal: { relation: "<=", value: 200 },
    },
    {
      name: `verify, ${of}`,
      value: perSecond(events, verifiedMs),
      unit: "entries/s",
      goal: { relation: ">=", value: 200_000 },
    },
    {
      name: `read, ${of}`,
      value: perSecond(events, readMs),
      unit: "entries/s",
      detail: `one anywhere ${seekMs.toFixed(2)} ms`,
    },
  ];
}

async function append(log: AuditLogFile, made: readonly AuditEvent[], { writers, events }: Load): Promise<number> {
  const started = performance.now();
  let next = 0;
  const writer = async () => {
    while (next < events) {
      const event = made[next++ % made.length];
      if (event !== undefined) await log.write(event);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return performance.now() - started;
}

async function verify({ directory, keys }: LogFixture): Promise<number> {
  const segments = await segmentsToVerify(directory);
  const started = performance.now();
  const options = { publicKey: keys.publicKey, outside: [], from: 0, to: Infinity };
  const { faults } = await verifyLog(segments, options);
  if (faults.length > 0) throw new Error("the log must be without faults");
  return performance.now() - started;
}

async function read(log: AuditLogFile): Promise<{ readMs: number; seekMs: number }> {
  const started = performance.now();
  let count = 0;
  for await (const { position } of log.entries(0)) count = position;
  const readMs = performance.now() - started;
  const seeks: number[] = [];
  for (let n = 0; n < 100; n++) {
    const position = Math.floor(Math.random() * count);
    const from = performance.now();
    for await (const _ of log.entries(position, position + 1)) seeks.push(performance.now() - from);
  }
  return { readMs, seekMs: median(seeks) };
}

/** A list has one record of all that was in it. */
async function measureLists(lists: number): Promise<Figure> {
  using fixture = new LogFixture();
  await fixture.with(async (log) => {
    for (let n = 0; n < lists; n++) {
      const disclosed = Array.from({ length: listed }, (_, index) => disclosure(index));
      await log.write({ ...readEvent(), verb: "list", disclosed });
    }
  });
  const value = sizeOf(fixture.directory) / (lists * listed);
  const goal = { relation: "<=", value: 200 } as const;
  return { name: `on the disk, lists of ${listed} secrets`, value, unit: "bytes/disclosure", goal };
}

function sizeOf(directory: string): number {
  const names = readdirSync(directory).filter((name) => name.endsWith(".segment"));
  return names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

function disclosure(index: number): Disclosure {
  const namespace = namespaces[index % namespaces.length] ?? "";
  const resourceVersion = String(1000 + index * 13);
  return { namespace, name: `app-${index}-credentials`, uid: uids[index] ?? "", resourceVersion };
}

function readEvent(): AuditEvent {
  const index = Math.floor(Math.random() * secrets);
  const account = index % accounts;
  const disclosed = disclosure(index);
  const { namespace, name } = disclosed;
  const time = new Date(1_764_054_000_000 + Math.floor(Math.random() * 1e9));
  const stamp = `${time.toISOString().slice(0, -1)}000Z`;
  return {
    auditID: randomUUID(),
    stage: "ResponseComplete",
    door: "kubernetes",
    verb: "get",
    requestURI: `/api/v1/namespaces/${namespace}/secrets/${name}`,
    user: {
      username: `system:serviceaccount:${namespace}:app-${account}`,
      uid: uids[account] ?? "",
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": [`JTI=${uids[(account * 7) % secrets]}`] },
    },
    sourceIPs: [`10.1.${index % 8}.${index % 250}`],
    userAgent: "kubectl/v1.34.1 (linux/amd64) kubernetes/93248f9",
    objectRef: { resource: "secrets", namespace, name, apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: stamp,
    stageTimestamp: stamp,
    annotations: {
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason": `RBAC: allowed by RoleBinding "app-${account}/${namespace}" of Role "reader" to ServiceAccount "app-${account}/${namespace}"`,
    },
    disclosed: [disclosed],
  };
}
