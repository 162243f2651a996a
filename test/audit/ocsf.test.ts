/** Records of every kind as events of OCSF, against the tables of its schema. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { readReport } from "../../src/audit/cluster/reported-event.ts";
import { renderOcsf } from "../../src/audit/followers/render-ocsf.ts";
import { defaultAuthentication } from "../../src/doors/kubernetes/authentication/authentication-config.ts";
import { reported } from "../cluster-audit/reports.ts";
import { startTestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { ocsfClasses, ocsfObjects } from "./ocsf-tables.ts";
import type { OcsfTable } from "./ocsf-tables.ts";
import { sendAuditedCalls } from "./send-calls.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of any shape
type Plain = Record<string, any>;

const render = renderOcsf((entry) => entry, "1.2.3");

function ocsf(event: AuditEvent, position = 7): Plain[] {
  return render({ position, event }).map((text) => JSON.parse(text));
}

/** What is wrong with an object, by path. */
function faultsOf(value: Plain, table: OcsfTable, path: string): string[] {
  const missing = table.required
    .filter((name) => value[name] === undefined)
    .map((name) => `${path}.${name} is required`);
  const none = table.atLeastOne.length > 0 && !table.atLeastOne.some((name) => value[name] !== undefined);
  const one = none ? [`${path} has none of ${table.atLeastOne.join()}`] : [];
  const inside = Object.entries(value).flatMap(([name, item]) => {
    const place = `${path}.${name}`;
    const type = table.attributes[name];
    if (type === undefined) return [`${place} is no attribute`];
    const numbers = table.numbers[name];
    if (numbers !== undefined && !numbers.includes(item)) return [`${place} must not be ${item}`];
    if (!type.startsWith("[]")) return faultsOfValue(item, type, place);
    if (!Array.isArray(item)) return [`${place} must be a list`];
    return item.flatMap((each, index) => faultsOfValue(each, type.slice(2), `${place}[${index}]`));
  });
  return [...missing, ...one, ...inside];
}

function faultsOfValue(value: unknown, type: string, path: string): string[] {
  if (type === "text") return typeof value === "string" ? [] : [`${path} must be a text`];
  if (type === "integer") return Number.isSafeInteger(value) ? [] : [`${path} must be an integer`];
  if (type === "boolean") return typeof value === "boolean" ? [] : [`${path} must be true or false`];
  if (typeof value !== "object" || value === null) return [`${path} must be an object`];
  // `unmapped` holds whatever has no attribute.
  const table = ocsfObjects[type];
  return table === undefined ? [] : faultsOf(value, table, path);
}

/** As clusters report them: of somebody, of nobody, with an address that is none. */
test("What a cluster reports is valid, and says whose claim it is", () => {
  const now = new Date();
  const cluster = { name: "prod", namespacePrefix: "", tokenHashes: [], user: undefined };
  const reports = [
    reported("get", "alice", "team/db"),
    reported("list", "alice", ""),
    reported("get", "", "team/db", { user: {}, stage: "ResponseStarted", responseStatus: { code: 401 } }),
    reported("get", "eve", "team/db", { sourceIPs: ["nowhere"], stageTimestamp: "never", requestURI: "" }),
  ];
  for (const report of reports) {
    const read = readReport(report, cluster, now);
    const [event = assert.fail()] = read.type === "event" ? ocsf(read.event) : assert.fail();
    assertValid(event);
    assert.equal(event["unmapped"].reported.cluster, "prod");
  }
});

function assertValid(event: Plain): void {
  const table = ocsfClasses[String(event["class_uid"])];
  assert.ok(table !== undefined, `class ${event["class_uid"]}`);
  assert.deepEqual(faultsOf(event, table, ""), [], JSON.stringify(event));
  assert.equal(event["type_uid"], event["class_uid"] * 100 + event["activity_id"]);
  assert.equal(new Date(event["time"]).toISOString().slice(0, 4), event["metadata"].original_time.slice(0, 4));
}

const base: AuditEvent = {
  auditID: "id",
  stage: "ResponseComplete",
  door: "kubernetes",
  verb: "get",
  requestURI: "/api/v1/namespaces/a/secrets/db?x=1",
  user: { username: "ann", groups: ["devs"] },
  sourceIPs: ["192.0.2.7", "127.0.0.1"],
  userAgent: "kubectl",
  objectRef: { resource: "secrets", namespace: "a", name: "db", apiVersion: "v1" },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: "2026-01-02T03:04:05.000006Z",
  stageTimestamp: "2026-01-02T03:04:05.000007Z",
};

let recorded: AuditEvent[];
const folder = mkdtempSync(join(tmpdir(), "strongroom-ocsf-"));
after(() => rmSync(folder, { recursive: true, force: true }));

before(async () => {
  const tokenFile = join(folder, "tokens.csv");
  writeFileSync(
    tokenFile,
    'admin-token-0123456789,admin,admin,"system:masters"\nnobody-token-0123456789,nobody,nobody\n',
  );
  chmodSync(tokenFile, 0o600);
  await using server = await startTestServer({ authentication: { ...defaultAuthentication, tokenFile } });
  const tokenOf = (user: string) => `${user}-token-0123456789`;
  await sendAuditedCalls({ url: server.url, ca: server.credentials.ca, tokenOf });
  recorded = await auditEvents(server);
});

