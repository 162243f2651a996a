/** Two clusters with namespaces of the same names keep their Secrets in one server, and neither sees anything of the other. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { KeyValue, RangeRequest, RangeResponse } from "../../src/doors/etcd/messages/kv.ts";
import { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import type { TestServer } from "../running-server.ts";
import { userClient, userCredentials } from "../support/user-client.ts";
import { grpcClient } from "./grpc-client.ts";
import { startTwoClusters } from "./two-clusters.ts";
import type { ClusterName, TwoClusters } from "./two-clusters.ts";

const key = (name: string, namespace = "default") => `/registry/secrets/${namespace}/${name}`;
const root = ["/registry/secrets/", "--prefix"] as const;
const bytes = (text: string) => Buffer.from(text, "latin1");
const textOf = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString("latin1");

describe("two clusters at one etcd door", () => {
  let clusters: TwoClusters;
  let server: TestServer;
  before(async () => {
    clusters = await startTwoClusters();
    ({ server } = clusters);
  });
  after(() => clusters?.[Symbol.asyncDispose]());

  const run = (name: ClusterName, ...args: readonly string[]) => clusters.etcdctl(name, ...args);
  const ok = async (name: ClusterName, ...args: readonly string[]) => {
    const ran = await run(name, ...args);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };

  it("keeps what has the same key apart, each in a namespace of its own", async () => {
    await ok("east", "put", key("db"), "k8s:enc:east");
    await ok("west", "put", key("db"), "k8s:enc:west");
    assert.equal(await ok("east", "get", key("db"), "--print-value-only"), "k8s:enc:east\n");
    assert.equal(await ok("west", "get", key("db"), "--print-value-only"), "k8s:enc:west\n");
    for (const name of ["east", "west"]) {
      const seen = await server.call("GET", `/api/v1/namespaces/${name}-default/secrets/db`);
      assert.equal(Buffer.from(seen.json.data.value, "base64").toString(), `k8s:enc:${name}`);
      const namespace = await server.call("GET", `/api/v1/namespaces/${name}-default`);
      assert.equal(namespace.json.metadata.labels["strongroom.dev/cluster"], name);
    }
    assert.equal(await ok("east", "del", key("db")), "1\n");
    assert.equal(await ok("west", "get", key("db"), "--print-value-only"), "k8s:enc:west\n");
  });

  it("lists and counts those of a cluster, whatever span is asked for", async () => {
    for (const name of ["a", "b", "c"]) await ok("east", "put", key(name, "listed"), "k8s:enc:east");
    for (const name of ["b", "d"]) await ok("west", "put", key(name, "listed"), "k8s:enc:west");
    const keysOf = async (name: ClusterName, ...args: readonly string[]) =>
      (await ok(name, "get", ...args, "--keys-only")).split("\n").filter((line) => line.includes("/listed/"));
    const listed = (...names: readonly string[]) => names.map((name) => key(name, "listed"));
    assert.deepEqual(await keysOf("east", ...root), listed("a", "b", "c"));
    assert.deepEqual(await keysOf("west", ...root), listed("b", "d"));
    assert.deepEqual(await keysOf("west", "", "--prefix"), listed("b", "d"));
    assert.deepEqual(await keysOf("east", key("b", "listed"), "--from-key"), listed("b", "c"));
    assert.deepEqual(await keysOf("west", key("c", "listed"), key("z", "z")), listed("d"));
    const counted = async (name: ClusterName, ...args: readonly string[]) =>
      JSON.parse(await ok(name, "get", ...args, "--limit=1", "-w", "json")).count;
    assert.equal(await counted("east", "/registry/secrets/listed/", "--prefix"), 3);
    assert.equal(await counted("west", "/registry/secrets/listed/", "--prefix"), 2);
    const all = (await ok("west", "get", ...root, "--keys-only")).split("\n").filter((line) => line !== "").length;
    assert.equal(await counted("west", ...root), all);
  });

  it("tells a watch of all of what happens in its own cluster, with the cluster's own keys", async () => {
    const { cert, key: keyFile } = clusters.files.east;
    const { readFile } = await import("node:fs/promises");
    await using client = grpcClient(server.etcdUrl, {
      ca: server.credentials.ca,
      cert: await readFile(cert, "utf8"),
      key: await readFile(keyFile, "utf8"),
    });
    const call = client.open("/etcdserverpb.Watch/Watch");
    const span = { key: bytes("\0"), rangeEnd: bytes("\0") };
    call.send(WatchRequest.encode({ create: WatchCreateRequest.of({ ...span, prevKv: true }) }));
    const next = async () => WatchResponse.decode((await call.next()) ?? assert.fail("the stream ended"));
    assert.ok((await next()).created);
    await ok("west", "put", key("watched"), "k8s:enc:west");
    await ok("east", "put", key("watched"), "k8s:enc:east");
    const { events } = await next();
    const told = events.map((event) => Event.decode(event).kv);
    assert.deepEqual(
      told.map((kv) => [textOf(kv?.key), textOf(kv?.value)]),
      [[key("watched"), "k8s:enc:east"]],
    );
    await call.end();
  });

  it("gives nobody the records and leases of another, nor its compaction", async () => {
    await ok("east", "put", "compact_rev_key", "1");
    assert.equal(await ok("west", "get", "compact_rev_key"), "");
    const { ID: id } = JSON.parse(await ok("east", "lease", "grant", "60", "-w", "json"));
    const refused = await run("west", "lease", "revoke", id.toString(16));
    assert.match(refused.stderr, /requested lease not found/);
    assert.match(await ok("east", "lease", "revoke", id.toString(16)), /revoked/);
    await ok("east", "put", key("past"), "k8s:enc:1");
    const { header } = JSON.parse(await ok("east", "get", key("past"), "-w", "json"));
    await ok("east", "compact", String(header.revision));
    assert.match((await run("east", "get", key("past"), "--rev=1")).stderr, /has been compacted/);
    assert.equal((await run("west", "get", key("past"), `--rev=${header.revision - 1}`)).code, 0);
  });

  it("refuses namespaces whose names would be too long here, and says so", async () => {
    const long = await run("east", "put", key("a", "n".repeat(60)), "k8s:enc:x");
    assert.match(long.stderr, /namespaces of this cluster must have at most 58 characters/);
  });

  it("takes a certificate of this server for the cluster whose group it has, and for none without", async () => {
    const ask = async (user: string, groups: readonly string[]) => {
      await using client = grpcClient(server.etcdUrl, await userCredentials(server, user, groups));
      const answer = await client.unary("/etcdserverpb.KV/Range", RangeRequest.encode({ key: bytes(key("db")) }));
      const { kvs } = RangeResponse.decode(answer.messages[0] ?? Buffer.alloc(0));
      return { ...answer, values: kvs.map((kv) => textOf(KeyValue.decode(kv).value)) };
    };
    assert.deepEqual((await ask("api", ["cluster:west"])).values, ["k8s:enc:west"]);
    // The right of a cluster is to all secrets, and another door would not know which are its own.
    const elsewhere = await userClient(server, "api", ["cluster:east"]);
    const west = await elsewhere("GET", "/api/v1/namespaces/west-default/secrets/db");
    assert.equal(west.status, 401, west.text);
    for (const groups of [["cluster:north"], ["system:masters"], ["cluster:east", "cluster:west"]]) {
      const refused = await ask("api", groups);
      assert.equal(refused.status, 16);
      assert.match(refused.message, /must be of one cluster/);
    }
  });
});
