/**
 * Our events beside those of a kube-apiserver for the same requests: recorded, and live where KUBE_APISERVER names one. What differs on
 * purpose is listed here, with the reason.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kubernetesEvents } from "../../src/audit/kubernetes/kubernetes-event.ts";
import { readAuditPolicy } from "../../src/audit/policy/policy-reader.ts";
import { defaultAuthentication } from "../../src/doors/kubernetes/authentication/authentication-config.ts";
import { startTestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { noRealApiserver } from "../support/real-apiserver.ts";
import { normalisedEvents } from "./normalised-events.ts";
import type { PlainEvent } from "./normalised-events.ts";
import { recordUpstream } from "./record-upstream.ts";
import { sendAuditedCalls } from "./send-calls.ts";
import { auditedCalls, policyText } from "./upstream-requests.ts";

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "recorded-upstream.json"), "utf8")) as Record<
  string,
  PlainEvent[]
>; // written by record-upstream.ts

/** Fields that ours have beside upstream's, or that say it in other words. Paths end where `*` matches the rest. */
const ours: readonly { readonly path: RegExp; readonly calls?: readonly string[]; readonly reason: string }[] = [
  { path: /^annotations\.audit\.strongroom\.dev\//, reason: "what upstream has no field for" },
  { path: /^annotations\.authorization\.k8s\.io\/reason$/, reason: "ours names what allowed or refused it" },
  {
    path: /^objectRef\.(uid|resourceVersion)$/,
    reason: "ours says which state it was, upstream what the request said",
  },
  {
    path: /^responseStatus\./,
    calls: ["no-such-resource"],
    reason: "a resource that this server does not have is a page that does not exist",
  },
  {
    path: /^responseStatus\./,
    calls: ["as-group-alone"],
    reason:
      "to act as a group and no user is a mistake of the caller: 400, where upstream has a failure of its own, 500",
  },
  { path: /^responseStatus\.details$/, calls: ["method"], reason: "details without anything in them are left out" },
  { path: /^objectRef\.name$/, calls: ["create-generated"], reason: "ours says which name was generated" },
  {
    path: /^(responseStatus|responseObject)\.(message|details)/,
    calls: [
      "role-invalid",
      "create-unnamed",
      "create-other-namespace",
      "create-media-type",
      "update-other-name",
      "list-bad-selector",
      "list-bad-limit",
    ],
    reason: "what is wrong with what was sent is told by quoting it, which no record does",
  },
  {
    path: /^requestObject\.rules\[0\]\.verbs$/,
    calls: ["role-invalid"],
    reason: "an empty list that must not be left out is null here",
  },
];

let mine: Record<string, PlainEvent[]>;
let log: string;
const folder = mkdtempSync(join(tmpdir(), "strongroom-upstream-"));
after(() => rmSync(folder, { recursive: true, force: true }));

before(async () => {
  const tokenFile = join(folder, "tokens.csv");
  writeFileSync(
    tokenFile,
    'admin-token-0123456789,admin,admin,"system:masters"\nnobody-token-0123456789,nobody,nobody\n',
  );
  chmodSync(tokenFile, 0o600);
  const policy = readAuditPolicy(policyText);
  await using server = await startTestServer({
    authentication: { ...defaultAuthentication, tokenFile },
    auditOutput: { policy, followers: [], warnings: [] },
  });
  await sendAuditedCalls({
    url: server.url,
    ca: server.credentials.ca,
    tokenOf: (user) => `${user}-token-0123456789`,
  });
  const records = await auditEvents(server);
  log = JSON.stringify(records);
  mine = normalisedEvents(records.flatMap((event) => kubernetesEvents(event, policy) as unknown as PlainEvent[])); // plain objects
});

/** Every path of an event with its value: `user.groups[0]`. */
function leaves(value: unknown, path = ""): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[path, Array.isArray(value) ? "[]" : "{}"]];
  return entries.flatMap(([name, item]) =>
    leaves(item, Array.isArray(value) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`),
  );
}

function comparable(event: PlainEvent, call: string): Record<string, unknown> {
  return Object.fromEntries(
    leaves(event).filter(
      ([path]) => !ours.some((known) => known.path.test(path) && (known.calls?.includes(call) ?? true)),
    ),
  );
}

/** Nobody may be anonymous here unless a path is named: a request without a credential is as one with a wrong one. */
const compared = auditedCalls.filter(({ name }) => name !== "anonymous");

for (const { name, method, path } of compared) {
  test(`Events of ${name} (${method} ${path.slice(0, 80)}) are upstream's, field by field`, () => {
    const theirs = recorded[name] ?? [];
    assert.deepEqual(
      (mine[name] ?? []).map((event) => event["stage"]),
      theirs.map((event) => event["stage"]),
    );
    for (const [index, event] of theirs.entries()) {
      assert.deepEqual(comparable(mine[name]?.[index] ?? {}, name), comparable(event, name), String(event["stage"]));
    }
  });
}

test("Every field that upstream's events have is one of ours", () => {
  const fields = (events: Record<string, PlainEvent[]>) =>
    new Set(
      Object.values(events)
        .flat()
        .flatMap((event) => leaves(event).map(([path]) => path.replace(/\[\d+\]/g, "[]"))),
    );
  const known = fields(mine);
  const bodies = /^(requestObject|responseObject)\./;
  const missing = [...fields(recorded)].filter((path) => !known.has(path) && !bodies.test(path));
  assert.deepEqual(
    missing.filter((path) => !/^responseStatus\.details(\.causes|$)/.test(path)),
    [],
  );
});

test("No value that was sent is on record", () => {
  assert.ok(!log.includes("canary-in-audit"));
  assert.ok(!log.includes(Buffer.from("canary-in-audit").toString("base64")));
});

if (noRealApiserver() === undefined) {
  test("The kube-apiserver of this machine records what is recorded here", async () => {
    assert.deepEqual(await recordUpstream(), recorded);
  });
}
