import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEvent } from "../audit-event.ts";
import { readAuditPolicy } from "../policy/policy-reader.ts";
import { renderKubernetes } from "../followers/render-kubernetes.ts";

const policy = readAuditPolicy(
  "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n",
);

/** The entries of a list of so many secrets, in pieces. */
function listOf(count: number, piece: number, more: Partial<AuditEvent> = {}): AuditEvent[] {
  const base: AuditEvent = {
    auditID: "id",
    stage: "ResponseStarted",
    door: "kubernetes",
    verb: "list",
    requestURI: "/api/v1/namespaces/a/secrets",
    user: { username: "ann", groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: { resource: "secrets", namespace: "a", apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: "2026-01-02T03:04:05.120000Z",
    stageTimestamp: "2026-01-02T03:04:05.120000Z",
    ...more,
  };
  const secrets = Array.from({ length: count }, (_, index) => ({
    namespace: "a",
    name: `s${index}`,
    uid: "u",
    resourceVersion: "7",
    keys: ["k"],
  }));
  const pieces = Array.from({ length: Math.ceil(count / piece) }, (_, index) => ({
    ...base,
    stage: "Disclosed" as const,
    disclosed: secrets.slice(index * piece, (index + 1) * piece),
  }));
  return [base, ...pieces, { ...base, stage: "ResponseComplete" }];
}

const disclosedKey = "audit.strongroom.dev/disclosed";

/** What the events of these entries say was disclosed, where one goes out; `from` is the position of the first. */
function told(render: ReturnType<typeof renderKubernetes>, entries: readonly AuditEvent[], from = 0) {
  return entries.flatMap((event, index) =>
    render({ position: from + index, event }).map((text) => JSON.parse(text).annotations?.[disclosedKey] as unknown),
  );
}

const make = () => renderKubernetes({ policy, format: "json", eventBytesMax: undefined });

test("The last event of a list names the secrets that left in all its pieces", () => {
  assert.deepEqual(told(make(), listOf(3, 2)), ["a/s0@7 a/s1@7 a/s2@7"]);
  assert.deepEqual(told(make(), listOf(0, 2)), [undefined]);
  const [many] = told(make(), listOf(1200, 100));
  assert.match(String(many), /^a\/s0@7 .* a\/s499@7 \.\.\.TRUNCATED of 1200$/);
});

test("What comes again counts once, and lists at the same time are told apart, whatever ids their clients chose", () => {
  const render = make();
  const [one, other] = [listOf(4, 2), listOf(2, 1, { user: { username: "bob", groups: [] } })];
  const mixed = [one[0], other[0], one[1], other[1], one[2], other[2]].filter((event) => event !== undefined);
  assert.deepEqual(told(render, mixed), []);
  assert.deepEqual(told(render, mixed.slice(2), 2), []);
  const ends = [one.at(-1), other.at(-1)].filter((event) => event !== undefined);
  const expected = ["a/s0@7 a/s1@7 a/s2@7 a/s3@7", "a/s0@7 a/s1@7"];
  assert.deepEqual(told(render, ends, 6), expected);
  assert.deepEqual(told(render, ends, 6), expected);
});

test("Of a list whose beginning was before a start it is not said that nothing left", () => {
  assert.deepEqual(told(make(), listOf(3, 2).slice(2)), ["...TRUNCATED"]);
  const refused = { responseStatus: { code: 403 } };
  assert.deepEqual(told(make(), listOf(0, 1, refused).slice(1)), [undefined]);
  assert.deepEqual(told(make(), listOf(0, 1, { objectRef: { resource: "pods", apiVersion: "v1" } }).slice(1)), [
    undefined,
  ]);
});

test("A list of names alone says so", () => {
  const render = make();
  const events = listOf(2, 1).map((event) => (event.stage === "Disclosed" ? { ...event, metadataOnly: true } : event));
  const texts = events.flatMap((event, position) => render({ position, event }));
  assert.equal(JSON.parse(texts[0] ?? "").annotations["audit.strongroom.dev/metadata-only"], "true");
});

test("Of a list that a cluster reports nothing is said that the cluster does not say", () => {
  const reported = { cluster: "prod", namespacePrefix: "", receivedTimestamp: "2026-01-02T03:04:06.000000Z" };
  assert.deepEqual(told(make(), listOf(0, 2, { reported, door: "cluster:prod" }).slice(-1)), [undefined]);
});
