import assert from "node:assert/strict";
import { test } from "node:test";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEvent } from "../audit-event.ts";
import { MemorySink } from "../memory-sink.ts";
import { clustersOf } from "./cluster-audit-config.ts";
import type { ReportingCluster } from "./cluster-audit-config.ts";
import { ClusterReports, TooManyReportsError } from "./cluster-reports.ts";
import { RecentReports, recentReports } from "./recent-reports.ts";

const prod: ReportingCluster = { name: "prod", namespacePrefix: "", tokenHashes: [], user: undefined };
const time = "2026-03-01T11:59:00.000000Z";

function get(id: string | number, more: object = {}): object {
  const objectRef = { resource: "secrets", namespace: "team", name: "db", apiVersion: "v1" };
  const user = { username: "alice", groups: [] };
  const stage = "ResponseComplete";
  return { auditID: `id-${id}`, stage, verb: "get", user, objectRef, stageTimestamp: time, ...more };
}

/** A log that fails when it is told to. */
class FailingLog extends MemorySink {
  fails: (event: AuditEvent) => boolean = () => false;

  override write(event: AuditEvent): Promise<void> {
    if (this.fails(event)) return Promise.reject(new StrongroomError("unavailable", "no space"));
    return super.write(event);
  }
}

interface Receiver {
  readonly log: FailingLog;
  readonly reports: ClusterReports;
  readonly clock: { nowMs: number };
}

async function receiver(log = new FailingLog(), cluster = prod): Promise<Receiver> {
  const clock = { nowMs: Date.parse("2026-03-01T12:00:00Z") };
  const recent = recentReports(log, new AbortController().signal).then(
    (known) => known.get(cluster.name) ?? new RecentReports(),
  );
  return { log, clock, reports: new ClusterReports({ cluster, log, recent, now: () => new Date(clock.nowMs) }) };
}

const none = { kept: 0, repeated: 0, passedOver: 0, unreadable: 0, bodiesDropped: 0 };

test("A batch is on record when the answer comes, without what is no event", async () => {
  const { log, reports } = await receiver();
  const pods = get(4, { objectRef: { resource: "pods" } });
  const received = await reports.receive([get(1), { bad: 1 }, get(2, { responseObject: {} }), null, pods]);
  assert.deepEqual(received, { kept: 2, repeated: 0, passedOver: 1, unreadable: 2, bodiesDropped: 1 });
  assert.deepEqual(
    log.events.map(({ auditID }) => auditID),
    ["id-1", "id-2"],
  );
});

test("What is sent again is not recorded again: in a batch, in the next, in one beside, after a start", async () => {
  const { log, reports } = await receiver();
  assert.deepEqual(await reports.receive([get(1), get(1)]), { ...none, kept: 1, repeated: 1 });
  const beside = await Promise.all([reports.receive([get(1), get(2)]), reports.receive([get(2), get(3)])]);
  assert.deepEqual(
    beside.map(({ kept }) => kept),
    [1, 1],
  );
  // Killed between append and answer: the log has it, and the batch comes again.
  const later = await receiver(log);
  assert.deepEqual(await later.reports.receive([get(1), get(2), get(3), get(4)]), { ...none, kept: 1, repeated: 3 });
  assert.equal(log.events.length, 4);
  // Another cluster may have the same ids.
  const east = await receiver(log, { ...prod, name: "east" });
  assert.equal((await east.reports.receive([get(1)])).kept, 1);
});

test("A batch that the log takes in part is refused, and comes whole without being there twice", async () => {
  const { log, reports } = await receiver();
  log.fails = ({ auditID }) => auditID === "id-2";
  await assert.rejects(reports.receive([get(1), get(2), get(3)]), { code: "unavailable" });
  log.fails = () => false;
  assert.deepEqual(await reports.receive([get(1), get(2), get(3)]), { ...none, kept: 1, repeated: 2 });
  assert.deepEqual(log.events.map(({ auditID }) => auditID).sort(), ["id-1", "id-2", "id-3"]);
});

test("A flood is refused whole, and what comes later is taken", async () => {
  const { clock, log, reports } = await receiver();
  const batch = (round: number) => Array.from({ length: 10_000 }, (_, index) => get(`${round}-${index}`));
  await reports.receive(batch(1));
  await reports.receive(batch(2));
  await assert.rejects(reports.receive(batch(3)), TooManyReportsError);
  assert.equal(log.events.length, 20_000);
  // What is on record already costs nothing.
  assert.equal((await reports.receive(batch(2))).repeated, 10_000);
  clock.nowMs += 10_000;
  assert.equal((await reports.receive(batch(3))).kept, 10_000);
  await assert.rejects(reports.receive([...batch(4), get(1)]), { code: "invalid" });
});

test("A namespace may be of the clusters that its name begins like, whether they send their audit or not", () => {
  const [east, west] = [
    { name: "east", namespacePrefix: "east-" },
    { name: "west", namespacePrefix: "west-" },
  ];
  assert.deepEqual(clustersOf("east-team", [east], [east, west]), [{ name: "east", isConfigured: true }]);
  assert.deepEqual(clustersOf("west-team", [east], [east, west]), [{ name: "west", isConfigured: false }]);
  assert.deepEqual(clustersOf("team", [east], [east, west]), []);
});
