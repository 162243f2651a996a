/**
 * A canary value is written through every path; afterwards the whole data
 * directory, the log, the metrics and the bodies of all failures are searched for
 * it in every form. A control plants it and must find it.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { encodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { encodeMessage } from "../../src/doors/kubernetes/codec/protobuf.ts";
import { jsonObject } from "../../src/doors/kubernetes/codec/json.ts";
import { Secret } from "../../src/doors/kubernetes/schema/core-v1.ts";
import { AdoptRequest, putPath } from "../../src/doors/etcd/messages/adoption.ts";
import { PutRequest, RangeRequest } from "../../src/doors/etcd/messages/kv.ts";
import { WatchCreateRequest, WatchRequest } from "../../src/doors/etcd/messages/watch.ts";
import { grpcClient } from "../etcd/grpc-client.ts";
import { connectTo, credentialsOf } from "../running-server.ts";
import type { Answer, Call } from "../running-server.ts";
import { base64 } from "../support/api-objects.ts";
import { auditEvents } from "../support/audit-events.ts";
import { findLeaks, findLeaksInFolder, leakForms } from "./canary-search.ts";

const program = fileURLToPath(new URL("../../bin/strongroom", import.meta.url));

/** Quotes, a backslash and a character beyond ASCII, so that each escaping differs from the raw form. */
const canary = `canary-"${randomBytes(24).toString("base64url")}"\\é-end`;
const encoded = Buffer.from(canary, "utf8").toString("base64");
const forms = leakForms(canary);

