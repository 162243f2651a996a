/** An etcd that runs, as strongroom encryption audit reads it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import type { EncryptionAnswer } from "../../src/cli/encryption-audit.ts";
import { KeyValue, RangeResponse } from "../../src/doors/etcd/messages/kv.ts";
import { EtcdReader } from "../../src/etcd-client/etcd-reader.ts";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "../sight/answer-schema.ts";
import { runIn } from "../sight/run-sight.ts";
import { makeCertificates } from "../support/certificates.ts";
import { startGrpcServer } from "../support/grpc-server.ts";
import { startRealEtcd } from "../support/real-etcd.ts";

const canary = "hunter2-of-the-etcd";
const clear = `k8s\0${canary}`;

async function keysOf(reader: EtcdReader, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of reader.below(prefix)) keys.push(key.toString());
  return keys;
}

test("encryption audit --etcd counts what its snapshot says, but for history", async () => {
  using home = new TestHome();
  await using etcd = await startRealEtcd();
  for (let index = 0; index < 30; index++) await etcd.put(`/registry/secrets/a/s${index}`, clear);
  for (let index = 0; index < 20; index++) {
    await etcd.put(`/registry/secrets/a/s${index}`, `k8s:enc:secretbox:v1:key1:${canary}`);
  }
  await etcd.put("/registry2/secrets/a/other", clear);
  await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
  const ask = async (...source: string[]) => {
    const ran = await runIn(home.path, "encryption", "audit", ...source, "-o", "json");
    assert.deepEqual([ran.code, ran.stderr], [0, ""]);
    assert.ok(!ran.stdout.includes(canary));
    const answer = JSON.parse(ran.stdout) as EncryptionAnswer;
    assert.deepEqual(shapeErrors("encryption-audit", answer), []);
    return answer;
  };
  const live = await ask("--etcd", "http://127.0.0.1:1", "--etcd", etcd.url);
  const file = await ask("--etcd-snapshot", "etcd.db");
  const counts = ({ resources }: EncryptionAnswer) =>
    resources.map(({ resource, objects, inTheClear, stale }) => ({ resource, objects, inTheClear, stale }));
  assert.deepEqual(counts(live), [{ resource: "secrets", objects: 30, inTheClear: 10, stale: 10 }]);
  assert.deepEqual(counts(live), counts(file));
  assert.deepEqual(live.source, { kind: "etcd", name: etcd.url, revisions: { first: 52, last: 52 } });
  assert.deepEqual(
    [live.resources[0]?.superseded, live.resources[0]?.leftBehind, live.limits.length],
    [undefined, undefined, 1],
  );

  const failing = await runIn(home.path, "encryption", "audit", "--etcd", etcd.url, "--fail-on", "clear");
  assert.equal(failing.code, 5);
  assert.match(failing.stdout, /^secrets +20 +secretbox key1 +0\n +10 +in the clear \(protobuf\) +10$/m);
  const refused = async (...args: string[]) => {
    const { code, stderr } = await runIn(home.path, "encryption", "audit", ...args);
    assert.equal(code, 2);
    return stderr;
  };
  assert.match(await refused("--etcd", etcd.url, "--fail-on", "history"), /must be asked of a snapshot/);
  assert.match(await refused("--etcd", etcd.url, "--etcd-snapshot", "etcd.db"), /one source must be named/);
  assert.match(await refused("--etcd", "127.0.0.1:2379"), /must be https:\/\/HOST:PORT/);
  assert.match(
    await refused("--etcd", etcd.url, "--etcd-prefix", "/other"),
    /all begin with \/registry \(30\), \/registry2 \(1\)/,
  );
  const nobody = await runIn(home.path, "encryption", "audit", "--etcd", "http://127.0.0.1:1");
  assert.equal(nobody.code, 4);
  assert.match(nobody.stderr, /an etcd must answer: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
});

test("encryption audit --etcd speaks TLS with the files that etcdctl takes", async () => {
  using home = new TestHome();
  const { ca, server, client } = makeCertificates();
  const write = (name: string, text: string) => (writeFileSync(home.at(name), text, { mode: 0o600 }), home.at(name));
  const [caFile, cert, key] = [
    write("ca.crt", ca.certPem),
    write("c.crt", client.certPem),
    write("c.key", client.keyPem),
  ];
  const own = ["--cert-file", write("s.crt", server.certPem), "--key-file", write("s.key", server.keyPem)];
  await using etcd = await startRealEtcd([...own, "--client-cert-auth", "--trusted-ca-file", caFile], "https");
  const tls = ["--cacert", caFile, "--cert", cert, "--key", key];
  await etcd.etcdctl(...tls, "put", "/registry/secrets/a/s", clear.replace("\0", ""));
  const audit = (...args: string[]) => runIn(home.path, "encryption", "audit", "--etcd", etcd.url, ...args);
  const answered = await audit("--cacert", "ca.crt", "--cert", "c.crt", "--key", "c.key");
  assert.equal(answered.code, 0);
  assert.match(answered.stdout, /1 objects below \/registry/);
  for (const args of [
    ["--cacert", "ca.crt"],
    ["--cert", "c.crt", "--key", "c.key"],
  ]) {
    const { code, stdout, stderr } = await audit(...args);
    assert.deepEqual([code, stdout], [4, ""]);
    assert.match(stderr, /an etcd must answer: https:\/\/127\.0\.0\.1:\d+: the server must be reachable \(/);
  }
  assert.match((await audit("--cert", "c.crt")).stderr, /--cert and --key must come together/);
  const plain = await runIn(home.path, "encryption", "audit", "--etcd", "http://127.0.0.1:1", "--cacert", "ca.crt");
  assert.match(plain.stderr, /must begin with https:\/\//);
});

test("EtcdReader.below reads every key once, many and large ones, and nothing beside the prefix", async () => {
  await using etcd = await startRealEtcd();
  const names = Array.from({ length: 1500 }, (_, index) => `/registry/x/${String(index).padStart(5, "0")}`);
  for (const [index, name] of names.entries()) {
    await etcd.put(name, index >= 1400 && index < 1425 ? Buffer.alloc(1_000_000) : "x");
  }
  for (const beside of ["/registry", "/registrx/a", "/registry0"]) await etcd.put(beside, "x");
  using reader = new EtcdReader([{ url: etcd.url }]);
  assert.deepEqual(await keysOf(reader, "/registry/"), names);
  assert.deepEqual(await keysOf(reader, "/nothing/"), []);
});

test("EtcdReader.below goes on at the newest revision when the one it reads at is compacted, and says so", async () => {
  await using etcd = await startRealEtcd();
  for (let index = 100; index < 200; index++) await etcd.put(`/registry/x/${index}`, "x");
  using reader = new EtcdReader([{ url: etcd.url }]);
  const keys: string[] = [];
  for await (const { key } of reader.below("/registry/")) {
    if (keys.push(key.toString()) !== 1) continue;
    await etcd.put("/registry/x/199", "y");
    const { header } = JSON.parse(await etcd.etcdctl("get", "none", "-w", "json")) as { header: { revision: number } };
    await etcd.etcdctl("compact", String(header.revision));
  }
  assert.equal(keys.length, 100);
  assert.deepEqual(reader.revisions, { first: 101, last: 102 });
});

test("EtcdReader raises denied for an etcd that wants a name and a password", async () => {
  await using etcd = await startRealEtcd();
  await etcd.put("/registry/secrets/a/s", clear);
  await etcd.etcdctl("user", "add", "root:hunter2");
  await etcd.etcdctl("user", "grant-role", "root", "root");
  await etcd.etcdctl("auth", "enable");
  using reader = new EtcdReader([{ url: etcd.url }]);
  await assert.rejects(keysOf(reader, "/registry/"), { code: "denied" });
});

/** An etcd that answers every range with these keys. */
function lyingEtcd({ keys, more }: { readonly keys: readonly string[]; readonly more: boolean }) {
  const kvs = keys.map((key) => KeyValue.encode({ key: Buffer.from(key), modRevision: 1, value: Buffer.from("x") }));
  const header = { clusterId: 1n, memberId: 1n, revision: 5, raftTerm: 1n };
  return startGrpcServer({ "/etcdserverpb.KV/Range": () => RangeResponse.encode({ header, kvs, more }) });
}

test("EtcdReader.below ends with an error for keys that were not asked for, and for pages without end", async () => {
  for (const answer of [
    { keys: ["/registry/a", "/registry/a"], more: true },
    { keys: ["/registry/b", "/registry/a"], more: false },
    { keys: ["/other"], more: false },
    { keys: [], more: true },
  ]) {
    await using etcd = await lyingEtcd(answer);
    using reader = new EtcdReader([{ url: etcd.url }]);
    await assert.rejects(keysOf(reader, "/registry/"), { code: "corrupt" }, JSON.stringify(answer));
  }
});
