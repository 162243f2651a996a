/** `strongroom adopt` and `strongroom leave`, between a real etcd and the etcd door. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { encodeMessage } from "../../src/doors/kubernetes/codec/protobuf.ts";
import { encodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { jsonObject } from "../../src/doors/kubernetes/codec/json.ts";
import { Secret as SecretMessage } from "../../src/doors/kubernetes/schema/core-v1.ts";
import { run as runProgram, TestHome } from "../cli/program.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import type { RealEtcd } from "../support/real-etcd.ts";
import { allowCluster, clusterFiles } from "./beneath-cluster.ts";
import type { ClusterFiles } from "./beneath-cluster.ts";
import { etcdctl } from "./etcd-server.ts";

const canary = "adopted-canary-55c1";
const key = (name: string, namespace = "default") => `/registry/secrets/${namespace}/${name}`;

/** As an API server stores it. */
function stored(name: string, password: string, namespace = "default"): Buffer {
  const metadata = jsonObject([
    ["name", name],
    ["namespace", namespace],
    ["uid", `uid-of-${name}`],
    ["creationTimestamp", "2026-01-02T03:04:05Z"],
  ]);
  const data = jsonObject([["password", Buffer.from(password).toString("base64")]]);
  const tree = jsonObject([
    ["metadata", metadata],
    ["data", data],
    ["type", "Opaque"],
  ]);
  return Buffer.from(encodeEnvelope({ apiVersion: "v1", kind: "Secret" }, encodeMessage(SecretMessage, tree)));
}

/** A cluster with an etcd and a server with an etcd door for it. */
interface World extends AsyncDisposable {
  readonly etcd: RealEtcd;
  readonly server: TestServer;
  readonly files: ClusterFiles;
  /** Runs `strongroom COMMAND` between the two. */
  strongroom(command: "adopt" | "leave", ...more: readonly string[]): ReturnType<typeof runProgram>;
  /** etcdctl at the door, as the API server. */
  atDoor(...args: readonly string[]): ReturnType<typeof etcdctl>;
}

