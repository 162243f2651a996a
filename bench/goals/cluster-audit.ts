/**
 * How fast the audit of a cluster is received: batches of 400 events, as API servers send them, from their JSON to the log on the disk,
 * without HTTP and TLS. And how long a start looks for what came last.
 */
import { recentReports, RecentReports } from "../../src/audit/cluster/recent-reports.ts";
import { ClusterReports } from "../../src/audit/cluster/cluster-reports.ts";
import type { AuditLogFile } from "../../src/audit/log/audit-log-file.ts";
import { readEventList } from "../../src/doors/audit-webhook/report-list.ts";
import { reported } from "../../test/cluster-audit/reports.ts";
import { LogFixture } from "../../test/support/audit-log-fixture.ts";
import { median } from "../report.ts";
import type { Figure, Section } from "../report.ts";

const cluster = { name: "prod", namespacePrefix: "", tokenHashes: [], user: undefined };
const batchEvents = 400;

export async function measureClusterAudit(quick: boolean): Promise<Section> {
  using fixture = new LogFixture();
  const log = await fixture.open();
  try {
    const batches = quick ? 40 : 200;
    const figures = [await received(log, batches, 1), await received(log, batches, 3), await readBack(log)];
    return { name: "Audit of a cluster, batches of 400 events about secrets", figures };
  } finally {
    await log.close();
  }
}

async function received(log: AuditLogFile, batches: number, senders: number): Promise<Figure> {
  // A quota of its own for each run of 10,000 events at most: what is measured is the work.
  const receiver = () => new ClusterReports({ cluster, log, recent: Promise.resolve(new RecentReports()), now });
  const bodies = Array.from({ length: batches }, batch);
  const bytes = bodies[0]?.length ?? 0;
  const started = performance.now();
  let reports = receiver();
  const send = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      if (bodies.length % 25 === 0) reports = receiver();
      await reports.receive(readEventList(body));
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  const seconds = (performance.now() - started) / 1000;
  return {
    name: `received, ${senders} at a time`,
    value: (batches * batchEvents) / seconds,
    unit: "events/s",
    detail: `${(bytes / 1024).toFixed(0)} KiB each`,
  };
}

async function readBack(log: AuditLogFile): Promise<Figure> {
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    await recentReports(log, new AbortController().signal);
    rates.push(log.end / ((performance.now() - started) / 1000));
  }
  return { name: "looked through at a start, of at most 400,000", value: median(rates), unit: "entries/s" };
}

function batch(): Buffer {
  const items = Array.from({ length: batchEvents }, (_, index) =>
    reported("get", `system:serviceaccount:team-${index % 20}:web`, `team-${index % 20}/s-${index}`),
  );
  return Buffer.from(JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items }));
}

function now(): Date {
  return new Date();
}
