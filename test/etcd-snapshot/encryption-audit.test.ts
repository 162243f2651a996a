/** strongroom encryption audit on snapshots that an unmodified etcd made. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import type { EncryptionAnswer } from "../../src/cli/encryption-audit.ts";
import { EtcdSnapshot } from "../../src/etcd-snapshot/etcd-snapshot.ts";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "../sight/answer-schema.ts";
import { runIn } from "../sight/run-sight.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import type { RealEtcd } from "../support/real-etcd.ts";

const canary = "hunter2-of-the-snapshot";
const clear = `k8s\0${canary}`;
const under = (key: string, bytes = 0) => Buffer.from(`k8s:enc:aescbc:v1:${key}:${canary}${"x".repeat(bytes)}`);

/** 200 secrets, written again in the order of a rotation that did not end; pods beside them. */
async function fill(etcd: RealEtcd): Promise<void> {
  const secret = (index: number) => `/registry/secrets/ns-${index % 3}/s${index}`;
  const all = Array.from({ length: 200 }, (_, index) => index);
  for (const index of all) await etcd.put(secret(index), clear);
  for (const index of all.slice(0, 150)) await etcd.put(secret(index), under("key1", index === 7 ? 900_000 : 2000));
  for (const index of all.slice(0, 50)) await etcd.put(secret(index), under("key2"));
  await etcd.put("/registry/pods/ns-0/p", clear);
  await etcd.put("compact_rev_key", "1");
  await etcd.etcdctl("del", secret(49));
  await etcd.etcdctl("del", secret(199));
  await etcd.put(secret(0), under("key2"));
}

async function audited(home: TestHome, ...args: string[]): Promise<EncryptionAnswer> {
  const { code, stdout, stderr } = await runIn(home.path, "encryption", "audit", ...args, "-o", "json");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.ok(!stdout.includes(canary));
  const answer = JSON.parse(stdout) as EncryptionAnswer;
  assert.deepEqual(shapeErrors("encryption-audit", answer), []);
  return answer;
}

test("encryption audit counts what a real etcd holds, from its snapshot and from its database", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  await fill(etcd);
  await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));

  const answer = await audited(home, "--etcd-snapshot", "etcd.db");
  const counted = await etcd.etcdctl("get", "/registry/", "--prefix", "--keys-only", "-w", "json");
  assert.equal(answer.objects, JSON.parse(counted).count);
  assert.equal(answer.newestRevision, JSON.parse(counted).header.revision);
  assert.ok(answer.source.kind === "snapshot" && answer.source.hash === "verified");
  const secrets = answer.resources.find(({ resource }) => resource === "secrets");
  assert.ok(secrets !== undefined);
  assert.deepEqual(
    secrets.forms.map(({ key = "clear", objects, stale, superseded }) => [key, objects, stale, superseded?.revisions]),
    [
      ["key2", 49, false, 2],
      ["key1", 100, true, 50],
      ["clear", 49, true, 151],
    ],
  );
  assert.deepEqual([secrets.inTheClear, secrets.stale, secrets.superseded?.inTheClear], [49, 149, 151]);

  // What was superseded goes by compaction, and the free pages by defragmentation.
  await etcd.etcdctl("compact", String(answer.newestRevision), "--physical");
  await etcd.etcdctl("defrag");
  await etcd.etcdctl("snapshot", "save", home.at("compacted.db"));
  const compacted = await audited(home, "--etcd-snapshot", "compacted.db");
  assert.deepEqual(compacted.resources.find(({ resource }) => resource === "secrets")?.superseded, {
    revisions: 0,
    inTheClear: 0,
  });
  assert.equal(compacted.objects, answer.objects);

  await etcd.stop();
  copyFileSync(etcd.databasePath, home.at("db"));
  const database = await audited(home, "--etcd-snapshot", "db");
  assert.ok(database.source.kind === "database" && database.source.hash === "none");
  assert.deepEqual(database.resources, compacted.resources);
});