async function newWorld(): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const etcd = parts.use(await startRealEtcd());
  const files = parts.use(await clusterFiles());
  const prod = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: files.authoritiesFile };
  const server = parts.use(await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [prod] } }));
  await allowCluster(server.call);
  const home = parts.use(new TestHome());
  const ca = await files.trust(server.credentials.ca);
  const access = ["--cacert", ca, "--cert", files.cert, "--key", files.key];
  const kept = parts.move();
  return {
    etcd,
    server,
    files,
    strongroom: (command, ...more) =>
      runProgram(
        home,
        command,
        "--etcd",
        etcd.url,
        "--strongroom",
        server.etcdUrl,
        "--cluster",
        "prod",
        ...access,
        ...more,
      ),
    atDoor: (...args) => etcdctl(server.etcdUrl, { ca, cert: files.cert, key: files.key }, args),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

describe("strongroom adopt", () => {
  let world: World;
  before(async () => (world = await newWorld()));
  after(() => world?.[Symbol.asyncDispose]());

  it("says first what there is, and changes nothing", async () => {
    for (let index = 0; index < 40; index++) await world.etcd.put(key(`s-${index}`), stored(`s-${index}`, canary));
    await world.etcd.put(key("sealed"), "k8s:enc:aescbc:v1:key1:ciphertext");
    await world.etcd.put("/registry/configmaps/default/other", "x");
    const ran = await world.strongroom("adopt", "--dry-run");
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(
      ran.stdout,
      /has 41 secrets below \/registry\/secrets\/ at revision \d+: 40 in the clear \(protobuf\), 1 aescbc key1/,
    );
    assert.match(ran.stdout, /Strongroom has 0 of the cluster prod; 0 are the same on both sides/);
    assert.match(ran.stdout, /only in the etcd: 41\n {2}\/registry\/secrets\/default\/s-0\n/);
    assert.match(ran.stdout, /and 21 more\nnothing was changed\n$/);
    assert.equal((await world.atDoor("get", "/registry/secrets/", "--prefix", "--keys-only")).stdout, "");
  });

  it("copies every secret, canonical ones as such, above the etcd's revision, and says what to do next", async () => {
    const ran = await world.strongroom("adopt");
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /^41 new, 0 changed, 0 removed; Strongroom goes on at revision 100\d{5}\n/);
    assert.match(ran.stdout, /41 are the same on both sides, byte for byte/);
    assert.ok(ran.stdout.includes(`--etcd-servers-overrides=/secrets#${world.server.etcdUrl}\n`));
    assert.ok(!`${ran.stdout}${ran.stderr}`.includes(canary));
    const seen = await world.server.call("GET", "/api/v1/namespaces/default/secrets/s-7");
    assert.equal(seen.json.metadata.uid, "uid-of-s-7");
    assert.equal(Buffer.from(seen.json.data.password, "base64").toString(), canary);
    assert.ok(Number(seen.json.metadata.resourceVersion) > 10_000_000);
    assert.equal(
      (await world.atDoor("get", key("sealed"), "--print-value-only")).stdout,
      "k8s:enc:aescbc:v1:key1:ciphertext\n",
    );
    assert.equal(
      (await world.etcd.etcdctl("get", "/registry/secrets/", "--prefix", "--keys-only")).trim().split(/\n+/).length,
      41,
    );
  });

  it("does nothing twice, and follows what the cluster goes on changing", async () => {
    const again = await world.strongroom("adopt");
    assert.match(again.stdout, /^0 new, 0 changed, 0 removed/);
    await world.etcd.put(key("s-1"), stored("s-1", "second"));
    await world.etcd.put(key("new"), stored("new", "first"));
    await world.etcd.etcdctl("del", key("s-2"));
    const followed = await world.strongroom("adopt");
    assert.equal(followed.code, 0, followed.stdout + followed.stderr);
    assert.match(followed.stdout, /^1 new, 1 changed, 1 removed/);
    const versions = await world.server.call("GET", "/apis/strongroom.dev/v1/namespaces/default/secretversions");
    assert.equal(
      versions.json.items.filter((each: { metadata: { name: string } }) => each.metadata.name.startsWith("s-1.v"))
        .length,
      2,
    );
    assert.equal((await world.server.call("GET", "/api/v1/namespaces/default/secrets/s-2")).status, 404);
  });

  it("leaves alone what was changed here since, names it, and does not say that all is well", async () => {
    const body = { stringData: { password: "of-here" } };
    const headers = { "Content-Type": "application/merge-patch+json" };
    await world.server.call("PATCH", "/api/v1/namespaces/default/secrets/s-3", { body, headers });
    await world.server.call("POST", "/api/v1/namespaces/default/secrets", { body: { metadata: { name: "own" } } });
    await world.etcd.put(key("s-3"), stored("s-3", "of-there"));
    const ran = await world.strongroom("adopt");
    assert.equal(ran.code, 5, ran.stderr);
    assert.match(ran.stdout, /^0 new, 0 changed, 0 removed/);
    assert.match(ran.stdout, /other values in Strongroom than in the etcd: 1\n {2}\/registry\/secrets\/default\/s-3\n/);
    assert.match(ran.stdout, /only in Strongroom: 1\n {2}\/registry\/secrets\/default\/own\n/);
    assert.match(ran.stdout, /do not set the flag yet/);
    const kept = await world.server.call("GET", "/api/v1/namespaces/default/secrets/s-3");
    assert.equal(Buffer.from(kept.json.data.password, "base64").toString(), "of-here");
  });

  it("brings back by leave what was changed here, and takes away from the etcd only what it is told to", async () => {
    await world.atDoor("del", key("s-4"));
    const dry = await world.strongroom("leave", "--dry-run");
    assert.match(dry.stdout, /only in the etcd: 1\n {2}\/registry\/secrets\/default\/s-4\n/);
    const careful = await world.strongroom("leave");
    assert.equal(careful.code, 5, careful.stderr);
    assert.match(careful.stdout, /^2 written to the etcd, 0 deleted from it\n/);
    const back = await world.strongroom("leave", "--delete-extra");
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.match(back.stdout, /^0 written to the etcd, 1 deleted from it\n/);
    const there = await world.etcd.etcdctl("get", key("s-3"), "--print-value-only");
    assert.match(there, /of-here/);
    assert.equal(await world.etcd.etcdctl("get", key("s-4")), "");
    assert.match((await world.strongroom("adopt", "--dry-run")).stdout, /\b41 are the same on both sides/);
  });

  it("does not bring back by leave an old copy over what the etcd has had since", async () => {
    await world.etcd.put(key("late"), stored("late", "first"));
    await world.strongroom("adopt");
    await world.etcd.put(key("late"), stored("late", "second"));
    const ran = await world.strongroom("leave");
    assert.equal(ran.code, 5);
    assert.match(ran.stdout, /^0 written to the etcd/);
    assert.match(await world.etcd.etcdctl("get", key("late"), "--print-value-only"), /second/);
  });

  it("removes nothing here for an etcd that was emptied", async () => {
    const atDoor = async () => (await world.atDoor("get", "/registry/secrets/", "--prefix", "--keys-only")).stdout;
    const before = await atDoor();
    assert.match(before, /s-7\n/);
    await world.etcd.etcdctl("del", "/registry/secrets/", "--prefix");
    const ran = await world.strongroom("adopt");
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, /the etcd must have secrets/);
    assert.equal(await atDoor(), before);
  });

  it("leaves with a linked secret as the plain one that it is for the cluster, and goes on to keep what links made", async () => {
    await using own = await newWorld();
    const { server, etcd } = own;
    await own.etcd.put(key("s"), stored("s", canary));
    assert.equal((await own.strongroom("adopt")).code, 0);
    await server.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "shared" } } });
    const source = { metadata: { name: "db" }, stringData: { password: "shared-value" } };
    await server.call("POST", "/api/v1/namespaces/shared/secrets", { body: source });
    const link = { metadata: { name: "db" }, spec: { source: { namespace: "shared", name: "db" } } };
    const path = "/apis/strongroom.dev/v1/namespaces/default/secretlinks";
    assert.equal((await server.call("POST", path, { body: link })).status, 201);
    while ((await own.atDoor("get", key("db"))).stdout === "");
    // The link itself and its source are of no cluster; the namespace "shared" is, as all are of one without a prefix.
    const left = await own.strongroom("leave");
    assert.equal(left.code, 0, left.stdout + left.stderr);
    assert.match(await etcd.etcdctl("get", key("db"), "--print-value-only"), /shared-value/);
    await etcd.put(key("db"), stored("db", "changed in the etcd"));
    const again = await own.strongroom("adopt");
    assert.equal(again.code, 5);
    assert.match(
      again.stdout,
      /other values in Strongroom than in the etcd: 1\n {2}\/registry\/secrets\/default\/db\n/,
    );
    assert.match((await own.atDoor("get", key("db"), "--print-value-only")).stdout, /shared-value/);
  });

  it("says what is wrong before anything is done", async () => {
    const refused = async (message: RegExp, code: number, ...args: readonly string[]) => {
      using home = new TestHome();
      const ran = await runProgram(home, "adopt", ...args);
      assert.match(ran.stderr, message);
      assert.equal(ran.code, code, ran.stderr);
    };
    await refused(/--etcd, --strongroom and --cluster must be given/, 2);
    const { etcd, server, files } = world;
    const ca = await files.trust(server.credentials.ca);
    const access = ["--cacert", ca, "--cert", files.cert, "--key", files.key];
    const both = ["--etcd", etcd.url, "--strongroom", server.etcdUrl];
    await refused(
      /must be of the cluster other: at the door it is prod's/,
      2,
      ...both,
      "--cluster",
      "other",
      ...access,
    );
    await refused(/the etcd door must allow it/, 1, ...both, "--cluster", "prod", "--cacert", ca);
    await refused(
      /--strongroom must begin with https/,
      2,
      "--etcd",
      etcd.url,
      "--strongroom",
      etcd.url,
      "--cluster",
      "prod",
    );
    await refused(
      /etcd must answer|door must answer/,
      4,
      "--etcd",
      "http://127.0.0.1:1",
      ...both.slice(2),
      "--cluster",
      "prod",
      ...access,
    );
  });
});

