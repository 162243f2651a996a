/**
 * The index of the audit log: how fast it is built, what it takes, and how fast it answers. Events are reads by 2,000 service accounts of 20,000
 * secrets, a tenth of them of one secret, and one in a thousand a deletion; they are made as they are read, since ten million of them would
 * fill a disk. How fast it is built from a log on the disk is measured apart, with fewer.
 */
import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import type { AuditEntry, AuditLogReader } from "../../src/audit/audit-log.ts";
import { AuditIndex } from "../../src/audit/index/audit-index.ts";
import { findEntries } from "../../src/audit/index/find-entries.ts";
import { whoRead } from "../../src/audit/index/who-read.ts";
import { LogFixture } from "../../test/support/audit-log-fixture.ts";
import { median, quantile } from "../report.ts";
import type { Figure, Section } from "../report.ts";

const accounts = 2000;
const secrets = 20_000;
const firstMs = Date.parse("2026-01-01T00:00:00Z");
/** Ten million in half a year. */
const stepMs = 1500;
const waitMsMax = 3_600_000;
const rounds = 50;

export async function measureAuditIndex(quick: boolean): Promise<Section> {
  const entries = quick ? 1_000_000 : 10_000_000;
  const directory = mkdtempSync(join(tmpdir(), "strongroom-bench-index-"));
  try {
    const figures = [...(await measureMade(directory, entries)), await measureFromDisk(quick ? 50_000 : 300_000)];
    return { name: `Index of the audit log, ${entries / 1_000_000} million entries`, figures };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureMade(directory: string, entries: number): Promise<Figure[]> {
  const log = new MadeLog(entries);
  const options = { directory, key: createSecretKey(randomBytes(32)), log, onError: fail };
  let peakBytes = 0;
  const watch = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage().rss)), 200);
  const rate = await builtPerSecond(options, entries);
  clearInterval(watch);
  const opening = performance.now();
  await using index = await AuditIndex.open(options);
  const openedMs = performance.now() - opening;
  await index.caughtUp(entries, waitMsMax);
  return [
    {
      name: "built, events as they are made",
      value: rate,
      unit: "entries/s",
      detail: `the process had ${(peakBytes / 2 ** 20).toFixed(0)} MiB at most`,
    },
    { name: "on the disk", value: index.sizeBytes / entries, unit: "bytes/entry" },
    { name: "opened at a start", value: openedMs, unit: "ms" },
    await timed("who-read, one of 20,000 secrets", 200, (round) => ask(index, `app-${1 + ((round * 7919) % secrets)}`)),
    await timed("who-read, the secret of a tenth of all entries", undefined, () => ask(index, "app-0")),
    await timed("who-read, one secret, of the last day", 200, (round) =>
      ask(index, `app-${1 + ((round * 104_729) % secrets)}`, firstMs + entries * stepMs - 86_400_000),
    ),
    await timed("by, the first 500 of a user", undefined, async (round) => {
      const { positions } = await findEntries(index, { user: userOf(round) }, { from: 0, to: entries, limit: 500 });
      return positions.length;
    }),
    await timed("the first 500 deletions of anybody", undefined, async () => {
      const { positions } = await findEntries(index, { verb: "delete" }, { from: 0, to: entries, limit: 500 });
      return positions.length;
    }),
  ];
}

async function builtPerSecond(options: Parameters<typeof AuditIndex.open>[0], entries: number): Promise<number> {
  const started = performance.now();
  await using index = await AuditIndex.open(options);
  await index.caughtUp(entries, waitMsMax);
  return (entries / (performance.now() - started)) * 1000;
}

async function measureFromDisk(entries: number): Promise<Figure> {
  using fixture = new LogFixture();
  const value = await fixture.with(async (log) => {
    const made = new MadeLog(entries);
    let next = 0;
    const writer = async () => {
      while (next < entries) await log.write(made.event(next++));
    };
    await Promise.all(Array.from({ length: 1024 }, writer));
    const directory = join(fixture.home, "index");
    return builtPerSecond({ directory, key: createSecretKey(randomBytes(32)), log, onError: fail }, log.end);
  });
  return { name: "built, from a log on the disk", value, unit: "entries/s", detail: `${entries / 1000}k entries` };
}

function fail(error: unknown): void {
  throw error;
}

async function ask(index: AuditIndex, name: string, sinceMs = 0): Promise<number> {
  const { readers } = await whoRead(index, { secret: { namespace: "prod", name }, sinceMs, limit: 1000 });
  return readers.reduce((sum, { reads }) => sum + reads, 0);
}

async function timed(
  name: string,
  goalMs: number | undefined,
  question: (round: number) => Promise<number>,
): Promise<Figure> {
  const times: number[] = [];
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    found.push(await question(round));
    times.push(performance.now() - started);
  }
  return {
    name,
    value: quantile(times, 0.95),
    unit: "ms (p95)",
    ...(goalMs !== undefined && { goal: { relation: "<", value: goalMs } as const }),
    detail: `median ${median(times).toFixed(1)} ms; ${median(found)} rows found`,
  };
}

function userOf(account: number): string {
  return `system:serviceaccount:prod:app-${account % accounts}`;
}

/** Events by their positions, the same each time. */
class MadeLog implements AuditLogReader {
  readonly first = 0;
  readonly end: number;
  readonly #ids = Array.from({ length: accounts }, () => randomUUID());

  constructor(end: number) {
    this.end = end;
  }

  async *entries(from: number, to: number = this.end): AsyncGenerator<AuditEntry> {
    for (let position = from; position < Math.min(to, this.end); position++)
      yield { position, event: this.event(position) };
  }

  reached(_position: number, signal: AbortSignal): Promise<void> {
    return new Promise((_, reject) => {
      const end = () => reject(new Error("closed"));
      if (signal.aborted) end();
      else signal.addEventListener("abort", end);
    });
  }

  onEntries(): Disposable {
    return { [Symbol.dispose]: () => undefined }; // all there is has been there before
  }

  event(position: number): AuditEvent {
    const mixed = Math.imul(position, 0x9e37_79b1) >>> 0;
    const account = (mixed >>> 4) % accounts;
    // A service account reads a few secrets again and again.
    const secret = mixed % 10 === 0 ? 0 : 1 + ((account * 10 + ((mixed >>> 16) % 10)) % secrets);
    const time = `${new Date(firstMs + position * stepMs).toISOString().slice(0, -1)}000Z`;
    const name = `app-${secret}`;
    return {
      auditID: this.#ids[account] ?? "",
      stage: "ResponseComplete",
      door: "kubernetes",
      verb: mixed % 1000 === 1 ? "delete" : "get",
      requestURI: `/api/v1/namespaces/prod/secrets/${name}`,
      user: {
        username: userOf(account),
        groups: ["system:serviceaccounts", "system:serviceaccounts:prod", "system:authenticated"],
        extra: { "authentication.kubernetes.io/credential-id": [`JTI=${this.#ids[account] ?? ""}`] },
      },
      sourceIPs: [`10.1.${account % 8}.${account % 250}`],
      userAgent: "app/1.4 (linux/amd64) client-go",
      objectRef: { resource: "secrets", namespace: "prod", name, apiVersion: "v1" },
      responseStatus: { code: 200 },
      requestReceivedTimestamp: time,
      stageTimestamp: time,
      annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed" },
      disclosed: [{ namespace: "prod", name, uid: "", resourceVersion: "1", keys: ["password"] }],
    };
  }
}
