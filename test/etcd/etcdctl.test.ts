/** The etcd door, driven by the real etcdctl. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import { auditEvents } from "../support/audit-events.ts";
import { startEtcdServer } from "./etcd-server.ts";
import type { EtcdServer } from "./etcd-server.ts";

const encrypted = "k8s:enc:aescbc:v1:key1:not-for-us";
const key = (name: string, namespace = "default") => `/registry/secrets/${namespace}/${name}`;

describe("etcdctl at the etcd door", () => {
  let etcd: EtcdServer;
  before(async () => (etcd = await startEtcdServer()));
  after(() => etcd[Symbol.asyncDispose]());

  const printed = async (...args: string[]) => {
    const ran = await etcd.etcdctl(...args);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const json = async (...args: string[]) => JSON.parse(await printed(...args, "-w", "json"));
  const refused = async (...args: string[]) => {
    const ran = await etcd.etcdctl(...args);
    assert.notEqual(ran.code, 0);
    return ran.stderr;
  };
  const createSecret = async (name: string, data: Record<string, string>, namespace = "default") => {
    const body = { metadata: { name }, stringData: data };
    const created = await etcd.server.call("POST", `/api/v1/namespaces/${namespace}/secrets`, { body });
    assert.equal(created.status, 201, created.text);
    return created.json;
  };

  it("finds a healthy cluster of one member, which speaks a release that tells the progress of watches", async () => {
    const health = await etcd.etcdctl("endpoint", "health");
    assert.match(health.stdout + health.stderr, /is healthy/);
    const [{ Status: status }] = await json("endpoint", "status");
    assert.equal(status.version, "3.5.21");
    assert.equal(status.leader, status.header.member_id);
    const { members, header } = await json("member", "list");
    assert.equal(members.length, 1);
    assert.equal(members[0].ID, header.member_id);
  });

  it("gets a secret of the Kubernetes door as the protobuf an API server stores, at the revision that is its resourceVersion", async () => {
    const created = await createSecret("from-kubectl", { user: "ann" });
    const { kvs, header, count } = await json("get", key("from-kubectl"));
    assert.equal(count, 1);
    const [kv] = kvs;
    assert.equal(Buffer.from(kv.key, "base64").toString(), key("from-kubectl"));
    assert.equal(String(kv.mod_revision), created.metadata.resourceVersion);
    assert.equal(kv.create_revision, kv.mod_revision);
    assert.equal(kv.version, 1);
    assert.ok(header.revision >= kv.mod_revision);
    const value = Buffer.from(kv.value, "base64");
    assert.equal(value.subarray(0, 4).toString("latin1"), "k8s\0");
    assert.ok(value.includes(created.metadata.uid) && value.includes("ann"));
  });

  it("puts back what it got, byte for byte, as a new version of the same secret", async () => {
    const created = await createSecret("round", { user: "ann" });
    const got = await json("get", key("round"));
    const value = Buffer.from(got.kvs[0].value, "base64");
    // Values with NUL do not pass as an argument: etcdctl reads them from its standard input.
    await putFromInput(etcd, key("round"), value);
    const again = await json("get", key("round"));
    assert.equal(again.kvs[0].value, got.kvs[0].value);
    assert.equal(again.kvs[0].version, 2);
    assert.equal(again.kvs[0].create_revision, got.kvs[0].create_revision);
    const seen = await etcd.server.call("GET", "/api/v1/namespaces/default/secrets/round");
    assert.equal(seen.json.metadata.uid, created.metadata.uid);
    assert.equal(seen.json.metadata.resourceVersion, String(again.kvs[0].mod_revision));
  });

  it("keeps what the API server has encrypted as it is, and says so", async () => {
    assert.equal(await printed("put", key("sealed"), encrypted), "OK\n");
    assert.equal(await printed("get", key("sealed"), "--print-value-only"), `${encrypted}\n`);
    const seen = await etcd.server.call("GET", "/api/v1/namespaces/default/secrets/sealed");
    assert.equal(seen.json.type, "strongroom.dev/etcd-value");
    assert.equal(seen.json.immutable, true);
    assert.equal(seen.json.metadata.annotations["strongroom.dev/etcd-value-form"], "k8s:enc:aescbc:v1:key1:");
    const changed = { ...seen.json, data: { value: "" } };
    const refusal = await etcd.server.call("PUT", "/api/v1/namespaces/default/secrets/sealed", { body: changed });
    assert.equal(refusal.status, 422);
  });

  it("does not take a Secret of that type, written through another door, for such a value", async () => {
    const body = { metadata: { name: "lookalike" }, type: "strongroom.dev/etcd-value", stringData: { value: "raw" } };
    await etcd.server.call("POST", "/api/v1/namespaces/default/secrets", { body });
    const { kvs } = await json("get", key("lookalike"));
    assert.equal(Buffer.from(kvs[0].value, "base64").subarray(0, 4).toString("latin1"), "k8s\0");
  });

  it("makes the namespace of a first secret, marked as the cluster's", async () => {
    await printed("put", key("first", "new-team"), encrypted);
    const namespace = await etcd.server.call("GET", "/api/v1/namespaces/new-team");
    assert.equal(namespace.json.metadata.labels["strongroom.dev/cluster"], "prod");
  });

  it("lists by prefix in pages, counts, and tells keys alone", async () => {
    for (const name of ["a", "a-b", "b", "c"]) await printed("put", key(name, "pages"), encrypted);
    const prefix = "/registry/secrets/pages/";
    const page = await json("get", prefix, "--prefix", "--limit", "2");
    assert.deepEqual(namesOf(page), ["a", "a-b"]);
    assert.deepEqual([page.more, page.count], [true, 4]);
    const rest = await json("get", key("a-b", "pages"), "/registry/secrets/pages0");
    assert.deepEqual(namesOf(rest), ["a-b", "b", "c"]);
    const middle = await json("get", key("a-b", "pages"), key("c", "pages"));
    assert.deepEqual(namesOf(middle), ["a-b", "b"]);
    const fromKey = await json("get", key("b", "pages"), "--from-key", "--limit", "1");
    assert.deepEqual(namesOf(fromKey), ["b"]);
    const keys = await json("get", prefix, "--prefix", "--keys-only");
    assert.ok(keys.kvs.every((kv: { value?: string }) => kv.value === undefined));
    const all = await json("get", "", "--prefix", "--keys-only");
    assert.ok(all.count >= 4);
  });

  it("reads the past, and refuses the future and what was compacted in etcd's words", async () => {
    await printed("put", key("timed"), "k8s:enc:one");
    const first = await json("get", key("timed"));
    await printed("put", key("timed"), "k8s:enc:two");
    const { mod_revision: revision } = first.kvs[0];
    assert.equal(await printed("get", key("timed"), "--rev", `${revision}`, "--print-value-only"), "k8s:enc:one\n");
    const future = await refused("get", key("timed"), "--rev", "1000000");
    assert.match(future, /OutOfRange desc = etcdserver: mvcc: required revision is a future revision/);
    await printed("compact", `${revision + 1}`);
    assert.match(await refused("get", key("timed"), "--rev", `${revision}`), /required revision has been compacted/);
    assert.match(await refused("compact", `${revision}`), /required revision has been compacted/);
    assert.match(await refused("compact", "1000000"), /required revision is a future revision/);
  });

  it("runs compare-and-swap transactions of one key", async () => {
    const name = key("swap");
    const txn = (compare: string, then: string, other: string) =>
      withInput(etcd, ["txn"], `${compare}\n\n${then}\n\n${other}\n\n`);
    assert.match(await txn(`mod("${name}") = "0"`, `put ${name} k8s:enc:1`, `get ${name}`), /^SUCCESS\n\nOK/);
    assert.match(await txn(`mod("${name}") = "0"`, `put ${name} k8s:enc:2`, `get ${name}`), /^FAILURE[\s\S]*k8s:enc:1/);
    assert.match(await txn(`ver("${name}") = "1"`, `put ${name} k8s:enc:3`, ""), /^SUCCESS/);
    assert.match(await txn(`val("${name}") = "k8s:enc:3"`, `del ${name}`, ""), /^SUCCESS\n\n1/);
    assert.match(await txn(`create("${name}") > "0"`, `del ${name}`, `get ${name}`), /^FAILURE/);
  });

  it("lets exactly one of many that race for a revision win", async () => {
    const name = key("raced");
    const racers = Array.from({ length: 8 }, (_, index) =>
      withInput(etcd, ["txn"], `mod("${name}") = "0"\n\nput ${name} k8s:enc:${index}\n\nget ${name}\n\n`),
    );
    const results = await Promise.all(racers);
    assert.equal(results.filter((result) => result.startsWith("SUCCESS")).length, 1);
  });

  it("deletes a key and hands back what was there", async () => {
    await printed("put", key("gone"), encrypted);
    assert.equal(await printed("del", "--prev-kv", key("gone")), `1\n${key("gone")}\n${encrypted}\n`);
    assert.equal(await printed("del", key("gone")), "0\n");
  });

  it("grants, keeps alive and revokes leases", async () => {
    const { ID: id } = await json("lease", "grant", "60");
    const hex = id.toString(16);
    assert.match(await printed("lease", "keep-alive", "--once", hex), /keepalived with TTL\(60\)/);
    assert.match(await printed("lease", "revoke", hex), /revoked/);
    assert.match(await refused("lease", "revoke", hex), /requested lease not found/);
  });

  it("refuses keys that are no secrets, and says what it does not serve", async () => {
    assert.equal(await printed("get", "/registry/health"), "");
    assert.match(await refused("put", "/registry/configmaps/default/x", "1"), /etcdserver: permission denied/);
    assert.match(await refused("put", "/registry/secrets/default", "1"), /etcdserver: permission denied/);
    assert.match(await refused("put", "/registry/secrets/Default/x", "1"), /etcdserver: permission denied/);
    assert.match(await refused("del", "--prefix", "/registry/secrets/"), /Unimplemented desc = strongroom: one key/);
    assert.match(await refused("user", "list"), /Unimplemented desc = strongroom: etcdserverpb.Auth.UserList is not/);
    assert.match(await refused("snapshot", "save", "/nonexistent/x"), /Unimplemented|no such file/);
  });

  it("watches from the past and on, with what was there before", async () => {
    await printed("put", key("watched"), "k8s:enc:1");
    const { kvs } = await json("get", key("watched"));
    await using watch = startWatch(etcd, [
      key("watched"),
      "--rev",
      `${kvs[0].mod_revision}`,
      "--prev-kv",
      "-w",
      "json",
    ]);
    assert.equal((await watch.next()).type, undefined);
    await printed("put", key("watched"), "k8s:enc:2");
    const second = await watch.next();
    assert.equal(text(second.kv.value), "k8s:enc:2");
    assert.equal(text(second.prev_kv.value), "k8s:enc:1");
    await printed("del", key("watched"));
    const gone = await watch.next();
    assert.equal(gone.type, 1);
    assert.deepEqual([text(gone.kv.key), gone.kv.value], [key("watched"), undefined]);
    assert.equal(text(gone.prev_kv.value), "k8s:enc:2");
  });

  it("ends a watch from a compacted revision, with the revision", async () => {
    await printed("put", key("compacted"), "k8s:enc:1");
    const { header } = await json("get", key("compacted"));
    await printed("compact", `${header.revision}`);
    const ran = await etcd.etcdctl("watch", key("compacted"), "--rev", "1");
    assert.match(ran.stderr, /required revision has been compacted/);
  });

  it("writes who it was in the versions, and every value that left in the audit log", async () => {
    await printed("put", key("told"), encrypted);
    await printed("get", key("told"));
    const events = await auditEvents(etcd.server);
    const read = events.findLast(({ door, objectRef }) => door === "etcd" && objectRef?.name === "told");
    assert.equal(read?.verb, "get");
    assert.match(read.user.username, /admin/);
    const [disclosed] = disclosuresOf(read);
    assert.deepEqual([disclosed?.name, disclosed?.keys], ["told", ["value"]]);
    assert.doesNotMatch(JSON.stringify(events), /not-for-us/);
  });
});

function namesOf({ kvs }: { kvs: readonly { key: string }[] }): string[] {
  return kvs.map((kv) => text(kv.key).split("/").at(-1) ?? "");
}

function text(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

async function withInput(etcd: EtcdServer, args: readonly string[], input: string | Buffer): Promise<string> {
  const child = spawnEtcdctl(etcd, args);
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stdin.end(input);
  await once(child, "close");
  return printed;
}

async function putFromInput(etcd: EtcdServer, key: string, value: Buffer): Promise<void> {
  assert.equal(await withInput(etcd, ["put", key], value), "OK\n");
}

function spawnEtcdctl({ server, files }: EtcdServer, args: readonly string[]) {
  const flags = [`--endpoints=${server.etcdUrl}`, `--cacert=${files.ca}`, `--cert=${files.cert}`, `--key=${files.key}`];
  return spawn("etcdctl", [...flags, ...args], { env: { ...process.env, ETCDCTL_API: "3" } });
}

function startWatch(etcd: EtcdServer, args: readonly string[]) {
  const child = spawnEtcdctl(etcd, ["watch", ...args]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // oxlint-disable-next-line typescript/no-explicit-any -- etcdctl's JSON
  const waiting: any[] = [];
  return {
    async next() {
      while (waiting.length === 0) {
        const line = await lines.next();
        if (line.done === true) throw new Error("etcdctl ended");
        waiting.push(...(JSON.parse(line.value).Events ?? []));
      }
      return waiting.shift();
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}
