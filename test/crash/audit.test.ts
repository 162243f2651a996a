/**
 * The server is killed under load, again and again; whatever a client was answered is on record, and the log verifies. Where it
 * is killed is chance: after some answers.
 */
import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { blockAt } from "../../src/audit/log/block.ts";
import { decodeSegmentHeader } from "../../src/audit/log/segment-header.ts";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import { auditHeadFile } from "../../src/instance/audit-head-file.ts";
import { verifyAudit } from "../../src/instance/audit-verification.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import { Program, TestHome } from "../cli/program.ts";
import { callerOf, credentialsOf } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { segmentNames } from "../support/audit-attacker.ts";
import { auditEvents } from "../support/audit-events.ts";

const kills = 2;
const clients = 8;
const secrets = "/api/v1/namespaces/default/secrets";

/** What a client knows: that it was answered, and with the values of which secrets. */
interface Answered {
  readonly auditId: string;
  readonly status: number;
  readonly disclosed: readonly string[];
}

type Reads = "synced" | "batched";

async function start(home: TestHome, reads: Reads) {
  const config = home.at("strongroom.yaml");
  writeFileSync(
    config,
    `apiVersion: strongroom.dev/v1alpha1\nkind: ServerConfiguration\naudit:\n  reserve: 1Mi\n  reads: ${reads}\n`,
  );
  const place = ["--data-dir", "data", "--root-key-file", "root.key", "--config", config];
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", ...place]);
  const url = await program.ready();
  return { program, client: callerOf(url, await credentialsOf(join(home.at("data"), "admin.kubeconfig"))) };
}

type Call = ReturnType<typeof callerOf>["call"];

/** One request of some kind; undefined when no answer came. */
async function request(call: Call): Promise<Answered | undefined> {
  const auditId = randomUUID();
  const headers = { "Audit-Id": auditId };
  const name = `s-${randomInt(20)}`;
  const path = `${secrets}/${name}`;
  const body = { metadata: { name }, stringData: { key: randomUUID() } };
  const kinds: readonly (() => Promise<Answer>)[] = [
    () => call("GET", path, { headers }),
    () => call("GET", secrets, { headers }),
    () => call("POST", secrets, { headers, body }),
    () => call("DELETE", path, { headers }),
  ];
  try {
    const answer = await (kinds[randomInt(kinds.length)] ?? fail)();
    return { auditId, status: answer.status, disclosed: disclosedIn(answer) };
  } catch {
    return undefined; // cut off by the kill, before all of the answer had come
  }
}

function fail(): never {
  throw new RangeError("there must be a kind of request");
}

function disclosedIn({ json }: Answer): string[] {
  const objects: Answer["json"][] = json.kind === "SecretList" ? json.items : [json];
  return objects.filter((object) => object.data !== undefined).map((object) => object.metadata.name);
}

