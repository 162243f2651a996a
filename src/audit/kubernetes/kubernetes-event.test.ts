import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AuditEvent } from "../audit-event.ts";
import { readAuditPolicy } from "../policy/policy-reader.ts";
import { renderKubernetes } from "../followers/render-kubernetes.ts";
import { safeJson } from "../safe-json.ts";
import { kubernetesEvents } from "./kubernetes-event.ts";
import { legacyLine } from "./legacy-line.ts";

function policy(...rules: string[]) {
  return readAuditPolicy(
    ["apiVersion: audit.k8s.io/v1", "kind: Policy", "rules:", ...rules.map((rule) => `- {${rule}}`)].join("\n"),
  );
}

const everything = policy("level: RequestResponse");

const base: AuditEvent = {
  auditID: "id",
  stage: "ResponseComplete",
  door: "kubernetes",
  verb: "get",
  requestURI: "/api/v1/namespaces/a/secrets/db",
  user: { username: "ann", groups: ["devs", "ops"] },
  sourceIPs: ["127.0.0.1"],
  userAgent: "kubectl",
  objectRef: { resource: "secrets", namespace: "a", name: "db", apiVersion: "v1" },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: "2026-01-02T03:04:05.120000Z",
  stageTimestamp: "2026-01-02T03:04:05.000007Z",
};

function reportOf(cluster: string) {
  return { cluster, namespacePrefix: "", receivedTimestamp: "2026-01-02T03:04:06.000000Z" };
}

test("An event that a cluster reports says so", () => {
  const [event] = kubernetesEvents({ ...base, door: "cluster:prod", reported: reportOf("prod") }, everything);
  assert.deepEqual(event?.annotations, {
    "audit.strongroom.dev/door": "cluster:prod",
    "audit.strongroom.dev/reported-by": "prod",
  });
});

/** Records, and the stages that go out of each. */
const stages: readonly (readonly [name: string, event: Partial<AuditEvent>, stages: readonly string[]])[] = [
  ["a request", {}, ["RequestReceived", "ResponseComplete"]],
  ["an intent", { stage: "RequestReceived", intentID: "i" }, []],
  ["one of several changes", { stage: "Changed", intentID: "i" }, []],
  ["the begin of a list", { stage: "ResponseStarted", verb: "list" }, []],
  ["a piece of a list", { stage: "Disclosed", verb: "list" }, []],
  ["the end of a list", { verb: "list" }, ["RequestReceived", "ResponseComplete"]],
  [
    "the begin of a watch",
    { stage: "ResponseStarted", verb: "watch", streamID: "s" },
    ["RequestReceived", "ResponseStarted"],
  ],
  ["the end of a watch", { verb: "watch", streamID: "s" }, ["ResponseComplete"]],
  [
    "a refused watch",
    { verb: "watch", responseStatus: { code: 403 } },
    ["RequestReceived", "ResponseStarted", "ResponseComplete"],
  ],
  ["a wrong credential", { responseStatus: { code: 401 } }, ["ResponseStarted"]],
  ["what a cluster reports of a request", { reported: reportOf("prod") }, ["ResponseComplete"]],
  ["what a cluster reports of a watch", { verb: "watch", reported: reportOf("prod") }, ["ResponseComplete"]],
  [
    "what a cluster reports of who is nobody",
    { stage: "ResponseStarted", responseStatus: { code: 401 }, reported: reportOf("prod") },
    ["ResponseStarted"],
  ],
  ["a panic", { stage: "Panic", responseStatus: { code: 500 } }, ["RequestReceived", "Panic"]],
];

for (const [name, event, expected] of stages) {
  test(`Of ${name} go out ${expected.join(", ") || "no events"}`, () => {
    assert.deepEqual(
      kubernetesEvents({ ...base, ...event }, everything).map(({ stage }) => stage),
      expected,
    );
  });
}

test("Stages that the policy leaves out do not go out, and of level None nothing does", () => {
  const some = policy("level: None, users: [joe]", "level: Metadata, omitStages: [RequestReceived]");
  assert.deepEqual(kubernetesEvents({ ...base, user: { username: "joe", groups: [] } }, some), []);
  assert.deepEqual(
    kubernetesEvents(base, some).map(({ stage }) => stage),
    ["ResponseComplete"],
  );
});

test("The policy sees who asked, not as whom they asked", () => {
  const some = policy("level: Metadata, users: [ann]");
  const event = { ...base, impersonatedUser: { username: "joe", groups: [] } };
  assert.equal(kubernetesEvents(event, some).length, 2);
  assert.equal(kubernetesEvents({ ...event, user: { username: "joe", groups: [] } }, some).length, 0);
});