test("encryption audit finds what was left behind in free pages, until etcd is defragmented", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  const value = `k8s\0\n\u000c\n\u0002v1${canary}`;
  for (let index = 0; index < 100; index++) await etcd.put(`/registry/secrets/a/s${index}`, value);
  await etcd.put("/registry/cert-manager.io/certificates/a/c", value);
  for (let index = 0; index < 100; index++) await etcd.put(`/registry/secrets/a/s${index}`, under("key1"));
  await etcd.etcdctl("del", "/registry/cert-manager.io/certificates/a/c");
  const revision = JSON.parse(await etcd.etcdctl("get", "none", "-w", "json")).header.revision;
  await etcd.etcdctl("compact", String(revision), "--physical");
  const secretsAfter = async (name: string) => {
    await etcd.etcdctl("snapshot", "save", home.at(name));
    const { resources } = await audited(home, "--etcd-snapshot", name);
    const left = Object.fromEntries(resources.map(({ resource, leftBehind }) => [resource, leftBehind?.inTheClear]));
    const secrets = resources.find(({ resource }) => resource === "secrets");
    assert.deepEqual([secrets?.objects, secrets?.inTheClear, secrets?.superseded?.inTheClear], [100, 0, 0]);
    const { code } = await runIn(home.path, "encryption", "audit", "--etcd-snapshot", name, "--fail-on", "left-behind");
    assert.equal(code, secrets?.leftBehind?.inTheClear === 0 ? 0 : 5);
    return { left, isThere: readFileSync(home.at(name)).includes(value) };
  };
  const compacted = await secretsAfter("compacted.db");
  assert.ok(compacted.isThere && (compacted.left["secrets"] ?? 0) > 0, JSON.stringify(compacted));
  await etcd.etcdctl("defrag");
  assert.deepEqual(await secretsAfter("defragmented.db"), { left: { secrets: 0 }, isThere: false });
});

test("EtcdSnapshot.current gives the keys and values that etcdctl gives", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  await fill(etcd);
  await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
  const { kvs } = JSON.parse(await etcd.etcdctl("get", "", "--prefix", "-w", "json")) as {
    readonly kvs: readonly { readonly key: string; readonly value: string; readonly mod_revision: number }[];
  };
  using snapshot = EtcdSnapshot.open(home.at("etcd.db"));
  const current = Array.from(snapshot.current(), ({ key, value, modRevision }) => ({
    key: key.toString("base64"),
    value: value.toString("base64"),
    revision: modRevision,
  }));
  const byKey = <T extends { readonly key: string }>(list: T[]) => list.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  assert.deepEqual(
    byKey(current),
    byKey(kvs.map(({ key, value, mod_revision }) => ({ key, value, revision: mod_revision }))),
  );
});

test("encryption audit ends with 5 for what --fail-on names, and only for the resources it is about", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  await etcd.put("/registry/secrets/a/db", clear);
  await etcd.put("/registry/secrets/a/db", under("key1"));
  await etcd.put("/registry/secrets/a/other", under("key2"));
  await etcd.put("/registry/configmaps/a/c", clear);
  await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
  const codeOf = async (...args: string[]) => {
    const { code, stdout, stderr } = await runIn(
      home.path,
      "encryption",
      "audit",
      "--etcd-snapshot",
      "etcd.db",
      ...args,
    );
    assert.ok(!`${stdout}${stderr}`.includes(canary));
    return code;
  };
  assert.equal(await codeOf(), 0);
  assert.equal(await codeOf("--fail-on", "clear"), 0);
  assert.equal(await codeOf("--fail-on", "stale"), 5);
  assert.equal(await codeOf("--fail-on", "clear", "--fail-on", "history"), 5);
  assert.equal(await codeOf("--fail-on", "clear", "--resource", "configmaps"), 5);
  assert.equal(await codeOf("--fail-on", "stale", "--resource", "configmaps"), 0);
  assert.equal(await codeOf("--fail-on", "everything"), 2);

  const configure = (name: string, keys: string) => {
    const providers = `[{aescbc: {keys: [${keys}]}}]`;
    const rules = `[{resources: [secrets, configmaps], providers: ${providers}}]`;
    const type = "apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration";
    writeFileSync(home.at(name), `{${type}, resources: ${rules}}`);
    return ["--encryption-provider-config", name];
  };
  const both = configure("both.yaml", "{name: key1, secret: hunter2}, {name: key2, secret: hunter2}");
  const one = configure("one.yaml", "{name: key1, secret: hunter2}");
  assert.equal(await codeOf("--fail-on", "unreadable"), 2);
  assert.equal(await codeOf("--fail-on", "unreadable", "--resource", "secrets", ...both), 0);
  assert.equal(await codeOf("--fail-on", "unreadable", "--resource", "secrets", ...one), 5);
  // Config maps are to be encrypted by both, and are not.
  assert.equal(await codeOf("--fail-on", "clear", ...both), 5);
  const { stdout } = await runIn(home.path, "encryption", "audit", "--etcd-snapshot", "etcd.db", ...one, "--names");
  assert.match(
    stdout,
    /^secrets: 1 CANNOT BE READ with this configuration: it does not have their provider and key\.$/m,
  );
  assert.match(stdout, /^secrets, aescbc key2, stale, not readable:\n {2}a\/other$/m);
});

