/** Who did: audit logs as they are found in the world, and what is said of them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { assert as assertProperty, array, asyncProperty, nat } from "fast-check";
import { LogValues } from "../../src/sight/audit/log-values.ts";
import { readAuditStream } from "../../src/sight/audit/read-audit.ts";
import { SecretReads } from "../../src/sight/audit/secret-reads.ts";
import { Seen } from "../../src/sight/audit/seen.ts";
import { Usage } from "../../src/sight/audit/usage.ts";
import { objectText, readObjectText } from "../../src/sight/questions/principal.ts";
import { whoDid } from "../../src/sight/questions/who-did.ts";
import { programPath, TestHome } from "../cli/program.ts";
import { shapeErrors } from "./answer-schema.ts";
import { run } from "./run-sight.ts";

interface Written {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly as?: string;
  readonly verb?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly query?: string;
  readonly code?: number;
  readonly stage?: string;
  readonly at?: string;
  readonly id?: string;
  readonly more?: object;
}

let ids = 0;

/** An event as an API server writes it at level Metadata. */
function event(written: Written): object {
  const { user = "jane", groups = ["system:authenticated"], verb = "get", resource = "secrets" } = written;
  const { namespace = "a", name, query = "", code = 200, at = "2026-03-01T10:00:00.000000Z" } = written;
  const { stage = "ResponseComplete", id = `id-${ids++}`, more = {}, subresource } = written;
  const path = `/api/v1/namespaces/${namespace}/${resource}${name === undefined ? "" : `/${name}`}${query}`;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: id,
    stage,
    requestURI: path,
    verb,
    user: { username: user, groups },
    ...(written.as === undefined
      ? {}
      : { impersonatedUser: { username: written.as, groups: ["system:authenticated"] } }),
    sourceIPs: ["10.0.0.1"],
    userAgent: "kubectl/v1.34",
    objectRef: {
      resource,
      ...(namespace === "" ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(subresource === undefined ? {} : { subresource }),
      apiVersion: "v1",
    },
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
    ...more,
  };
}

const lines = (events: readonly object[]) => events.map((each) => `${JSON.stringify(each)}\n`).join("");
const db = { namespace: "a", name: "db" };

async function ask(text: string | Buffer, since?: number) {
  const reads = new SecretReads(db);
  const audit = await readAuditStream(Readable.from([Buffer.from(text)]), [reads], since);
  return whoDid(db, reads, audit);
}

test("Every verb that returns values counts as a read, of the one who asked and of what was asked", async () => {
  const answer = await ask(
    lines([
      event({ user: "getter", name: "db" }),
      event({ user: "other-name", name: "tls" }),
      event({ user: "other-place", name: "db", namespace: "b" }),
      event({ user: "lister", verb: "list" }),
      event({ user: "everywhere", verb: "list", namespace: "" }),
      event({ user: "elsewhere", verb: "list", namespace: "b" }),
      event({ user: "watcher", verb: "watch", stage: "ResponseStarted" }),
      event({ user: "one-lister", verb: "list", name: "db" }),
      event({ user: "other-lister", verb: "list", name: "tls" }),
      event({ user: "patcher", verb: "patch", name: "db", query: "?dryRun=All" }),
      event({ user: "deleter", verb: "delete", name: "db" }),
      event({ user: "orphaner", verb: "delete", name: "db", query: "?propagationPolicy=Orphan&dryRun=All" }),
      event({ user: "sweeper", verb: "deletecollection", query: "?dryRun=All" }),
      event({ user: "writer", verb: "update", name: "db" }),
      event({ user: "creator", verb: "create", name: "db" }),
      event({ user: "refused", name: "db", code: 403 }),
      event({ user: "absent", name: "db", code: 404 }),
      event({ user: "config", resource: "configmaps", name: "db" }),
      event({ user: "system:node:n1", name: "db" }),
      event({ user: "system:serviceaccount:a:app", name: "db" }),
      event({ user: "admin", as: "system:serviceaccount:a:app", name: "db" }),
    ]),
  );
  const readers = answer.readers.map(({ principal, reads, scoped, dryRun, uncertain }) => [
    objectText(principal),
    reads,
    scoped,
    dryRun,
    uncertain,
  ]);
  assert.deepEqual(readers, [
    ["Node n1", 1, 0, 0, 0],
    ["ServiceAccount a/app", 2, 0, 0, 0],
    ["User deleter", 0, 0, 0, 1],
    ["User everywhere", 1, 1, 0, 0],
    ["User getter", 1, 0, 0, 0],
    ["User lister", 1, 1, 0, 0],
    ["User one-lister", 1, 0, 0, 0],
    ["User orphaner", 1, 0, 1, 0],
    ["User patcher", 1, 0, 1, 0],
    ["User sweeper", 1, 1, 1, 0],
    ["User watcher", 1, 1, 0, 0],
  ]);
  assert.deepEqual(answer.readers[1]?.impersonatedBy, ["admin"]);
  assert.deepEqual(
    answer.others.map(({ principal, refused }) => [principal.name, refused]),
    [["refused", 1]],
  );
  assert.equal(answer.audit.requests, 21);
  assert.match(answer.limits.join(" "), /names and metadata.*does not name what a list.*kubelet reads/);
});