describe("strongroom adopt, killed again and again", () => {
  it("loses nothing and does nothing twice, while the cluster goes on writing", async () => {
    await using world = await newWorld();
    const names = Array.from({ length: 300 }, (_, index) => `s-${String(index).padStart(3, "0")}`);
    for (let index = 0; index < names.length; index += 50) {
      await Promise.all(names.slice(index, index + 50).map((name) => world.etcd.put(key(name), stored(name, "1"))));
    }
    const { Program } = await import("../cli/program.ts");
    using home = new TestHome();
    const ca = await world.files.trust(world.server.credentials.ca);
    const args = ["adopt", "--etcd", world.etcd.url, "--strongroom", world.server.etcdUrl, "--cluster", "prod"];
    for (let round = 2; round < 5; round++) {
      const adopting = new Program(home, [
        ...args,
        "--cacert",
        ca,
        "--cert",
        world.files.cert,
        "--key",
        world.files.key,
      ]);
      const changed = names.filter((_, index) => index % round === 0);
      for (let index = 0; index < changed.length; index += 50) {
        const some = changed.slice(index, index + 50);
        await Promise.all(some.map((name) => world.etcd.put(key(name), stored(name, String(round)))));
      }
      adopting.kill("SIGKILL");
      await adopting.ended;
    }
    const last = await world.strongroom("adopt");
    assert.equal(last.code, 0, last.stdout + last.stderr);
    assert.match(last.stdout, /300 are the same on both sides/);
    const listed = await world.server.call("GET", "/api/v1/namespaces/default/secrets");
    assert.equal(listed.json.items.length, 300);
  });
});
