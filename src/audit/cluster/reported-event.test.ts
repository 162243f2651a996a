import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { anything, assert as assertProperty, jsonValue, oneof, property, record } from "fast-check";
import type { AuditEvent } from "../audit-event.ts";
import type { ReportingCluster } from "./cluster-audit-config.ts";
import { identityOf, readReport } from "./reported-event.ts";

const now = new Date("2026-03-01T12:00:00Z");
const prod: ReportingCluster = { name: "prod", namespacePrefix: "", tokenHashes: [], user: undefined };
const east: ReportingCluster = { ...prod, name: "east", namespacePrefix: "east-" };
const time = "2026-03-01T11:59:00.123456Z";

type Report = Record<string, unknown>;

/** As a kube-apiserver sends it: kind and version are those of the list. */
function report(changes: Report = {}): Report {
  return {
    level: "Metadata",
    auditID: "1b9a2e4c",
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/team/secrets/db",
    verb: "get",
    user: { username: "alice", uid: "7", groups: ["devs", "system:authenticated"] },
    sourceIPs: ["10.0.0.7"],
    userAgent: "kubectl/v1.34.1 (linux/amd64) kubernetes/93248f9",
    objectRef: { resource: "secrets", namespace: "team", name: "db", apiVersion: "v1" },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed" },
    ...changes,
  };
}

function eventOf(value: unknown, cluster = prod): AuditEvent {
  const read = readReport(value, cluster, now);
  assert.equal(read.type, "event", JSON.stringify(value));
  return read.type === "event" ? read.event : assert.fail();
}