test("Bodies go out at their levels only", () => {
  const event = { ...base, requestObject: { a: 1 }, responseObject: { b: 2 } };
  const of = (level: string) => kubernetesEvents(event, policy(`level: ${level}`)).at(-1);
  assert.deepEqual([of("Metadata")?.requestObject, of("Metadata")?.responseObject], [undefined, undefined]);
  assert.deepEqual([of("Request")?.requestObject, of("Request")?.responseObject], [{ a: 1 }, undefined]);
  assert.deepEqual([of("RequestResponse")?.requestObject, of("RequestResponse")?.responseObject], [{ a: 1 }, { b: 2 }]);
  assert.equal(of("Request")?.annotations?.["audit.strongroom.dev/values-masked"], "true");
  assert.equal(of("Metadata")?.annotations?.["audit.strongroom.dev/values-masked"], undefined);
});

test("What was disclosed is in an annotation, and what is too much is said to be", () => {
  const disclosed = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      namespace: "a",
      name: `s${index}`,
      uid: "u",
      resourceVersion: "7",
    }));
  const text = (count: number) =>
    kubernetesEvents({ ...base, disclosed: disclosed(count) }, everything).at(-1)?.annotations?.[
      "audit.strongroom.dev/disclosed"
    ];
  assert.equal(text(2), "a/s0@7 a/s1@7");
  assert.match(text(500) ?? "", /a\/s499@7$/);
  assert.match(text(600) ?? "", /a\/s499@7 \.\.\.TRUNCATED of 600$/);
});

test("The legacy line is upstream's", () => {
  const [event] = kubernetesEvents(
    {
      ...base,
      impersonatedUser: { username: "joe", groups: ["x"] },
      userAgent: 'say "hi"\n\u001b[2J\u202e',
      responseStatus: { code: 403 },
    },
    policy("level: Metadata, omitStages: [RequestReceived]"),
  );
  assert.ok(event !== undefined);
  assert.equal(
    legacyLine(event),
    '2026-01-02T03:04:05.12Z AUDIT: id="id" stage="ResponseComplete" ip="127.0.0.1" method="get" user="ann" ' +
      String.raw`groups="\"devs\",\"ops\"" as="joe" asgroups="\"x\"" user-agent="say \"hi\"\n\x1b[2J\u202e" ` +
      'namespace="a" uri="/api/v1/namespaces/a/secrets/db" response="403"',
  );
  const [begun] = kubernetesEvents({ ...base, requestReceivedTimestamp: "2026-01-02T03:04:05.000000Z" }, everything);
  assert.ok(begun !== undefined);
  assert.match(
    legacyLine(begun),
    /^2026-01-02T03:04:05Z AUDIT: .* as="<self>" asgroups="<lookup>" .* response="<deferred>"$/,
  );
});

test("An event that is too long loses its bodies first, then all but who did what", () => {
  const size = (text: string | undefined) => Buffer.byteLength(text ?? "");
  const event = { ...base, requestObject: { text: "x".repeat(5000) }, userAgent: "u".repeat(900) };
  const render = (eventBytesMax: number) =>
    renderKubernetes({ policy: everything, format: "json", eventBytesMax })({ position: 0, event })[1];
  assert.ok(size(render(10_000)) > 5000);
  const [shorter, shortest] = [render(2000), render(700)];
  assert.ok(size(shorter) < 2000 && size(shorter) > 900);
  assert.ok(size(shortest) < 700);
  for (const text of [shorter, shortest]) {
    const { annotations, user, objectRef, verb, auditID } = JSON.parse(text ?? "");
    assert.equal(annotations["audit.k8s.io/truncated"], "true");
    assert.deepEqual([user.username, objectRef.name, verb, auditID], ["ann", "db", "get", "id"]);
  }
});

// oxlint-disable-next-line no-control-regex -- it is these that must not be there
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

test("Whatever is in a name, a record stays one line without anything hidden, and says the same", () => {
  const strange = fc.string({
    unit: fc.oneof(
      fc.constantFrom("\n", "\r", "\u0085", "\u2028", "\u202e", "\u0000", '"', "\\", "\u{e0041}", "\ud800"),
      fc.string({ unit: "binary" }),
    ),
  });
  fc.assert(
    fc.property(strange, strange, (name, agent) => {
      const event = { ...base, requestURI: name, userAgent: agent, user: { username: name, groups: [agent] } };
      for (const each of kubernetesEvents(event, everything)) {
        assert.ok(!hidden.test(safeJson(each)) && !hidden.test(legacyLine(each)));
        assert.deepEqual(JSON.parse(safeJson(each)), JSON.parse(JSON.stringify(each)));
      }
    }),
  );
});