test("Everything that a server puts on record is valid, and intents are not told twice", () => {
  const events = recorded.flatMap((event, position) => ocsf(event, position));
  assert.ok(events.length > 40);
  for (const event of events) assertValid(event);
  assert.ok(!events.some(({ unmapped }) => unmapped.stage === "RequestReceived"));
  assert.ok(!JSON.stringify(events).includes("canary-in-audit"));
});

/** Records, and what they are in OCSF. */
const classified: readonly (readonly [name: string, event: Partial<AuditEvent>, type: number])[] = [
  ["a read", {}, 600302],
  ["a list", { verb: "list", objectRef: { resource: "secrets", apiVersion: "v1" } }, 600302],
  ["a watch", { verb: "watch", streamID: "s" }, 600302],
  ["a creation", { verb: "create" }, 600301],
  ["a patch", { verb: "patch" }, 600303],
  ["a deletion", { verb: "deletecollection" }, 600304],
  ["a refused credential", { responseStatus: { code: 401, reason: "Unauthorized" } }, 300201],
  [
    "a token",
    { verb: "create", objectRef: { resource: "serviceaccounts", subresource: "token", name: "app", apiVersion: "v1" } },
    300203,
  ],
  [
    "a certificate of the control socket",
    { door: "control-socket", verb: "create", sourceIPs: [], userAgent: "" },
    300203,
  ],
  [
    "a token review",
    { verb: "create", objectRef: { resource: "tokenreviews", apiGroup: "authentication.k8s.io", apiVersion: "v1" } },
    300299,
  ],
  [
    "a new role",
    {
      verb: "create",
      objectRef: { resource: "roles", apiGroup: "rbac.authorization.k8s.io", name: "r", apiVersion: "v1" },
    },
    300401,
  ],
  [
    "deleted bindings",
    {
      verb: "deletecollection",
      objectRef: { resource: "rolebindings", apiGroup: "rbac.authorization.k8s.io", apiVersion: "v1" },
    },
    300404,
  ],
  [
    "a read role",
    { objectRef: { resource: "roles", apiGroup: "rbac.authorization.k8s.io", name: "r", apiVersion: "v1" } },
    600302,
  ],
  [
    "a policy",
    {
      verb: "update",
      objectRef: { resource: "secretpolicies", apiGroup: "strongroom.dev", name: "p", apiVersion: "v1" },
    },
    300403,
  ],
  ["a verb that no table knows", { verb: "rotate" }, 600399],
];

for (const [name, event, type] of classified) {
  test(`In OCSF ${name} is ${type}`, () => {
    const [made] = ocsf({ ...base, ...event });
    assert.ok(made !== undefined);
    assertValid(made);
    assert.equal(made["type_uid"], type);
  });
}

test("An event of OCSF names who, from where, what and how it ended", () => {
  const [made] = ocsf({
    ...base,
    impersonatedUser: { username: "joe", groups: [] },
    responseStatus: { code: 403, reason: "Forbidden", message: "no" },
    annotations: { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "why" },
  });
  assert.ok(made !== undefined);
  assertValid(made);
  assert.deepEqual(made["actor"], {
    user: { name: "ann", type_id: 1, type: "User", groups: [{ name: "devs" }] },
    invoked_by: "joe",
    authorizations: [{ decision: "forbid", policy: { name: "why" } }],
  });
  // A header claims what it likes: the source is who is connected.
  assert.deepEqual(made["src_endpoint"], { ip: "127.0.0.1" });
  assert.deepEqual(made["http_request"].x_forwarded_for, ["192.0.2.7"]);
  assert.deepEqual(made["http_request"].url, { path: "/api/v1/namespaces/a/secrets/db", query_string: "x=1" });
  assert.equal(made["status_id"], 2);
  assert.equal(made["severity_id"], 2);
  assert.equal(made["status_detail"], "no");
});

test("A list of 250 secrets is three events with every name, each with a uid of its own", () => {
  const disclosed = Array.from({ length: 250 }, (_, index) => ({
    namespace: "a",
    name: `s-${index}`,
    uid: `u-${index}`,
    resourceVersion: String(index),
    keys: ["password"],
  }));
  const made = ocsf({ ...base, stage: "Disclosed", verb: "list", disclosed });
  assert.equal(made.length, 3);
  for (const event of made) assertValid(event);
  assert.equal(new Set(made.map(({ metadata }) => metadata.uid)).size, 3);
  const resources = made.flatMap((event) => event["resources"]);
  assert.deepEqual(
    resources.map(({ name }) => name),
    disclosed.map(({ name }) => name),
  );
  assert.deepEqual(resources[0].labels, ["values", "key:password"]);
});

test("A record of watches has no user, and says which streams it is about", () => {
  const [made] = ocsf({
    ...base,
    stage: "Disclosed",
    verb: "watch",
    requestURI: "",
    user: { username: "", groups: [] },
    sourceIPs: [],
    userAgent: "",
    streams: ["one", "two"],
    metadataOnly: true,
    disclosed: [{ namespace: "a", name: "db", uid: "u", resourceVersion: "1" }],
  });
  assert.ok(made !== undefined);
  assertValid(made);
  assert.deepEqual(made["unmapped"].streams, ["one", "two"]);
  assert.deepEqual(made["resources"][0].labels, ["metadata-only"]);
});

test("Bodies never go out in OCSF", () => {
  const [made] = ocsf({ ...base, requestObject: { body: 1 }, responseObject: { body: 2 } });
  assert.ok(!JSON.stringify(made).includes("body"));
});