/** Requests by several clients at once until so many were answered, then the kill, while others are on their way. */
async function loadUntilKilled({ program, client }: Awaited<ReturnType<typeof start>>): Promise<Answered[]> {
  const answered: Answered[] = [];
  const enough = randomInt(100, 300);
  let killed = false;
  const work = async () => {
    while (!killed) {
      const answer = await request(client.call);
      if (answer !== undefined) answered.push(answer);
      if (answered.length < enough || killed) continue;
      killed = true;
      program.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  await program.ended;
  client.close();
  return answered;
}

function missing(answered: readonly Answered[], events: readonly AuditEvent[]): Answered[] {
  const onRecord = new Map<string, { code: number | undefined; names: Set<string> }>();
  for (const event of events) {
    const { auditID, stage, responseStatus } = event;
    if (stage === "RequestReceived") continue;
    const record = onRecord.get(auditID) ?? { code: undefined, names: new Set() };
    record.code = responseStatus?.code ?? record.code;
    for (const { name } of disclosuresOf(event)) record.names.add(name);
    onRecord.set(auditID, record);
  }
  return answered.filter(({ auditId, status, disclosed }) => {
    const record = onRecord.get(auditId);
    return record?.code !== status || !disclosed.every((name) => record.names.has(name));
  });
}

/** Intents of changes of which nobody knows what became. */
function withoutOutcome(events: readonly AuditEvent[]): string[] {
  const open = new Set<string>();
  for (const { intentID, stage } of events) {
    if (intentID === undefined) continue;
    if (stage === "RequestReceived") open.add(intentID);
    else open.delete(intentID);
  }
  return [...open];
}

for (const reads of ["synced", "batched"] as const) {
  test(`Whatever a client was answered before kill -9 is on record, with the names of what it was given, and the log verifies (${reads} reads)`, async () => {
    using home = new TestHome();
    const answered: Answered[] = [];
    for (let kill = 0; kill < kills; kill++) answered.push(...(await loadUntilKilled(await start(home, reads))));
    assert.ok(answered.some(({ disclosed }) => disclosed.length > 1));
    const place = { dataDir: home.at("data"), rootKeyFile: home.at("root.key") };
    assert.deepEqual(missing(answered, await auditEvents(place)), []);

    // The next start repairs what the last kill tore, if it did; nothing that is on record goes by that.
    const { program, client } = await start(home, reads);
    await using _ = program;
    client.close();
    const events = await auditEvents(place);
    assert.deepEqual(missing(answered, events), []);
    assert.deepEqual(withoutOutcome(events), []);
    const rootKey = { type: "file", path: place.rootKeyFile } as const;
    const verdict = await verifyAudit({
      place: { dataDir: place.dataDir, rootKey },
      publicKey: undefined,
      outside: [],
      from: 0,
      to: Infinity,
    });
    assert.deepEqual(verdict.faults, []);
    assert.equal(verdict.keyOrigin, "server");
  });
}

test("A log that is cut after kill -9, by what was recorded in its last seconds, is missed by the next start, which uses no number twice", async () => {
  using home = new TestHome();
  const first = await start(home, "synced");
  const dataDir = home.at("data");
  const rootKey = { type: "file", path: home.at("root.key") } as const;
  const instance = await openExistingInstance(dataDir, rootKey);
  const head = auditHeadFile(dataDir, instance);
  let asked = 0;
  // Less than the ten seconds after which the store is told.
  while (((await head.load())?.position ?? 0) < 30) {
    await first.client.call("GET", `${secrets}/read-${asked++}`);
  }
  first.program.kill("SIGKILL");
  await first.program.ended;
  first.client.close();
  const known = (await head.load())?.position ?? 0;
  const path = join(dataDir, "audit", segmentNames(join(dataDir, "audit")).at(-1) ?? "");
  const bytes = readFileSync(path);
  const { sizeBytes: begin } = decodeSegmentHeader(bytes);
  let end = begin;
  for (let block = blockAt(bytes, end); block !== "malformed" && "bytes" in block; block = blockAt(bytes, end)) {
    if (block.position >= known - 5) break;
    end += block.bytes.length;
  }
  truncateSync(path, end);

  const { program, client } = await start(home, "synced");
  client.close();
  const events = await auditEvents({ dataDir, rootKeyFile: home.at("root.key") });
  const report = events.find(({ annotations }) => annotations?.["strongroom.dev/damage"] !== undefined);
  assert.equal(report?.annotations?.["strongroom.dev/knownEntries"], String(known));
  program.kill("SIGTERM");
  assert.match((await program.ended).stderr, /Audit log was changed from outside: entries may be missing/);
  const verdict = await verifyAudit({
    place: { dataDir, rootKey },
    publicKey: undefined,
    outside: [],
    from: 0,
    to: Infinity,
  });
  assert.deepEqual(
    verdict.faults.map(({ onRecord }) => onRecord),
    [true],
  );
  assert.ok(verdict.end > known + 1_000_000 - 10);
});
