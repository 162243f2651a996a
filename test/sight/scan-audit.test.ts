/** `strongroom scan --audit`: what logs show of secrets changes what is found about them, and nothing else. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "./answer-schema.ts";
import { runIn } from "./run-sight.ts";

const cluster = `
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: prod}
type: Opaque
---
apiVersion: v1
kind: Secret
metadata: {name: lonely, namespace: prod}
type: Opaque
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: prod}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec: {template: {spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: prod}
rules: [{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [db]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r, namespace: prod}
roleRef: {kind: Role, name: r}
subjects: [{kind: Group, name: "system:authenticated"}]
`;

let ids = 0;
function line(user: string, name: string, code: number, more: object = {}): string {
  const objectRef = { resource: "secrets", namespace: "prod", ...(name === "" ? {} : { name }), apiVersion: "v1" };
  return JSON.stringify({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: `id-${ids++}`,
    stage: "ResponseComplete",
    requestURI: `/api/v1/namespaces/prod/secrets/${name}`,
    verb: name === "" ? "list" : "get",
    user: { username: user },
    objectRef,
    responseStatus: { code },
    requestReceivedTimestamp: "2026-03-01T10:00:00.000000Z",
    ...more,
  });
}

interface Found {
  readonly check: string;
  readonly score: {
    readonly value: number;
    readonly factors: readonly { name: string; value: number; because: string }[];
  };
  readonly message: string;
  readonly evidence: readonly { readonly text: string }[];
}

async function scanWith(lines: readonly string[] | undefined) {
  using home = new TestHome();
  writeFileSync(home.at("cluster.yaml"), cluster);
  writeFileSync(home.at("audit.log"), `${(lines ?? []).join("\n")}\n`);
  const flags = lines === undefined ? [] : ["--audit", "audit.log"];
  const ran = await runIn(home.path, "scan", "--dump", "cluster.yaml", "-o", "json", ...flags);
  assert.deepEqual([ran.code, ran.stderr], [0, ""]);
  const report = JSON.parse(ran.stdout);
  assert.deepEqual(shapeErrors("scan-report", report), []);
  const findings: readonly Found[] = report.findings;
  const atRisk = findings.find(({ check }) => check === "SR-RSK-001");
  assert.ok(atRisk !== undefined);
  return { report, atRisk, unused: findings.find(({ check }) => check === "SR-LIFE-002") };
}

test("A secret that somebody was refused weighs more, by a factor that is shown with who it was", async () => {
  const before = await scanWith(undefined);
  const after = await scanWith([line("eve", "db", 403), line("eve", "db", 403), line("", "db", 401)]);
  assert.equal(before.report.coverage.audit, undefined);
  const factor = after.atRisk.score.factors.find(({ name }) => name === "evidence");
  const because = "refused 3 times, to eve, somebody without a credential that counts";
  assert.deepEqual(factor, { name: "evidence", value: 1.1, because });
  assert.ok(after.atRisk.message.endsWith(`; in the logs: ${because}`));
  assert.ok(after.atRisk.score.value > before.atRisk.score.value);
  assert.ok(after.atRisk.evidence.some(({ text }) => text === `in the logs: ${because}`));
  assert.equal(after.report.coverage.audit.requests, 3);
});

test("What kubelets are refused, what is refused of other things, and what is read changes no risk", async () => {
  const before = await scanWith(undefined);
  const { atRisk, report } = await scanWith([
    line("system:node:n1", "db", 403),
    line("eve", "other", 403),
    line("eve", "", 403),
    line("eve", "db", 404),
    line("jane", "db", 200),
  ]);
  assert.deepEqual(atRisk.score, before.atRisk.score);
  assert.ok(report.coverage.audit.limits.length > 0);
});

test("A secret that was read by its name is not unused; a list says nothing of it, nor does a refusal", async () => {
  const unusedWith = async (lines: readonly string[]) => (await scanWith(lines)).unused?.message;
  const nothing = "Nothing that is known uses Secret prod/lonely";
  assert.equal((await scanWith(undefined)).unused?.message, nothing);
  assert.equal(await unusedWith([line("jane", "", 200), line("eve", "lonely", 403)]), nothing);
  assert.equal(await unusedWith([line("jane", "lonely", 200)]), undefined);
  const own = { door: "kubernetes", disclosed: [{ namespace: "prod", name: "lonely" }], metadataOnly: true };
  assert.equal(await unusedWith([line("jane", "lonely", 200, own)]), nothing, "metadata alone");
  assert.equal(await unusedWith([line("jane", "lonely", 200, { ...own, metadataOnly: false })]), undefined);
});

test("The table says which logs were read and what they cannot say; --since alone is refused", async () => {
  using home = new TestHome();
  writeFileSync(home.at("cluster.yaml"), cluster);
  writeFileSync(home.at("audit.log"), `${line("eve", "db", 403)}\n`);
  const ran = await runIn(home.path, "scan", "--dump", "cluster.yaml", "--audit", "audit.log");
  assert.match(ran.stdout, /Audit: 1 file, 1 request,\s+from 2026-03-01T10:00:00.000Z/);
  assert.match(ran.stdout, /^- Limit: /m);
  const alone = await runIn(home.path, "scan", "--dump", "cluster.yaml", "--since", "1d");
  assert.equal(alone.code, 2);
  assert.match(alone.stderr, /--since needs --audit PATH/);
});
