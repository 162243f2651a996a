/** Secrets that are shared into several clusters by links, over the doors of each. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import type { TestServer } from "../running-server.ts";
import { base64, create, secret, secretsIn } from "../support/api-objects.ts";
import { auditEvents } from "../support/audit-events.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { grpcClient } from "./grpc-client.ts";
import { startTwoClusters } from "./two-clusters.ts";
import type { ClusterName, TwoClusters } from "./two-clusters.ts";

const key = (name: string) => `/registry/secrets/team/${name}`;
const bytes = (text: string) => Buffer.from(text, "latin1");
const linksIn = (namespace: string) => `/apis/strongroom.dev/v1/namespaces/${namespace}/secretlinks`;
const link = (name: string, source: string, labels?: object) => {
  const [namespace = "", of = ""] = source.split("/");
  return { metadata: { name, ...(labels !== undefined && { labels }) }, spec: { source: { namespace, name: of } } };
};

describe("a secret that is shared into two clusters", () => {
  let clusters: TwoClusters;
  let server: TestServer;
  before(async () => {
    clusters = await startTwoClusters();
    ({ server } = clusters);
    for (const name of ["shared", "east-team", "west-team"])
      await create(server, "/api/v1/namespaces", { metadata: { name } });
  });
  after(() => clusters?.[Symbol.asyncDispose]());

  const run = (name: ClusterName, ...args: readonly string[]) => clusters.etcdctl(name, ...args);
  const read = async (name: ClusterName, of: string) => {
    const ran = await run(name, "get", key(of), "-w", "json");
    assert.equal(ran.code, 0, ran.stderr);
    const [kv] = JSON.parse(ran.stdout).kvs ?? [];
    return kv === undefined ? undefined : { ...kv, value: Buffer.from(kv.value, "base64") };
  };
  const share = async (name: string, cluster: ClusterName, labels?: object) =>
    create(server, linksIn(`${cluster}-team`), link(name, `shared/${name}`, labels));
  /** Waits for a link to have come to a phase. */
  const reached = async (namespace: string, name: string, phase: string) => {
    const path = `${linksIn(namespace)}?watch=true&fieldSelector=metadata.name%3D${name}`;
    const watch = await openWatch(server, path);
    try {
      for (;;) {
        const { object } = await watch.next();
        if (object.status?.phase === phase) return object;
      }
    } finally {
      watch.close();
    }
  };
  const watchOf = async (name: ClusterName, of: string) => {
    const { cert, key: keyFile } = clusters.files[name];
    const client = grpcClient(server.etcdUrl, {
      ca: server.credentials.ca,
      cert: await readFile(cert, "utf8"),
      key: await readFile(keyFile, "utf8"),
    });
    const call = client.open("/etcdserverpb.Watch/Watch");
    call.send(WatchRequest.encode({ create: WatchCreateRequest.of({ key: bytes(key(of)), prevKv: true }) }));
    const response = async () => WatchResponse.decode((await call.next()) ?? assert.fail("the stream ended"));
    assert.ok((await response()).created);
    const told: ReturnType<typeof Event.decode>[] = [];
    return {
      async next() {
        while (told.length === 0) told.push(...(await response()).events.map((event) => Event.decode(event)));
        return told.shift() ?? assert.fail("there must be an event");
      },
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  };

  it("is there in each, follows its source within 100 ms with revisions of its own, and goes with the link", async () => {
    await create(server, secretsIn("shared"), secret("db", { data: { password: base64("first") } }));
    await using watch = await watchOf("west", "db");
    await using inEast = await watchOf("east", "db");
    const made = await share("db", "west", { app: "x" });
    assert.equal(made.status.phase, "Waiting");
    await share("db", "east");
    const first = (await watch.next()).kv;
    assert.equal(first?.createRevision, first?.modRevision);
    await reached("west-team", "db", "Linked");
    const stored = await read("west", "db");
    assert.deepEqual(stored?.value, Buffer.from(first?.value ?? []));
    assert.ok(stored.value.includes("first") && stored.value.subarray(0, 4).equals(bytes("k8s\0")));
    const here = (await server.call("GET", `${secretsIn("west-team")}/db`)).json;
    assert.deepEqual(here.metadata.labels, { app: "x" });
    assert.deepEqual(here.metadata.annotations, { "strongroom.dev/linked-from": "shared/db" });

    const body = { data: { password: base64("second") } };
    const headers = { "Content-Type": "application/merge-patch+json" };
    const startMs = performance.now();
    const changed = await server.call("PATCH", `${secretsIn("shared")}/db`, { body, headers });
    const event = await watch.next();
    const tookMs = performance.now() - startMs;
    assert.equal(changed.status, 200);
    assert.ok(Buffer.from(event.kv?.value ?? []).includes("second"));
    assert.equal(event.prevKv?.modRevision, first?.modRevision);
    assert.equal(event.kv?.createRevision, first?.createRevision);
    assert.ok(tookMs < 1000, `${tookMs} ms`); // 100 on a machine that does nothing else
    for (let value = Buffer.alloc(0); !value.includes("second");) {
      value = Buffer.from((await inEast.next()).kv?.value ?? assert.fail("it must still be there"));
    }

    assert.equal((await server.call("DELETE", `${linksIn("west-team")}/db`)).status, 200);
    const gone = await watch.next();
    assert.equal(gone.type, 1);
    assert.ok(Buffer.from(gone.prevKv?.value ?? []).includes("second"));
    assert.equal(await read("west", "db"), undefined);
    assert.notEqual(await read("east", "db"), undefined);
    // What the link gave has ended with it: nothing of it can be brought back.
    const trash = await server.call("GET", "/apis/strongroom.dev/v1/namespaces/west-team/deletedsecrets");
    assert.deepEqual(trash.json.items, []);
  });

  it("cannot be changed or deleted by the cluster, nor through another door, but by its source", async () => {
    await create(server, secretsIn("shared"), secret("kept", { stringData: { a: "1" } }));
    await share("kept", "west");
    await reached("west-team", "kept", "Linked");
    const why = /it is linked from shared\/kept: change that, or delete the SecretLink west-team\/kept/;
    for (const args of [
      ["put", key("kept"), "k8s:enc:x"],
      ["del", key("kept")],
    ]) {
      const refused = await run("west", ...args);
      assert.match(refused.stderr, why);
    }
    const path = `${secretsIn("west-team")}/kept`;
    const headers = { "Content-Type": "application/merge-patch+json" };
    const patched = await server.call("PATCH", path, { body: { stringData: { a: "2" } }, headers });
    assert.deepEqual([patched.status, why.test(patched.json.message)], [403, true], patched.text);
    assert.equal((await server.call("DELETE", path)).status, 403);
    assert.equal((await server.call("DELETE", path)).json.reason, "Forbidden");
  });

  it("takes the right to read what is shared and to write where it comes to, and tells nothing without", async () => {
    const rule = { verbs: ["*"], apiGroups: ["strongroom.dev"], resources: ["secretlinks"] };
    const give = async (user: string, namespace: string, ...rules: object[]) => {
      const path = `${rbacPath}/namespaces/${namespace}`;
      await create(server, `${path}/roles`, { ...roleObject(user), rules });
      await create(server, `${path}/rolebindings`, bindingObject(user, `Role ${user}`, `User ${user}`));
    };
    await give("reader", "west-team", rule);
    await give("reader", "shared", coreRule("get", "secrets", "db"));
    await give("writer", "west-team", rule, coreRule("create,update,delete", "secrets"));
    await give("both", "west-team", rule, coreRule("create,update,delete", "secrets"));
    await give("both", "shared", coreRule("get", "secrets", "db"));
    const ask = async (user: string, body: object) =>
      (await userClient(server, user))("POST", linksIn("west-team"), { body });
    const reader = await ask("reader", link("copy", "shared/db"));
    assert.match(reader.text, /it takes the right to create the secret \\"copy\\" in the namespace \\"west-team\\"/);
    for (const name of ["db", "never"]) {
      const writer = await ask("writer", link("copy", `shared/${name}`));
      assert.equal(writer.status, 403);
      assert.ok(writer.json.message.endsWith(`right to get the secret "${name}" in the namespace "shared"`));
    }
    const both = await ask("both", link("copy", "shared/db"));
    assert.equal(both.status, 201, both.text);
    // Another source is another link: the right is asked for again.
    const other = await (
      await userClient(server, "both")
    )("PUT", `${linksIn("west-team")}/copy`, { body: link("copy", "shared/kept") });
    assert.equal(other.status, 403, other.text);
    await server.call("DELETE", `${linksIn("west-team")}/copy`);
    // A right that a policy denies is none.
    const policies = "/apis/strongroom.dev/v1/namespaces/shared/secretpolicies";
    const subjects = [{ kind: "User", name: "both" }];
    await create(server, policies, {
      metadata: { name: "db" },
      spec: { mode: "enforce", subjects, deny: [{ names: ["db"] }] },
    });
    const denied = await ask("both", link("copy", "shared/db"));
    assert.equal(denied.status, 403, denied.text);
  });

  it("has labels that only who may write the link changes: the right to its status is none to what it makes", async () => {
    const made = await create(server, linksIn("west-team"), link("labelled", "shared/never", { app: "x" }));
    const body = { ...made, metadata: { ...made.metadata, labels: { app: "y" } }, status: { phase: "Waiting" } };
    const path = `${linksIn("west-team")}/labelled`;
    assert.equal((await server.call("PUT", `${path}/status`, { body })).status, 200);
    assert.deepEqual((await server.call("GET", path)).json.metadata.labels, { app: "x" });
  });

  it("takes no name that there is, shares nothing that is linked, and no tokens", async () => {
    await create(server, secretsIn("west-team"), secret("own", { stringData: { a: "mine" } }));
    const refused = async (namespace: string, body: object, why: RegExp) => {
      const answer = await server.call("POST", linksIn(namespace), { body });
      assert.equal(answer.status, 422, answer.text);
      assert.match(answer.json.message, why);
    };
    await refused("west-team", link("own", "shared/db"), /metadata.name: .*must not be the name of a secret/);
    await refused("west-team", link("db", "west-team/db"), /must not be the secret that the link makes/);
    await refused("east-team", link("ring", "west-team/kept"), /it is linked from shared\/kept itself: link that/);
    await create(server, linksIn("west-team"), link("ahead", "east-team/ahead"));
    await refused("east-team", link("ahead", "west-team/ahead"), /there is a SecretLink for it/);
    const token = secret("token", { type: "bootstrap.kubernetes.io/token" });
    await create(server, secretsIn("shared"), token);
    await refused("west-team", link("token", "shared/token"), /secrets of the type .* are of the cluster they are in/);
  });

  it("leaves alone a secret that takes the name first, and takes it over when that is gone", async () => {
    await create(server, linksIn("west-team"), link("late", "shared/late"));
    await create(server, secretsIn("west-team"), secret("late", { stringData: { a: "mine" } }));
    await create(server, secretsIn("shared"), secret("late", { stringData: { a: "shared" } }));
    await reached("west-team", "late", "Taken");
    const path = `${secretsIn("west-team")}/late`;
    assert.equal((await server.call("GET", path)).json.data.a, base64("mine"));
    assert.equal((await server.call("DELETE", path)).status, 200);
    await reached("west-team", "late", "Linked");
    assert.equal((await server.call("GET", path)).json.data.a, base64("shared"));
  });

  it("goes with its source, and comes back with another of the name, of whatever type", async () => {
    await create(server, secretsIn("shared"), secret("moved", { stringData: { a: "1" } }));
    await share("moved", "west");
    await reached("west-team", "moved", "Linked");
    const source = `${secretsIn("shared")}/moved`;
    assert.equal((await server.call("DELETE", source)).status, 200);
    await reached("west-team", "moved", "Waiting");
    assert.equal(await read("west", "moved"), undefined);
    await create(server, secretsIn("shared"), secret("moved", { type: "example.com/x", stringData: { a: "2" } }));
    await reached("west-team", "moved", "Linked");
    assert.ok((await read("west", "moved"))?.value.includes("example.com/x"));
  });

  it("goes with the namespace of the link", async () => {
    await create(server, "/api/v1/namespaces", { metadata: { name: "west-going" } });
    await create(server, linksIn("west-going"), link("db", "shared/db"));
    await reached("west-going", "db", "Linked");
    const watch = await openWatch(server, "/api/v1/namespaces?watch=true&fieldSelector=metadata.name%3Dwest-going");
    try {
      assert.equal((await server.call("DELETE", "/api/v1/namespaces/west-going")).status, 200);
      for (let type = ""; type !== "DELETED";) ({ type } = await watch.next());
    } finally {
      watch.close();
    }
  });

  it("has on record who linked it, and whose values were told in which cluster", async () => {
    const events = await auditEvents(server);
    const made = events.find(
      ({ verb, objectRef, annotations }) =>
        verb === "create" &&
        objectRef?.resource === "secretlinks" &&
        annotations?.["links.strongroom.dev/source"] === "shared/db",
    );
    assert.equal(made?.user.username, "strongroom-admin");
    const told = events.filter(({ user }) => user.username.startsWith("cluster:west:")).flatMap(disclosuresOf);
    const linked = told.find(({ namespace, linkedFrom }) => namespace === "west-team" && linkedFrom === "shared/db");
    assert.deepEqual(linked?.keys, ["password"]);
    const whoRead = "/apis/strongroom.dev/v1/namespaces/shared/whoreadreviews";
    const { status } = (await server.call("POST", whoRead, { body: { spec: { secret: "db" } } })).json;
    const readers = status.readers.map(({ user }: { readonly user: string }) => user);
    assert.ok(readers.includes("cluster:west:kube-apiserver-etcd-client"), readers.join());
    const written = events.filter(({ user }) => user.username === "link west-team/db");
    assert.deepEqual([...new Set(written.map(({ verb }) => verb))].sort(), ["create", "delete", "patch"]);
  });
});
