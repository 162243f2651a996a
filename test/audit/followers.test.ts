/** Followers of a real server: files, webhooks, syslog and HTTP, on this host, with receivers that fail and come back. */
import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { FollowerConfig, FollowerForm, FollowerTarget } from "../../src/audit/followers/follower-config.ts";
import { readAuditPolicy } from "../../src/audit/policy/policy-reader.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { makeCertificates } from "../support/certificates.ts";
import { base64, create, secret, secretsPath } from "../support/api-objects.ts";
import { startHttpReceiver } from "./http-receiver.ts";
import { parseSyslog, startSyslogReceiver } from "./syslog-receiver.ts";

const certificates = makeCertificates();
const canary = "canary-4f1c9e2b7d";
const policy = readAuditPolicy("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n");
const root = mkdtempSync(join(tmpdir(), "strongroom-followers-"));
after(() => rmSync(root, { recursive: true, force: true }));

const kubernetes: FollowerForm = { type: "kubernetes", format: "json", eventBytesMax: undefined };

function follower(to: FollowerTarget, form: FollowerForm, more: Partial<FollowerConfig> = {}): FollowerConfig {
  return {
    name: "test",
    form,
    to,
    from: "now",
    batch: { recordsMax: 400, waitMs: 0, bytesMax: 1024 * 1024 },
    throttle: undefined,
    backoffMs: 20,
    hashKey: undefined,
    ...more,
  };
}

function serve(...followers: FollowerConfig[]): Promise<TestServer> {
  return startTestServer({ auditOutput: { policy, followers, warnings: [] } });
}

/** Everything that touches a secret, with a value that may be nowhere. */
async function useSecrets(server: TestServer): Promise<void> {
  await create(server, secretsPath, secret("db", { data: { password: base64(canary) } }));
  await server.call("GET", `${secretsPath}/db`);
  await server.call("GET", secretsPath);
  await server.call("GET", `${secretsPath}/missing`);
  await server.call("PUT", `${secretsPath}/db`, { body: secret("db", { data: { password: canary } }) });
  await server
    .call("GET", `${secretsPath}/db%0Aforged?x=\u202e`, { headers: { "User-Agent": "evil\u009b2J\u202e" } })
    .catch(() => {});
  await server.call("DELETE", `${secretsPath}/db`);
}

function assertNoCanary(text: string): void {
  for (const form of [canary, base64(canary), encodeURIComponent(canary)]) assert.ok(!text.includes(form));
}

function assertNothingHidden(text: string): void {
  // oxlint-disable-next-line no-control-regex -- it is these that must not be there
  assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/.test(text));
}