test("A cluster's event becomes a record that says whose claim it is", () => {
  assert.deepEqual(eventOf(report()), {
    auditID: "1b9a2e4c",
    stage: "ResponseComplete",
    door: "cluster:prod",
    verb: "get",
    requestURI: "/api/v1/namespaces/team/secrets/db",
    user: { username: "alice", uid: "7", groups: ["devs", "system:authenticated"] },
    sourceIPs: ["10.0.0.7"],
    userAgent: "kubectl/v1.34.1 (linux/amd64) kubernetes/93248f9",
    objectRef: { resource: "secrets", namespace: "team", name: "db", apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC: allowed" },
    reported: { cluster: "prod", namespacePrefix: "", receivedTimestamp: "2026-03-01T12:00:00.000000Z" },
  });
  const { objectRef, reported, door } = eventOf(report(), east);
  assert.deepEqual([objectRef?.namespace, reported?.cluster, door], ["east-team", "east", "cluster:east"]);
});

test("What a kube-apiserver puts on record is taken, each request once and a watch by beginning and end", () => {
  const path = new URL("../../../test/audit/recorded-upstream.json", import.meta.url);
  const recorded = JSON.parse(readFileSync(path, "utf8")) as Record<string, Report[]>; // as record-upstream.ts writes it
  const kept = (name: string) =>
    (recorded[name] ?? assert.fail(name)).flatMap((each) => {
      const read = readReport({ ...each, requestReceivedTimestamp: time, stageTimestamp: time }, prod, now);
      assert.notEqual(read.type, "unreadable", name);
      return read.type === "event" ? [`${read.event.stage} ${read.event.responseStatus?.code}`] : [];
    });
  for (const name of ["create", "get", "list", "list-everywhere", "update", "patch", "delete"]) {
    assert.deepEqual(kept(name), [`ResponseComplete ${name === "create" ? 201 : 200}`], name);
  }
  assert.deepEqual(kept("watch"), ["ResponseStarted 200", "ResponseComplete 200"]);
  assert.deepEqual(kept("forbidden-watch"), ["ResponseComplete 403"]);
  assert.deepEqual(kept("wrong-token"), ["ResponseStarted 401"]);
  const asJane = recorded["as-jane"]?.at(-1);
  assert.equal(eventOf({ ...asJane, stageTimestamp: time }).impersonatedUser?.username, "jane");
});

test("Bodies are not kept, and that they came is", () => {
  const read = readReport(
    report({ responseObject: { kind: "Secret", data: { password: "aHVudGVyMg==" } } }),
    prod,
    now,
  );
  assert.ok(read.type === "event" && read.hadBody);
  assert.doesNotMatch(JSON.stringify(read), /aHVudGVyMg/);
  assert.equal(read.event.annotations?.["audit.strongroom.dev/body-dropped"], "true");
});

test("What is not about secrets is passed over, and what is no event is unreadable", () => {
  const of = (value: unknown) => readReport(value, prod, now).type;
  assert.equal(of(report({ objectRef: { resource: "pods", namespace: "team", name: "db" } })), "passed-over");
  assert.equal(of(report({ objectRef: { resource: "secrets", apiGroup: "example.com" } })), "passed-over");
  assert.equal(of(report({ objectRef: undefined, requestURI: "/healthz" })), "passed-over");
  assert.equal(of(report({ stage: "RequestReceived" })), "passed-over");
  for (const value of [null, 1, "x", [], {}, [report()], report({ auditID: 7 }), report({ stage: "Disclosed?" })]) {
    assert.equal(of(value), "unreadable", JSON.stringify(value));
  }
  assert.equal(of(report({ verb: ["get"] })), "unreadable");
  const namespaces = ["../team", "team/db", "TEAM", "a\0b", "x".repeat(64), "__proto__"];
  for (const namespace of namespaces)
    assert.equal(of(report({ objectRef: { resource: "secrets", namespace, name: "db" } })), "unreadable", namespace);
});

test("A cluster cannot speak of another, nor say what only this server says", () => {
  const forged = {
    door: "kubernetes",
    reported: { cluster: "west" },
    disclosed: [{ namespace: "team", name: "db" }],
    intentID: "i",
    streamID: "s",
    streams: ["s"],
    metadataOnly: true,
    onBehalfOf: { pods: [] },
    refusals: { count: 1 },
    annotations: { "audit.strongroom.dev/received": "kept 7", "authorization.k8s.io/decision": "allow" },
  };
  const event = eventOf(report(forged), east);
  assert.deepEqual(Object.keys(event).sort(), Object.keys(eventOf(report(), east)).sort());
  assert.equal(event.reported?.cluster, "east");
  assert.deepEqual(event.annotations, { "authorization.k8s.io/decision": "allow" });
});

test("Texts are bounded and without control characters, names of prototypes are names", () => {
  const hostile = JSON.parse(
    '{"username":"eve\\u001b[2J\\u0000\\nroot","groups":["__proto__","constructor",7],"extra":{"__proto__":["x"],"authentication.kubernetes.io/credential-id":["JTI=1\\r\\n"]}}',
  ) as unknown;
  const event = eventOf(
    report({
      user: hostile,
      auditID: "i".repeat(10_000),
      userAgent: "a".repeat(1_000_000),
      requestURI: `/${"u".repeat(100_000)}`,
      sourceIPs: [
        "10.0.0.1 <script>",
        ...Array.from({ length: 250 }, (_, index) => `10.0.0.${index}`),
        "gateway",
        "::1",
      ],
      objectRef: { resource: "secrets", namespace: "team", name: "__proto__" },
      annotations: JSON.parse('{"__proto__":"x"}') as unknown,
    }),
  );
  assert.equal(event.user.username, "eve\ufffd[2J\ufffd\ufffdroot");
  assert.deepEqual(event.user.groups, ["__proto__", "constructor"]);
  assert.deepEqual(event.user.extra, { "authentication.kubernetes.io/credential-id": ["JTI=1\ufffd\ufffd"] });
  assert.deepEqual([event.objectRef?.name, event.sourceIPs.length, event.sourceIPs.at(-1)], ["__proto__", 16, "::1"]);
  assert.ok(JSON.stringify(event).length < 6000);
});

test("A time that cannot be gives way to that of arrival, and is told; an old one stays", () => {
  for (const told of [
    "2026-03-01T12:06:00Z",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59Z",
    "yesterday",
    7,
    undefined,
  ]) {
    const { stageTimestamp, annotations } = eventOf(report({ stageTimestamp: told }));
    assert.equal(stageTimestamp, "2026-03-01T12:00:00.000000Z");
    assert.equal(annotations?.["audit.strongroom.dev/reported-time"], typeof told === "string" ? told : "");
  }
  for (const told of ["2026-03-01T12:04:00Z", "2019-01-01T00:00:00.000000Z", "2026-03-01T13:00:00+01:00"]) {
    assert.equal(eventOf(report({ stageTimestamp: told })).stageTimestamp, told);
  }
});

test("Of one id, only the same event is the same", () => {
  const identity = (changes: Report) => identityOf(eventOf(report(changes)));
  assert.equal(identity({}), identity({}));
  // Clients choose ids: what is done under one that was used before is on record all the same.
  const others: Report[] = [
    { stageTimestamp: "2026-03-01T11:59:00.123457Z" },
    { user: { username: "bob" } },
    { verb: "delete" },
    { stage: "Panic" },
    { objectRef: { resource: "secrets", namespace: "team", name: "other" } },
    { impersonatedUser: { username: "carol" } },
  ];
  assert.equal(new Set([{}, ...others].map(identity)).size, others.length + 1);
});

test("Whatever is sent, something is made of it that is bounded", () => {
  const any = oneof(anything({ maxDepth: 2 }), jsonValue({ maxDepth: 2 }));
  const fields = Object.fromEntries(Object.keys(report()).map((name) => [name, any]));
  const values = record(fields, { requiredKeys: [] });
  assertProperty(
    property(values, (changes) => {
      const read = readReport({ ...report(), ...changes }, east, now);
      if (read.type !== "event") return;
      assert.ok(JSON.stringify(read.event).length < 60_000);
      assert.ok(Date.parse(read.event.stageTimestamp) >= 0);
      assert.match(read.event.objectRef?.namespace ?? "east-", /^east-/);
    }),
    { numRuns: 500 },
  );
});