test("A request counts once however many of its stages are there, and however often", async () => {
  const stages = ["RequestReceived", "ResponseStarted", "ResponseComplete"];
  const watch = stages.map((stage) => event({ verb: "watch", stage, id: "w" }));
  const { readers, audit } = await ask(lines([...watch, ...watch, event({ name: "db", stage: "RequestReceived" })]));
  assert.deepEqual([readers.length, readers[0]?.reads, audit.requests, audit.duplicates], [1, 1, 1, 3]);
});

test("An id that a client chose hides no other request", async () => {
  const same = { name: "db", id: "chosen" };
  const { readers } = await ask(
    lines([
      event({ ...same, user: "innocent" }),
      event({ ...same, user: "mallory" }),
      event({ ...same, user: "mallory", at: "2026-03-01T10:00:00.000001Z" }),
    ]),
  );
  assert.deepEqual(readers.map(({ principal, reads }) => [principal.name, reads]).toSorted(), [
    ["innocent", 1],
    ["mallory", 2],
  ]);
});

test("Lists of events, documents of many lines and what log services wrap around are read alike", async () => {
  const read = (user: string) => event({ user, name: "db" });
  const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", items: [read("in-list"), read("in-list-too")] };
  const text = [
    JSON.stringify(list),
    JSON.stringify({ ...list, items: [read("printed")] }, undefined, 2),
    `2026-03-01T10:00:00.000Z ${JSON.stringify(read("eks"))}`,
    JSON.stringify({ category: "kube-audit", properties: { log: JSON.stringify(read("aks")) } }),
    JSON.stringify({ timestamp: 1, message: JSON.stringify(read("cloudwatch")) }),
    JSON.stringify([read("in-array")], undefined, 2),
    JSON.stringify(read("line")),
  ].join("\r\n");
  const { readers, audit } = await ask(text);
  const names = readers.map(({ principal }) => principal.name);
  assert.deepEqual(names, ["aks", "cloudwatch", "eks", "in-array", "in-list", "in-list-too", "line", "printed"]);
  assert.deepEqual([audit.foreign, audit.torn], [0, 0]);
});

test("What cannot be used is counted, and what is beside it is read", async () => {
  const whole = (user: string) => JSON.stringify(event({ user, name: "db" }));
  const text = [
    whole("first"),
    '{"kind":"Event","auditID":"to',
    `{"kind":"Event","auditID":"torn${whole("after-torn")}`,
    "\0\0\0\0",
    "not json",
    '{"kind":"Event","apiVersion":"v1","reason":"Started"}',
    "{",
    '  "auditID": "never',
    whole("after-document"),
    `{"auditID":"x","stage":"ResponseComplete","verb":"get","user":7,"objectRef":[],"sourceIPs":"x"}`,
    JSON.stringify({ ...event({ name: "db", user: "undated" }), requestReceivedTimestamp: "then", stageTimestamp: 1 }),
    JSON.stringify(event({ name: "db", user: "cut", more: { annotations: { "audit.k8s.io/truncated": "true" } } })),
    whole("last").slice(0, -3),
  ].join("\n");
  const { readers, audit } = await ask(text);
  const names = readers.map(({ principal }) => principal.name);
  assert.deepEqual(names.toSorted(), ["after-document", "after-torn", "cut", "first", "undated"]);
  assert.deepEqual([audit.torn, audit.foreign, audit.truncated, audit.oversize], [5, 2, 1, 0]);
  assert.ok(audit.undated >= 1);
  const empty = await ask("");
  assert.match(empty.limits[0] ?? "", /no request in it at all/);
  const silent = await ask(lines([event({ resource: "pods" })]));
  assert.match(silent.limits[0] ?? "", /no request about secrets/);
  const writes = await ask(lines([event({ verb: "create", name: "db" })]));
  assert.match(writes.limits[0] ?? "", /no get, list or watch of secrets/);
});