test("The file of --audit-log-path has upstream's events, for its owner only, after the stop", async () => {
  const path = join(root, "plain", "audit.log");
  const limits = { sizeBytesMax: 100 * 1024 * 1024, backupsMax: 0, ageMsMax: 0, compress: false };
  {
    await using server = await serve(follower({ type: "file", path, ...limits }, kubernetes));
    await useSecrets(server);
  }
  const text = readFileSync(path, "utf8");
  assertNoCanary(text);
  assertNothingHidden(text);
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(
    events.every(
      ({ kind, apiVersion, level }) => kind === "Event" && apiVersion === "audit.k8s.io/v1" && level === "Metadata",
    ),
  );
  const got = events.filter(
    ({ verb, stage, objectRef }) => verb === "get" && stage === "ResponseComplete" && objectRef?.name === "db",
  );
  assert.equal(got.length, 1);
  assert.match(got[0].annotations["audit.strongroom.dev/disclosed"], /^default\/db@\d+$/);
  const list = events.find(({ verb, stage }) => verb === "list" && stage === "ResponseComplete");
  assert.equal(
    list.annotations["audit.strongroom.dev/disclosed"],
    got[0].annotations["audit.strongroom.dev/disclosed"],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("Old files are named by the time, packed and kept as they should be; no event is lost between them", async () => {
  const path = join(root, "rotated", "audit.log");
  const to: FollowerTarget = { type: "file", path, sizeBytesMax: 4096, backupsMax: 1000, ageMsMax: 0, compress: true };
  {
    await using server = await serve(follower(to, { ...kubernetes, format: "legacy" }));
    for (let index = 0; index < 40; index++) await server.call("GET", `${secretsPath}/missing-${index}`);
  }
  const names = readdirSync(join(root, "rotated")).sort();
  assert.ok(names.length > 3);
  assert.ok(
    names.every((name) => /^audit(-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})?\.log(\.gz)?$/.test(name)),
    names.join(),
  );
  const text = names
    .map((name) => readFileSync(join(root, "rotated", name)))
    .map((bytes, index) => (names[index]?.endsWith(".gz") === true ? gunzipSync(bytes) : bytes).toString("utf8"))
    .join("");
  for (let index = 0; index < 40; index++) {
    assert.match(
      text,
      new RegExp(`AUDIT: id="[^"]+" stage="ResponseComplete" .*uri="[^"]*missing-${index}" response="404"`),
    );
  }
});

test("A webhook that is down, answers 500, and comes back gets every event", async () => {
  await using receiver = await startHttpReceiver(certificates.server);
  receiver.answer = { status: 500 };
  const target: FollowerTarget = {
    type: "webhook",
    receiver: {
      url: new URL(receiver.url),
      ca: Buffer.from(certificates.ca.certPem),
      authorization: async () => "Bearer of-a-webhook",
    },
  };
  await using server = await serve(follower(target, kubernetes));
  await useSecrets(server);
  await receiver.until(() => receiver.requests.length >= 3);
  const metrics = (await server.call("GET", "/metrics")).text;
  assert.match(metrics, /strongroom_audit_follower_failing\{follower="test"\} 1/);
  assert.doesNotMatch(metrics, /strongroom_audit_follower_lag_entries\{follower="test"\} 0\n/);
  receiver.requests.length = 0;
  receiver.answer = { status: 200 };
  await receiver.until(() => receiver.requests.some(({ body }) => body.includes('"verb":"delete"')));
  const lists = receiver.requests.map(({ body }) => JSON.parse(body));
  assert.ok(lists.every(({ kind, apiVersion }) => kind === "EventList" && apiVersion === "audit.k8s.io/v1"));
  const verbs = lists
    .flatMap(({ items }) => items)
    .filter(({ objectRef, stage }) => objectRef?.resource === "secrets" && stage === "ResponseComplete");
  assert.deepEqual(verbs.map(({ verb }) => verb).slice(0, 5), ["create", "get", "list", "get", "update"]);
  assert.equal(receiver.requests[0]?.headers.authorization, "Bearer of-a-webhook");
  assertNoCanary(receiver.requests.map(({ body }) => body).join());
});

test("A receiver that answers 200 with garbage, without an end, is believed; one that redirects is not", async () => {
  await using elsewhere = await startHttpReceiver(certificates.server);
  await using receiver = await startHttpReceiver(certificates.server);
  const ca = Buffer.from(certificates.ca.certPem);
  receiver.answer = { status: 307, headers: { Location: elsewhere.url } };
  await using server = await serve(
    follower({ type: "http", receiver: { url: new URL(receiver.url), ca }, body: "lines" }, { type: "strongroom" }),
  );
  await server.call("GET", `${secretsPath}/one`);
  await receiver.until(() => receiver.requests.length >= 2);
  assert.equal(elsewhere.requests.length, 0);
  receiver.requests.length = 0;
  receiver.answer = { status: 200, endless: "{garbage".repeat(64) };
  await receiver.until(() => receiver.requests.length >= 1);
  await server.call("GET", `${secretsPath}/two`);
  await receiver.until(() => receiver.requests.some(({ body }) => body.includes("/two")));
  const positions = receiver.requests
    .flatMap(({ body }) =>
      body
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    )
    .filter(({ kind }) => kind === "AuditEvent")
    .map(({ position }) => position);
  assert.deepEqual(positions, [...new Set(positions)], "nothing is repeated");
});

test("A receiver whose certificate is of another authority gets nothing", async () => {
  const other = makeCertificates();
  await using receiver = await startHttpReceiver(other.server);
  await using server = await serve(
    follower(
      {
        type: "http",
        receiver: { url: new URL(receiver.url), ca: Buffer.from(certificates.ca.certPem) },
        body: "array",
      },
      { type: "strongroom" },
    ),
  );
  await server.call("GET", `${secretsPath}/one`);
  await receiver.untilRefused();
  assert.equal(receiver.requests.length, 0);
});

test("A follower goes on after a restart where it was, without loss or repetition", async () => {
  await using receiver = await startHttpReceiver(certificates.server);
  const config = follower(
    { type: "http", receiver: { url: new URL(receiver.url), ca: Buffer.from(certificates.ca.certPem) }, body: "lines" },
    { type: "strongroom" },
    { from: "beginning" },
  );
  await using first = await serve(config);
  await first.call("GET", `${secretsPath}/before`);
  await using second = await first.restart();
  await second.call("GET", `${secretsPath}/after`);
  await receiver.until(() => receiver.requests.some(({ body }) => body.includes("secrets/after")));
  const records = receiver.requests.flatMap(({ body }) =>
    body
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
  const positions = records.filter(({ kind }) => kind === "AuditEvent").map(({ position }) => position);
  assert.deepEqual(
    positions,
    Array.from({ length: positions.length }, (_, index) => index),
  );
});

for (const transport of ["tls", "tcp"] as const) {
  test(`Syslog over ${transport} is framed by lengths, and an independent reader gets each record`, async () => {
    await using receiver = await startSyslogReceiver(transport === "tls" ? certificates.server : undefined);
    const tls =
      transport === "tls"
        ? { ca: Buffer.from(certificates.ca.certPem), certificate: undefined, serverName: "localhost" }
        : undefined;
    await using server = await serve(
      follower({ type: "syslog", receiver: { host: "127.0.0.1", port: receiver.port, tls } }, { type: "strongroom" }),
    );
    await useSecrets(server);
    await receiver.until((text) => text.includes('"verb":"delete"'));
    const messages = parseSyslog(receiver.text);
    const records = messages.map(({ message }) => JSON.parse(message));
    const denied = messages.find((_, index) => records[index].responseStatus?.code === 404);
    // 13 * 8 + 5: log audit, notice.
    assert.equal(denied?.priority, 109);
    assert.equal(denied?.application, "strongroom");
    assert.match(denied?.timestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.ok(records.some(({ disclosed }) => disclosed?.[0]?.name === "db"));
    assert.match(receiver.text, /^[ -~]*$/, "printable ASCII only");
    assertNoCanary(receiver.text);
  });
}

test("Syslog: what was sent before a connection broke comes again over the next", async () => {
  await using receiver = await startSyslogReceiver(undefined);
  await using server = await serve(
    follower(
      { type: "syslog", receiver: { host: "127.0.0.1", port: receiver.port, tls: undefined } },
      { type: "strongroom" },
    ),
  );
  await server.call("GET", `${secretsPath}/first`);
  await receiver.until((text) => text.includes("secrets/first"));
  await receiver.cut();
  await server.call("GET", `${secretsPath}/second`);
  await receiver.until((text) => text.includes("secrets/second") && text.includes("secrets/first"));
});

test("OCSF and hashed names: who and what kind are told, names are not", async () => {
  await using receiver = await startHttpReceiver(certificates.server);
  const target: FollowerTarget = {
    type: "http",
    receiver: { url: new URL(receiver.url), ca: Buffer.from(certificates.ca.certPem) },
    body: "array",
  };
  const hashKey = createSecretKey(Buffer.from("a key of sixteen bytes or more"));
  await using server = await serve(follower(target, { type: "ocsf" }, { hashKey }));
  await create(server, secretsPath, secret("stripe-key", { data: { password: base64(canary) } }));
  await server.call("GET", `${secretsPath}/stripe-key`);
  await server.call("GET", secretsPath);
  await server.call("GET", `${secretsPath}?fieldSelector=metadata.name%3Dstripe-key`);
  await server.call("DELETE", `${secretsPath}/stripe-key`);
  await receiver.until(() => receiver.requests.some(({ body }) => body.includes('"operation":"delete"')));
  const text = receiver.requests.map(({ body }) => body).join("\n");
  assert.ok(
    !text.includes("stripe-key"),
    text.slice(Math.max(0, text.indexOf("stripe-key") - 300), text.indexOf("stripe-key") + 100),
  );
  assertNoCanary(text);
  const events = receiver.requests.flatMap(({ body }) => JSON.parse(body));
  const names = new Set(
    events
      .flatMap(({ resources }) => resources ?? [])
      .filter(({ type }) => type === "secrets")
      .map(({ name }) => name),
  );
  assert.equal(names.size, 1, "the same name has the same hash");
});