test("encryption audit says it to people, and names objects when asked", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  await etcd.put("/registry/secrets/a/db", clear);
  await etcd.put("/registry/secrets/a/other", under("key2"));
  await etcd.put("/registry/secrets/a/\u001b[2J", clear);
  await etcd.put("/registry/secrets/a/other", under("key2"));
  await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
  const { stdout } = await runIn(home.path, "encryption", "audit", "--etcd-snapshot", "etcd.db", "--names");
  assert.match(stdout, /^secrets +1 +aescbc key2 +0 +1 +\d+\n +2 +in the clear \(protobuf\) +2 +0 +\d+$/m);
  assert.match(stdout, /^secrets: 3 objects, 2 IN THE CLEAR, 2 stale; the newest write is aescbc key2\.$/m);
  assert.match(stdout, /^secrets, in the clear \(protobuf\), stale:\n {2}a\/\\u\{1b\}\[2J\n {2}a\/db$/m);
  const json = await runIn(home.path, "encryption", "audit", "--etcd-snapshot", "etcd.db", "--names", "-o", "json");
  const yaml = await runIn(home.path, "encryption", "audit", "--etcd-snapshot", "etcd.db", "--names", "-o", "yaml");
  assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout));
});

test("encryption audit refuses what is no snapshot, and a prefix that nothing begins with, and says why", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  for (let index = 0; index < 300; index++) await etcd.put(`/elsewhere/secrets/a/${index}`, under("key1", 300));
  await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await runIn(home.path, "encryption", "audit", ...args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.ok(!stderr.includes(canary));
    return stderr;
  };
  assert.match(
    await refused("--etcd-snapshot", "etcd.db"),
    /must begin with \/registry\/, and all begin with \/elsewhere \(300\)/,
  );
  const found = await audited(home, "--etcd-snapshot", "etcd.db", "--etcd-prefix", "/elsewhere");
  assert.equal(found.objects, 300);

  const whole = readFileSync(home.at("etcd.db"));
  writeFileSync(home.at("cut.db"), whole.subarray(0, whole.length - 4096));
  assert.match(
    await refused("--etcd-snapshot", "cut.db"),
    /cut\.db: the file, of \d+ bytes, must hold the \d+ pages of 4096 bytes/,
  );
  writeFileSync(home.at("cut.db"), whole.subarray(0, 5000));
  assert.match(await refused("--etcd-snapshot", "cut.db"), /must be whole/);
  const changed = Buffer.from(whole);
  changed[20_000] = (changed[20_000] ?? 0) ^ 1;
  writeFileSync(home.at("changed.db"), changed);
  assert.match(await refused("--etcd-snapshot", "changed.db"), /must be the SHA-256 of what is before them/);
  writeFileSync(home.at("text"), "apiVersion: v1\n".repeat(512));
  assert.match(await refused("--etcd-snapshot", "text"), /magic number of bbolt/);
  assert.match(await refused(), /must be named/);
});