test("Values come out the same however the bytes are cut, and nothing too long is kept", async () => {
  const text = lines([event({ name: "db" }), { pad: "ü".repeat(40) }, event({ user: "x" })]);
  const bytes = Buffer.from(`${text}${"y".repeat(3000)}\n{"a":1}`);
  const collect = (cuts: readonly number[]) => {
    const found: unknown[] = [];
    const sink = { value: (value: unknown) => found.push(value), unreadable: (what: string) => found.push(what) };
    const values = new LogValues(sink, 2000);
    let start = 0;
    for (const cut of cuts.toSorted((a, b) => a - b)) {
      values.push(bytes.subarray(start, Math.max(start, cut)));
      start = Math.max(start, cut);
    }
    values.push(bytes.subarray(start));
    values.end();
    return found;
  };
  const whole = collect([]);
  assert.deepEqual([whole.length, whole[3], whole[4]], [5, "oversize", { a: 1 }]);
  await assertProperty(
    asyncProperty(array(nat(bytes.length)), async (cuts) => assert.deepEqual(collect(cuts), whole)),
    { numRuns: 50 },
  );
});

test("Files may be rotated, packed, torn and of no use, and --since leaves out what is older", async () => {
  using home = new TestHome();
  mkdirSync(home.at("logs", "more"), { recursive: true });
  writeFileSync(home.at("logs", "audit.log"), lines([event({ user: "now", name: "db" })]));
  const old = lines([event({ user: "old", name: "db", at: "2020-01-01T00:00:00Z" })]);
  writeFileSync(
    home.at("logs", "audit-1.log.gz"),
    Buffer.concat([gzipSync(old), gzipSync(lines([event({ user: "packed", name: "db" })]))]),
  );
  const packed = gzipSync(lines(Array.from({ length: 2000 }, (_, n) => event({ user: `torn-${n}`, name: "db" }))), {
    level: 0,
  });
  writeFileSync(home.at("logs", "more", "torn.gz"), packed.subarray(0, packed.length - 500));
  writeFileSync(home.at("logs", "more", "empty"), "");
  const { code, stdout } = await run(
    "who-did",
    "a/db",
    "--audit",
    home.at("logs"),
    "--since",
    "2026-01-01T00:00:00Z",
    "-o",
    "json",
  );
  assert.equal(code, 0);
  const answer = JSON.parse(stdout) as {
    readers: { principal: { name: string } }[];
    audit: { problems: { file: string }[]; before: number };
  };
  assert.deepEqual(shapeErrors("who-did", answer), []);
  const names = new Set(answer.readers.map(({ principal }) => principal.name));
  assert.ok(names.has("now") && names.has("packed") && names.has("torn-1000") && !names.has("old"));
  assert.deepEqual(
    answer.audit.problems.map(({ file }) => file.slice(home.path.length)),
    ["/logs/more/torn.gz"],
  );
  assert.equal(answer.audit.before, 1);
  const absent = await run("who-did", "a/db", "--audit", home.at("nothing"));
  assert.equal(absent.code, 1);
  for (const words of [
    ["who-did", "a/db"],
    ["who-did", "a/db", "--audit", "-", "--audit", "x"],
    ["who-did", "a/db", "--audit", home.at("logs"), "--since", "soon"],
  ]) {
    assert.equal((await run(...words)).code, 2, words.join(" "));
  }
});

/** An event as our own server writes it. */
function own(written: Written & { readonly disclosed?: readonly object[]; readonly more?: object }): object {
  const { kind: _, apiVersion: __, level: ___, ...fields } = event(written) as Record<string, unknown>;
  return {
    ...fields,
    door: "kubernetes",
    ...(written.disclosed === undefined ? {} : { disclosed: written.disclosed }),
  };
}

test("Our own log says exactly what left, also by lists and watches, and what was metadata", async () => {
  const it = [{ ...db, uid: "u", resourceVersion: "1" }];
  const tls = [{ namespace: "a", name: "tls", uid: "v", resourceVersion: "2" }];
  const answer = await ask(
    lines([
      own({ user: "getter", name: "db", disclosed: it }),
      own({ user: "lister", verb: "list", stage: "Disclosed", disclosed: [...it, ...tls], id: "l" }),
      own({ user: "lister", verb: "list", id: "l" }),
      own({ user: "other", verb: "list", disclosed: tls }),
      own({ user: "meta", verb: "list", disclosed: it, more: { metadataOnly: true } }),
      own({ user: "deleter", verb: "delete", name: "db" }),
      own({ user: "", verb: "watch", stage: "Disclosed", disclosed: it, more: { streams: ["s1", "s2", "gone"] } }),
      own({ user: "watcher-1", verb: "watch", stage: "ResponseStarted", more: { streamID: "s1" } }),
      own({ user: "watcher-2", verb: "watch", stage: "ResponseStarted", more: { streamID: "s2" } }),
    ]),
  );
  const shown = answer.readers.map(({ principal, reads, scoped }) => [principal.name, reads, scoped]);
  assert.deepEqual(shown, [
    ["getter", 1, 0],
    ["lister", 1, 0],
    ["watcher-1", 1, 0],
    ["watcher-2", 1, 0],
  ]);
  assert.deepEqual(
    answer.others.map(({ principal, metadataOnly }) => [principal.name, metadataOnly]),
    [["meta", 1]],
  );
  assert.equal(answer.audit.unattributed, 1);
  assert.deepEqual(answer.limits, []);
});

