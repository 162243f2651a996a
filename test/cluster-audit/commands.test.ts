/** What the commands about the audit log say of clusters, and log files of a cluster that are sent by one. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { run } from "../sight/run-sight.ts";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { auditEvents } from "../support/audit-events.ts";
import { startTestServer } from "../running-server.ts";
import { post, reported, reporting, webhookKubeconfig } from "./reports.ts";

const [prod, quiet] = [reporting("prod", "prod-"), reporting("quiet", "quiet-")];
const silent = { name: "silent", prefix: "/registry", namespacePrefix: "silent-", clientAuthoritiesFile: undefined };
const server = await startTestServer({
  reportingClusters: [prod.cluster, quiet.cluster],
  etcd: { host: "127.0.0.1", port: 0, clusters: [silent] },
});
const folder = mkdtempSync(join(tmpdir(), "strongroom-import-"));
after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
const kubeconfig = join(folder, "webhook.kubeconfig");
writeFileSync(kubeconfig, webhookKubeconfig(server, prod));

const audit = (...words: string[]) => run("audit", ...words, "--kubeconfig", server.kubeconfig);
const imported = (...words: string[]) => run("audit", "import", ...words, "--kubeconfig", kubeconfig);

test("who-read says whose readers are not known: of a cluster that does not send its audit, or has not yet", async () => {
  const silence = (await audit("who-read", "silent-team/db")).stdout;
  assert.match(silence, /^silent-team\/db: nobody is on record as having received values of it\.$/m);
  assert.match(silence, /^Readers inside cluster silent are not known: it does not send its audit\.$/m);
  assert.match(
    (await audit("who-read", "quiet-team/db")).stdout,
    /^Readers inside cluster quiet are not known: nothing of its audit has come yet\.$/m,
  );
  await create(server, secretsPath, secret("own"));
  assert.doesNotMatch((await audit("who-read", "default/own")).stdout, /cluster/);
});

test("who-read names a cluster's reader as what the cluster says, and what its lists count for", async () => {
  await post(server, "prod", prod.token, [reported("get", "ann", "team/db"), reported("list", "lister", "team")]);
  const { stdout } = await audit("who-read", "prod-team/db");
  assert.match(stdout, /^ann in cluster prod, as it says: 1 read, last \S+Z\n {2}by get 1\n {2}from 10\.1\.2\.3$/m);
  assert.match(stdout, /^lister in cluster prod, as it says: 1 read, 1 of all secrets there, last \S+Z$/m);
  assert.match(
    stdout,
    /^Lists and watches in clusters do not tell what they returned; they count whenever they were: /m,
  );
  const json = JSON.parse((await audit("who-read", "prod-team/db", "-o", "json")).stdout);
  assert.deepEqual(
    json.readers.map(({ user, cluster, scoped }: Record<string, unknown>) => [user, cluster, scoped]).sort(),
    [
      ["ann", "prod", 0],
      ["lister", "prod", 1],
    ],
  );
  assert.match(
    (await audit("by", "ann")).stdout,
    /ann +get +secrets prod-team\/db +allow +200 +cluster:prod +10\.1\.2\.3 +cluster prod$/m,
  );
});

test("who-did reads what a cluster reported out of an export as it reads a log of that cluster", async () => {
  const reports = (await auditEvents(server)).filter(({ reported: of }) => of !== undefined);
  const log = join(folder, "export.log");
  writeFileSync(log, reports.map((event) => JSON.stringify(event)).join("\n"));
  const { stdout, stderr } = await run("who-did", "prod-team/db", "--audit", log);
  assert.match(stdout, /ann: 1 read \(get 1\)/, stderr);
  assert.match(stdout, /lister: 1 read \(list 1\)/);
});

test("import sends log files of a cluster once, without values and what is not about secrets", async () => {
  const logs = join(folder, "logs");
  mkdirSync(logs);
  const event = (user: string, more: object = {}) => ({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    ...reported("get", user, "team/imported", more),
  });
  const withBody = event("with-body", { responseObject: { kind: "Secret", data: { a: "Y2FuYXJ5LWltcG9ydA==" } } });
  const own = { ...event("own"), door: "kubernetes" };
  const lines = [event("one"), withBody, own, event("pod", { objectRef: { resource: "pods", name: "x" } })];
  const text = lines.map((line) => JSON.stringify(line)).join("\n");
  writeFileSync(join(logs, "audit.log"), `${text}\n{"kind":"Event","audit`);
  const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", items: [event("listed")] };
  writeFileSync(join(logs, "audit-old.log.gz"), gzipSync(`${JSON.stringify(list)}\n`));
  const many = Array.from({ length: 900 }, (_, index) => JSON.stringify(event(`many-${index}`)));
  writeFileSync(join(logs, "many.log"), many.join("\n"));
  const first = await imported(logs);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stdout, "kept 903, repeated 0, passed over 2, unreadable 1\n");
  assert.equal(
    (await imported(logs, "--cluster", "prod")).stdout,
    "kept 0, repeated 903, passed over 2, unreadable 1\n",
  );
  const { stdout } = await audit("who-read", "prod-team/imported", "--limit", "1000", "-o", "json");
  const { total, readers } = JSON.parse(stdout);
  assert.equal(total, 904);
  assert.ok(readers.some(({ user }: { user: string }) => user === "with-body"));
  assert.doesNotMatch(JSON.stringify(await auditEvents(server)), /Y2FuYXJ5LWltcG9ydA|canary-import/);
});

test("import refuses what cannot be sent, and says why", async () => {
  const refusals: readonly (readonly [words: string[], code: number, message: RegExp])[] = [
    [[], 2, /the audit logs must be named/],
    [[join(folder, "none.log")], 2, /the audit logs must be readable: ENOENT/],
    [[folder, "--cluster", "other"], 2, /--cluster must be the cluster of the kubeconfig, or be left out/],
  ];
  for (const [words, code, message] of refusals) {
    const ended = await imported(...words);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
  }
  assert.match((await run("audit", "import", folder)).stderr, /the kubeconfig must be named/);
  const log = join(folder, "one.log");
  writeFileSync(log, `${JSON.stringify(reported("get", "eve", "team/db"))}\n`);
  const asAdmin = await run("audit", "import", log, "--kubeconfig", server.kubeconfig, "--cluster", "prod");
  assert.equal(asAdmin.code, 1);
  assert.match(asAdmin.stderr, /right|403|forbidden/i);
  assert.match(
    (await run("audit", "import", log, "--kubeconfig", server.kubeconfig)).stderr,
    /the cluster must be named, by --cluster or by the address in the kubeconfig/,
  );
});