describe("A canary written through every path", () => {
  let folder = "";
  let child: ChildProcess;
  let log = "";
  let call: (method: string, path: string, call?: Call) => Promise<Answer>;
  const failures: Answer[] = [];
  const auditLog = () => join(folder, "audit", "events.log");

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "strongroom-canary-"));
    const args = ["serve", "--data-dir", join(folder, "data"), "--listen", "127.0.0.1:0", "--log-format", "json"];
    // The worst policy there is: everything with its bodies, insisted on.
    const policy = join(folder, "policy.yaml");
    await writeFile(policy, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n");
    const config = join(folder, "strongroom.yaml");
    const etcd = "etcd: {listen: '127.0.0.1:0', clusters: [{name: prod}]}";
    await writeFile(config, `apiVersion: strongroom.dev/v1alpha1\nkind: ServerConfiguration\n${etcd}\n`);
    args.push("--config", config);
    args.push("--audit-policy-file", policy, "--audit-policy-allow-secret-values", "--audit-log-path", auditLog());
    child = spawn(program, [...args, "--root-key-file", join(folder, "keys", "root.key")], {
      env: { PATH: process.env["PATH"] ?? "", HOME: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    assert.ok(child.stdout !== null && child.stderr !== null, "the outputs are pipes");
    child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("latin1")));
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) {
      log += `${line}\n`;
      if (line.startsWith("ready ")) break;
    }
    const server = /ready (https:\S+)/.exec(log)?.[1];
    assert.ok(server !== undefined, `the server must be ready: ${log}`);
    call = await connectTo(server, join(folder, "data", "admin.kubeconfig"));
  });

  after(async () => {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  const secrets = "/api/v1/namespaces/default/secrets";
  const body = (name: string, more: object = {}) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    data: { canary: encoded },
    ...more,
  });
  const succeed = async (method: string, path: string, given: Call = {}) => {
    const answer = await call(method, path, given);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    return answer;
  };
  const fail = async (method: string, path: string, given: Call = {}) => {
    const answer = await call(method, path, given);
    assert.ok(answer.status >= 400, `${method} ${path} must fail, and was answered ${answer.status}`);
    failures.push(answer);
  };
  const type = (contentType: string) => ({ "Content-Type": contentType });

  test("is accepted as JSON, YAML, protobuf and stringData", async () => {
    await succeed("POST", secrets, { body: body("json") });
    const yaml = `apiVersion: v1\nkind: Secret\nmetadata: {name: yaml}\ndata: {canary: ${encoded}}\n`;
    await succeed("POST", secrets, { body: yaml, headers: type("application/yaml") });
    const tree = jsonObject([
      ["metadata", jsonObject([["name", "protobuf"]])],
      ["data", jsonObject([["canary", encoded]])],
    ]);
    const protobuf = encodeEnvelope({ apiVersion: "v1", kind: "Secret" }, encodeMessage(Secret, tree));
    const contentType = type("application/vnd.kubernetes.protobuf");
    await succeed("POST", secrets, { body: Buffer.from(protobuf), headers: contentType });
    await succeed("POST", secrets, { body: body("text", { data: {}, stringData: { canary } }) });
    await succeed("POST", `${secrets}?dryRun=All`, { body: body("dry") });
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(body("annotated")) };
    await succeed("POST", secrets, {
      body: body("annotated", { metadata: { name: "annotated", annotations, finalizers: ["example.com/hold"] } }),
    });
    await succeed("POST", secrets, { body: body("helm", { type: "helm.sh/release.v1" }) });
  });

  test("is updated and patched in every way", async () => {
    await succeed("PUT", `${secrets}/json`, { body: body("json", { data: { canary: encoded, other: encoded } }) });
    const patches = {
      "application/merge-patch+json": { data: { merged: encoded } },
      "application/strategic-merge-patch+json": { stringData: { strategic: canary } },
      "application/json-patch+json": [{ op: "add", path: "/data/added", value: encoded }],
    };
    for (const [contentType, patch] of Object.entries(patches)) {
      await succeed("PATCH", `${secrets}/json`, { body: JSON.stringify(patch), headers: type(contentType) });
    }
    for (const manager of ["kubectl", "other"]) {
      const path = `${secrets}/applied?fieldManager=${manager}`;
      const configuration = body("applied", { stringData: { text: canary } });
      await succeed("PATCH", path, { body: configuration, headers: type("application/apply-patch+yaml") });
    }
  });

  test("is read, listed and watched", async () => {
    const read = await succeed("GET", `${secrets}/json`);
    assert.ok(findLeaks(read.body, forms).length > 0, "the value itself does come back");
    for (const accept of ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]) {
      await succeed("GET", secrets, { headers: { Accept: accept } });
    }
    await succeed("GET", `${secrets}?watch=true&timeoutSeconds=1`);
    const table = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    await succeed("GET", `${secrets}?includeObject=Object`, { headers: table });
  });

  test("is refused in every way, with an answer that does not hold it", async () => {
    await fail("POST", secrets, { body: body("json") });
    await fail("POST", secrets, { body: body("Bad_Name") });
    await fail("POST", secrets, { body: body("bad-base64", { data: { canary: `${encoded}!` } }) });
    await fail("POST", secrets, { body: body("bad-type", { data: { canary: [canary] } }) });
    await fail("POST", secrets, { body: body("bad-map", { data: canary }) });
    await fail("POST", secrets, {
      body: body("bad-docker", { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": encoded } }),
    });
    await fail("POST", secrets, {
      body: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"cut"},"data":{"canary":"${encoded}`,
    });
    await fail("POST", secrets, { body: `${canary}` });
    const applies: (object | string)[] = [
      body("applied", { data: { canary: base64("another value") } }),
      body("applied", { data: { canary: `${encoded}!` } }),
      body("applied", { data: canary }),
      body("applied", { data: { canary: [canary] } }),
      body("applied", { stringData: { canary: { nested: canary } } }),
      body("applied", { metadata: { name: "applied", finalizers: canary } }),
      `data: [${JSON.stringify(canary)}`,
      canary,
    ];
    for (const configuration of applies) {
      const headers = type("application/apply-patch+yaml");
      await fail("PATCH", `${secrets}/applied?fieldManager=third`, { body: configuration, headers });
    }
    await fail("POST", secrets, {
      body: `apiVersion: v1\nkind: Secret\ndata: {canary: [${encoded}\n`,
      headers: type("application/yaml"),
    });
    await fail("POST", secrets, {
      body: Buffer.from(`k8s\0${canary}`),
      headers: type("application/vnd.kubernetes.protobuf"),
    });
    await fail("PUT", `${secrets}/json`, { body: body("json", { metadata: { name: "json", resourceVersion: "1" } }) });
    await fail("PUT", `${secrets}/nowhere`, { body: body("nowhere") });
    await fail("POST", "/api/v1/namespaces/nowhere/secrets", { body: body("lost") });
    const jsonPatch = type("application/json-patch+json");
    const badTest = [{ op: "test", path: "/data/canary", value: canary }];
    await fail("PATCH", `${secrets}/json`, { body: JSON.stringify(badTest), headers: jsonPatch });
    await fail("PATCH", `${secrets}/json`, {
      body: `[{"op":"replace","path":"/data/none/${"x"}","value":"${encoded}"}]`,
      headers: jsonPatch,
    });
    const strategic = type("application/strategic-merge-patch+json");
    await fail("PATCH", `${secrets}/json`, {
      body: JSON.stringify({ data: { canary: [canary] } }),
      headers: strategic,
    });
    await fail("PATCH", `${secrets}/json`, { body: canary, headers: type("application/merge-patch+json") });
    for (const [index, answer] of failures.entries()) {
      assert.deepEqual(
        findLeaks(answer.body, forms),
        [],
        `failure ${index}: ${answer.status} ${answer.text.slice(0, 200)}`,
      );
      // A configuration of the wrong type is a 500 in upstream, too.
      const clients = answer.status < 500 || answer.text.includes('"message":"failed to ');
      assert.ok(clients, `failure ${index} must be the client's: ${answer.text.slice(0, 200)}`);
    }
  });

  test("is written, read, watched, adopted and refused at the etcd door, with statuses that do not hold it", async () => {
    const door = /etcd door (https:\S+)/.exec(log)?.[1] ?? assert.fail("there must be an etcd door");
    await using client = grpcClient(door, await credentialsOf(join(folder, "data", "admin.kubeconfig")));
    const key = (name: string) => Buffer.from(`/registry/secrets/default/${name}`);
    const opaque = Buffer.from(`k8s:enc:aescbc:v1:key1:${canary}`);
    const kv = async (method: string, message: Uint8Array) => await client.unary(`/etcdserverpb.KV/${method}`, message);
    const ok = async (method: string, message: Uint8Array) => {
      const answer = await kv(method, message);
      assert.equal(answer.status, 0, answer.message);
      return Buffer.concat(answer.messages);
    };
    const watch = client.open("/etcdserverpb.Watch/Watch");
    watch.send(WatchRequest.encode({ create: WatchCreateRequest.of({ key: key("etcd"), prevKv: true }) }));
    await watch.next();
    await ok("Put", PutRequest.encode({ key: key("etcd"), value: opaque }));
    assert.ok(findLeaks((await watch.next()) ?? Buffer.alloc(0), forms).length > 0, "the watch does tell it");
    await watch.end();
    assert.ok(findLeaks(await ok("Range", RangeRequest.encode({ key: key("etcd") })), forms).length > 0);
    const adopted = AdoptRequest.encode({ key: key("adopted"), value: opaque, modRevision: 7 });
    assert.equal((await client.unary(putPath, adopted)).status, 0);
    const value = Buffer.from(encodeEnvelope({ apiVersion: "v1", kind: "Secret" }, encodeMessage(Secret, body("x"))));
    const refused = [
      ["Put", PutRequest.encode({ key: key("other"), value })],
      ["Put", PutRequest.encode({ key: Buffer.from(canary), value: opaque })],
      ["Put", PutRequest.encode({ key: key("leased"), value: opaque, lease: 7 })],
      ["Put", Buffer.concat([Buffer.from([0x12, 0x7f]), Buffer.from(canary)])],
      ["Range", RangeRequest.encode({ key: key("etcd"), revision: 2 ** 40 })],
      ["Nothing", Buffer.from(canary)],
    ] as const;
    for (const [method, message] of refused) {
      const answer = await kv(method, message);
      assert.notEqual(answer.status, 0, method);
      assert.deepEqual(findLeaks(Buffer.from(answer.message), forms), []);
    }
  });

  test("is deleted alone, as a collection, with its namespace and behind a finalizer", async () => {
    await succeed("DELETE", `${secrets}/text`);
    await succeed("DELETE", `${secrets}/annotated?propagationPolicy=Foreground`);
    await succeed("POST", "/api/v1/namespaces", {
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } },
    });
    await succeed("POST", "/api/v1/namespaces/team/secrets", { body: body("inside") });
    await succeed("DELETE", "/api/v1/namespaces/team");
    await succeed("DELETE", `${secrets}?fieldSelector=metadata.name%3Dyaml`);
  });

  test("is backed up while the server runs, to a file, to a pipe and for a passphrase, and restored", async () => {
    const strongroom = (args: readonly string[], input?: Buffer) => {
      const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TMPDIR: folder };
      const ended = spawnSync(program, args, { cwd: folder, env, input, maxBuffer: 64 * 1024 * 1024 });
      assert.equal(ended.status, 0, ended.stderr.toString());
      log += ended.stderr.toString("latin1");
      return ended.stdout;
    };
    const data = ["--data-dir", join(folder, "data")];
    const recipient = strongroom(["backup", "key", "backup.key"]).toString().trim();
    await writeFile(join(folder, "passphrase"), "correct horse battery staple\n");
    strongroom(["backup", "create", "backup.age", "--recipient", recipient, ...data]);
    strongroom(["backup", "create", "secret.age", "--backup-passphrase-file", "passphrase", ...data]);
    const piped = strongroom(["backup", "create", "-", "--recipient", recipient, ...data]);
    strongroom(["backup", "verify", "-", "--identity", "backup.key"], piped);
    strongroom(["backup", "verify", "secret.age", "--backup-passphrase-file", "passphrase", "--json"]);
    const restored = ["--data-dir", join(folder, "restored"), "--root-key-file", join(folder, "keys", "restored.key")];
    strongroom(["backup", "restore", "backup.age", "--identity", "backup.key", ...restored]);
    assert.deepEqual(await findLeaksInFolder(join(folder, "restored"), forms), []);
    assert.deepEqual(findLeaks(piped, forms), []);
  });

  test("is in no answer about what is on record", async () => {
    const records = await succeed("GET", "/apis/strongroom.dev/v1/auditevents");
    assert.ok(records.json.items.some(({ disclosed }: Answer["json"]) => disclosed !== undefined));
    const spec = { secret: "json" };
    const review = await succeed("POST", "/apis/strongroom.dev/v1/namespaces/default/whoreadreviews", {
      body: { spec },
    });
    assert.ok(review.json.status.readers.length > 0);
    for (const { body: told } of [records, review]) assert.deepEqual(findLeaks(told, forms), []);
  });

  test("is nowhere in the metrics, the data directory and the log, neither while the server runs nor after", async () => {
    assert.deepEqual(findLeaks((await succeed("GET", "/metrics")).body, forms), []);
    assert.deepEqual(await findLeaksInFolder(folder, forms), []);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
    assert.deepEqual(await findLeaksInFolder(folder, forms), []);
    assert.ok(log.includes("ready "), "the log was collected");
    // The audit log is encrypted: what is in it is looked at in clear.
    const rootKeyFile = join(folder, "keys", "root.key");
    const events = await auditEvents({ dataDir: join(folder, "data"), rootKeyFile });
    assert.ok(events.some(({ disclosed }) => disclosed !== undefined));
    assert.deepEqual(findLeaks(Buffer.from(JSON.stringify(events)), forms), []);
    assert.ok(events.some(({ requestObject }) => JSON.stringify(requestObject)?.includes('"canary":"***"') === true));
    // The folder that was searched has the events of Kubernetes, with the bodies that the policy asks for.
    assert.match(await readFile(auditLog(), "utf8"), /"requestObject":\{.*"canary":"\*\*\*"/);
    assert.deepEqual(findLeaks(Buffer.from(log, "latin1"), forms), []);
  });

  test("would be found: planted in a file in each form, each form is found", async () => {
    for (const [name, bytes] of forms) {
      const neighbours = Buffer.concat([Buffer.from("before "), bytes, Buffer.from(" after")]);
      await writeFile(join(folder, "planted"), neighbours);
      assert.match((await findLeaksInFolder(folder, forms)).join("\n"), new RegExp(`planted: ${name}`), name);
      await writeFile(join(folder, "planted"), Buffer.concat([Buffer.from("x"), gzipSync(neighbours)]));
      assert.match((await findLeaksInFolder(folder, forms)).join("\n"), new RegExp(`planted: gzip of ${name}`), name);
    }
    for (const offset of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(offset, "z"), Buffer.from(canary), Buffer.from("tail")]).toString(
        "base64",
      );
      assert.ok(findLeaks(Buffer.from(text), forms).includes(`base64 at offset ${offset}`), `offset ${offset}`);
    }
  });
});
