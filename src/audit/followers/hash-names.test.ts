import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import type { AuditEvent, Disclosure } from "../audit-event.ts";
import { reportEvent } from "../log/log-events.ts";
import { hashNames } from "./hash-names.ts";

const key = createSecretKey(Buffer.from("0123456789abcdef"));

const event: AuditEvent = {
  auditID: "id",
  stage: "ResponseComplete",
  door: "kubernetes",
  verb: "get",
  requestURI: "/api/v1/namespaces/prod/secrets/stripe%2Dkey?fieldSelector=metadata.name%3Dstripe-key",
  user: { username: "ann", groups: [] },
  sourceIPs: [],
  userAgent: "",
  objectRef: { resource: "secrets", namespace: "prod", name: "stripe-key", apiVersion: "v1" },
  responseStatus: {
    code: 404,
    reason: "NotFound",
    message: 'secrets "stripe-key" not found',
    details: { name: "stripe-key", kind: "secrets" },
  },
  requestReceivedTimestamp: "2026-01-02T03:04:05.000006Z",
  stageTimestamp: "2026-01-02T03:04:05.000007Z",
  annotations: {
    "authorization.k8s.io/decision": "allow",
    "authorization.k8s.io/reason": 'RBAC: allowed by RoleBinding "stripe-key-readers/prod"',
    "policy.example.com/note": "stripe-key",
  },
  requestObject: { metadata: { name: "stripe-key" } },
  responseObject: { metadata: { name: "stripe-key" } },
  disclosed: [{ namespace: "prod", name: "stripe-key", uid: "u", resourceVersion: "1", keys: ["token"] }],
  onBehalfOf: { pods: [{ namespace: "prod", name: "stripe-worker", uid: "p", node: "n1" }], others: 2 },
};

const hashed = hashNames(key)({ position: 3, event }).event;

test("The name of an object is nowhere, and the rest is there", () => {
  assert.ok(!JSON.stringify(hashed).includes("stripe"));
  const name = hashed.objectRef?.name ?? "";
  assert.match(name, /^hmac-[0-9a-f]{24}$/);
  assert.deepEqual(hashed.objectRef, { resource: "secrets", namespace: "prod", name, apiVersion: "v1" });
  assert.equal(hashed.requestURI, `/api/v1/namespaces/prod/secrets/${name}?...`);
  assert.deepEqual(hashed.responseStatus, { code: 404, reason: "NotFound" });
  assert.deepEqual(hashed.annotations, { "authorization.k8s.io/decision": "allow" });
  assert.match(hashed.onBehalfOf?.pods[0]?.name ?? "", /^hmac-/);
  assert.equal(hashed.onBehalfOf?.others, 2);
  assert.ok(Array.isArray(hashed.disclosed) && hashed.disclosed[0]?.name === name);
});

test("A link tells neither the name of what it shares nor that of what it makes", () => {
  const [read] = [event.disclosed].flat();
  const ofLink: AuditEvent = {
    ...event,
    user: { username: "link prod/stripe-key", groups: [] },
    disclosed: [{ ...(read as Disclosure), linkedFrom: "shared/stripe-source" }],
  };
  const told = hashNames(key)({ position: 3, event: ofLink }).event;
  assert.ok(!JSON.stringify(told).includes("stripe"), JSON.stringify(told));
  assert.equal(told.user.username, `link prod/${hashed.objectRef?.name}`);
  assert.match(JSON.stringify(told.disclosed), /"linkedFrom":"shared\/hmac-[0-9a-f]{24}"/);
  // Whoever is called otherwise stays.
  const other = hashNames(key)({ position: 3, event: { ...event, user: { username: "link of a chain", groups: [] } } });
  assert.equal(other.event.user.username, "link of a chain");
});

test("That entries are missing is told whole", () => {
  const fields = { segment: "0000000000000007.segment", fromEntry: 9, beforeEntry: 12 };
  const report = reportEvent(
    { message: "Entries cannot be read", fields },
    { now: () => new Date(0), uuid: () => "id" },
  );
  const told = hashNames(key)({ position: 3, event: report }).event;
  assert.deepEqual(told.annotations, report.annotations);
  assert.equal(told.annotations?.["strongroom.dev/fromEntry"], "9");
});

test("Another key gives another hash, the same key the same", () => {
  const name = (bytes: string) =>
    hashNames(createSecretKey(Buffer.from(bytes)))({ position: 0, event }).event.objectRef?.name;
  assert.equal(name("0123456789abcdef"), hashed.objectRef?.name);
  assert.notEqual(name("fedcba9876543210"), hashed.objectRef?.name);
});

test("A path that is no longer decodable is kept as it is", () => {
  const { requestURI } = hashNames(key)({ position: 0, event: { ...event, requestURI: "/a/%zz" } }).event;
  assert.equal(requestURI, "/a/%zz");
});