test("What was seen is remembered for a generation at least", () => {
  const seen = new Seen(3);
  assert.deepEqual(
    ["a", "b", "a", "c", "d", "a"].map((text) => seen.add(text)),
    [true, true, false, true, true, false],
  );
  for (const text of ["e", "f", "g"]) seen.add(text);
  assert.ok(seen.add("a"), "long ago");
});

test("Usage keeps names of one kind of request apart up to a bound, and counts what it does not", async () => {
  const usage = new Usage();
  const events = Array.from({ length: 700 }, (_, n) => event({ resource: "pods", name: `p-${n}` }));
  await readAuditStream(Readable.from([Buffer.from(lines(events))]), [usage]);
  const rights = [...(usage.of("jane")?.rights.values() ?? [])];
  assert.equal(
    rights.reduce((sum, { count }) => sum + count, 0),
    700,
  );
  assert.deepEqual([rights.length, usage.merged], [501, 200]);
});

test("who-can --audit shows rights beside facts: used, never used, and reads without a right", async () => {
  using home = new TestHome();
  writeFileSync(
    home.at("audit.log"),
    lines([
      event({
        user: "this-pod",
        verb: "create",
        resource: "pods",
        subresource: "exec",
        name: "web",
        at: "2026-03-02T00:00:00Z",
      }),
      event({ user: "ghost", name: "db", at: "2026-03-03T00:00:00Z" }),
      event({ user: "root", groups: ["system:masters"], name: "db" }),
    ]),
  );
  const words = ["who-can", "a/db", "--dump", "exec-pod.yaml", "--audit", home.at("audit.log")];
  const { code, stdout } = await run(...words);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^Read it in fact, and have no right now that is known:\nUser ghost: 1 read \(get 1\), last 2026-03-03/m,
  );
  assert.match(stdout, /Group system:masters, .*\n {2}in fact: 1 read \(get 1\)/);
  assert.match(stdout, /^ {5}used: 1 time, last 2026-03-02T00:00:00\.000Z, by User this-pod$/m);
  assert.match(stdout, /^ {5}used: never, in these logs$/m);
  assert.match(stdout, /^Of the \d that can, \d never did in these logs\.$/m);
  const answer: unknown = JSON.parse((await run(...words, "-o", "json")).stdout);
  assert.deepEqual(shapeErrors("who-can", answer), []);
  const direct = JSON.parse((await run(...words, "--direct", "-o", "json")).stdout) as { withoutRight: unknown[] };
  assert.equal(direct.withoutRight.length, 1, "who comes to it indirectly has a right");
  assert.equal((await run("who-can", "a/db", "--dump", "exec-pod.yaml", "--since", "1d")).code, 2);
});

test("who-did reads standard input, and shows hostile names without obeying them", () => {
  using home = new TestHome();
  const input = lines([event({ user: "\u001b[2J\u202ejane", as: "\nb", name: "db", more: { userAgent: "\u0007" } })]);
  for (const form of ["table", "json", "yaml", "dot", "mermaid"]) {
    const ran = spawnSync(programPath, ["who-did", "a/db", "--audit", "-", "-o", form], {
      input,
      env: home.env,
      encoding: "utf8",
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^[\x20-\x7e\n]*$/, form);
    assert.match(ran.stdout, /jane/);
  }
});

test("The text of an object can be read back", () => {
  for (const object of [
    { kind: "Secret", namespace: "a", name: "db" },
    { kind: "User", namespace: "", name: 'a/b c"d' },
    { kind: "Pod", namespace: "a", name: "x/y" },
    { kind: "Group", namespace: "", name: "system:masters" },
  ]) {
    assert.deepEqual(readObjectText(objectText(object)), object);
  }
  for (const text of ["", "Role a/b in c", 'Role "a" in b"', "capability */*  x"])
    assert.equal(readObjectText(text), undefined);
});

test("Of a log in many pieces, every event is counted", async () => {
  const one = Buffer.from(lines(Array.from({ length: 500 }, (_, n) => event({ name: "db", user: `user-${n % 40}` }))));
  const reads = new SecretReads(db);
  const audit = await readAuditStream(Readable.from([one, one, one]), [reads]);
  assert.deepEqual([audit.bytes, audit.requests, audit.duplicates], [3 * one.length, 500, 1000]);
  assert.equal(reads.uses.length, 40);
});
