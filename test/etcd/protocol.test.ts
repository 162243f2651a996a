/** What etcdctl cannot be made to send: progress, cancellations, counts, and what no client should. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { grpcCodes } from "../../src/grpc/grpc-status.ts";
import {
  AdoptRequest,
  CopyRequest,
  copyPath,
  ForgetRequest,
  putPath,
  removePath,
} from "../../src/doors/etcd/messages/adoption.ts";
import {
  CompactionRequest,
  DeleteRangeRequest,
  KeyValue,
  PutRequest,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  RequestOp,
  Compare,
} from "../../src/doors/etcd/messages/kv.ts";
import { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import { makeCertificates } from "../support/certificates.ts";
import { auditEvents } from "../support/audit-events.ts";
import { bindingObject, rbacPath } from "../support/rbac-objects.ts";
import { grant, userCredentials } from "../support/user-client.ts";
import { startEtcdServer } from "./etcd-server.ts";
import type { EtcdServer } from "./etcd-server.ts";
import { grpcClient } from "./grpc-client.ts";
import type { GrpcClient, OpenCall } from "./grpc-client.ts";

const kv = (method: string) => `/etcdserverpb.KV/${method}`;
const watchPath = "/etcdserverpb.Watch/Watch";
const bytes = (text: string) => Buffer.from(text, "latin1");
const key = (name: string, namespace = "default") => bytes(`/registry/secrets/${namespace}/${name}`);
const root = { key: bytes("/registry/secrets/"), rangeEnd: bytes("/registry/secrets0") };

describe("the protocol of the etcd door", () => {
  let etcd: EtcdServer;
  let client: GrpcClient;
  before(async () => {
    etcd = await startEtcdServer();
    client = grpcClient(etcd.server.etcdUrl, etcd.server.credentials);
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  const put = (name: string, value: string) =>
    client.unary(kv("Put"), PutRequest.encode({ key: key(name), value: bytes(value) }));
  const range = async (request: Parameters<typeof RangeRequest.encode>[0]) => {
    const answer = await client.unary(kv("Range"), RangeRequest.encode(request));
    assert.equal(answer.status, grpcCodes.ok, answer.message);
    return RangeResponse.decode(answer.messages[0] ?? Buffer.alloc(0));
  };
  const create = (request: Partial<typeof WatchCreateRequest extends { decode(b: Uint8Array): infer R } ? R : never>) =>
    WatchRequest.encode({ create: WatchCreateRequest.of(request) });
  const next = async (call: OpenCall) => WatchResponse.decode((await call.next()) ?? assert.fail("the stream ended"));

  it("counts without telling keys, all of them or those of a part", async () => {
    for (const name of ["count-a", "count-b", "count-c"]) await put(name, "k8s:enc:x");
    const all = await range({ ...root, countOnly: true });
    assert.ok(all.count >= 3);
    assert.equal(all.kvs.length, 0);
    const part = await range({ key: key("count-a"), rangeEnd: key("count-c"), countOnly: true });
    assert.equal(part.count, 2);
  });

  it("tells the progress of a watch when it has told everything before, for one watch and for all", async () => {
    const call = client.open(watchPath);
    call.send(create({ ...root, progressNotify: true }));
    const created = await next(call);
    assert.equal(created.created, true);
    await put("progress", "k8s:enc:1");
    call.send(WatchRequest.encode({ progress: {} }));
    const event = await next(call);
    assert.equal(event.events.length, 1);
    const progress = await next(call);
    assert.deepEqual([progress.watchId, progress.events.length], [-1, 0]);
    assert.ok((progress.header?.revision ?? 0) >= (event.header?.revision ?? Infinity));
    await call.end();
  });

  it("keeps several watches of a stream apart, and cancels one of them", async () => {
    const call = client.open(watchPath);
    call.send(create({ key: key("apart-a") }));
    call.send(create({ key: key("apart-b"), watchId: 7 }));
    assert.equal((await next(call)).watchId, 0);
    assert.equal((await next(call)).watchId, 7);
    await put("apart-b", "k8s:enc:1");
    assert.equal((await next(call)).watchId, 7);
    call.send(WatchRequest.encode({ cancel: { watchId: 7 } }));
    const canceled = await next(call);
    assert.deepEqual([canceled.watchId, canceled.canceled, canceled.cancelReason], [7, true, ""]);
    await put("apart-b", "k8s:enc:2");
    await put("apart-a", "k8s:enc:1");
    const event = await next(call);
    assert.equal(event.watchId, 0);
    const told = Event.decode(event.events[0] ?? Buffer.alloc(0));
    assert.deepEqual(Buffer.from(told.kv?.key ?? []), key("apart-a"));
    call.send(create({ key: key("apart-a"), watchId: 0 }));
    assert.ok((await next(call)).created);
    await call.end();
  });

  it("waits for a revision to come when a watch begins in the future", async () => {
    const call = client.open(watchPath);
    const { header } = await range({ key: key("nothing") });
    const startRevision = (header?.revision ?? 0) + 2;
    call.send(create({ ...root, startRevision }));
    assert.ok((await next(call)).created);
    await put("future-1", "k8s:enc:1");
    await put("future-2", "k8s:enc:1");
    const event = await next(call);
    assert.equal(event.header?.revision, startRevision);
    await call.end();
  });

  it("tells a client without rights nothing, by any method, and has it on record", async () => {
    const nobody = await userCredentials(etcd.server, "nobody");
    await using stranger = grpcClient(etcd.server.etcdUrl, nobody);
    const txn = TxnRequest.encode({
      compare: [Compare.of({ key: key("count-a"), target: 2 })],
      success: [RequestOp.of({ put: PutRequest.of({ key: key("count-a"), value: bytes("x") }) })],
    });
    for (const [method, message] of [
      ["Range", RangeRequest.encode({ key: key("count-a") })],
      ["Range", RangeRequest.encode({ key: key("absent") })],
      ["Range", RangeRequest.encode(root)],
      ["Put", PutRequest.encode({ key: key("count-a"), value: bytes("x") })],
      ["Txn", txn],
      ["Compact", new Uint8Array()],
    ] as const) {
      const answer = await stranger.unary(kv(method), message);
      assert.deepEqual([answer.status, answer.message], [grpcCodes.permissionDenied, "etcdserver: permission denied"]);
    }
    const call = stranger.open(watchPath);
    call.send(create(root));
    const refused = await next(call);
    assert.deepEqual([refused.created, refused.canceled], [true, true]);
    assert.match(refused.cancelReason, /permission denied/);
    await call.end();
    const events = await auditEvents(etcd.server);
    const denied = events.filter(
      ({ user, responseStatus }) => user.username === "nobody" && responseStatus?.code === 403,
    );
    assert.equal(denied.length, 7);
  });

  it("asks for the right to what a transaction does, whatever else its conditions say", async () => {
    await put("held", "k8s:enc:1");
    const { kvs } = await range({ key: key("held") });
    const { modRevision } = KeyValue.decode(kvs[0] ?? assert.fail());
    await grant(etcd.server, "creator", ["create", "secrets"]);
    await grant(etcd.server, "updater", ["update", "secrets"]);
    const { denied, ok } = { denied: grpcCodes.permissionDenied, ok: grpcCodes.ok };
    const mod = (revision: number, more = {}) => ({ target: 2, modRevision: revision, ...more });
    type Row = [user: string, name: string, compare: object, branch: "success" | "failure", status: number];
    const rows: Row[] = [
      ["creator", "held", mod(modRevision, { version: -modRevision }), "success", denied],
      ["updater", "absent-1", mod(0, { version: 7 }), "success", denied],
      ["updater", "absent-2", mod(5), "failure", denied],
      ["creator", "absent-3", mod(0), "failure", denied],
      ["creator", "absent-4", mod(0), "success", ok],
      ["updater", "held", mod(modRevision), "success", ok],
    ];
    for (const [user, name, compare, branch, status] of rows) {
      await using caller = grpcClient(etcd.server.etcdUrl, await userCredentials(etcd.server, user));
      const operation = RequestOp.of({ put: PutRequest.of({ key: key(name), value: bytes("k8s:enc:2") }) });
      const txn = { compare: [Compare.of({ key: key(name), ...compare })], [branch]: [operation] };
      assert.equal((await caller.unary(kv("Txn"), TxnRequest.encode(txn))).status, status, `${user} ${name}`);
    }
    for (const name of ["absent-1", "absent-2", "absent-3"]) assert.equal((await range({ key: key(name) })).count, 0);
  });

  it("has an intent of each change on record before it is made", async () => {
    await put("intended", "k8s:enc:1");
    await put("intended", "k8s:enc:2");
    await client.unary(kv("DeleteRange"), DeleteRangeRequest.encode({ key: key("intended") }));
    const events = (await auditEvents(etcd.server)).filter(
      ({ door, objectRef }) => door === "etcd" && objectRef?.name === "intended",
    );
    const intents = events.filter(({ stage }) => stage === "RequestReceived");
    assert.equal(intents.length, 3);
    for (const { intentID } of intents) {
      const outcome = events.find((event) => event.intentID === intentID && event.stage === "ResponseComplete");
      assert.equal(outcome?.responseStatus?.code, 200);
    }
  });

  it("lets nobody compact, or keep records, who may only read", async () => {
    await allowReading(etcd.server);
    await using reader = grpcClient(etcd.server.etcdUrl, await userCredentials(etcd.server, "reader"));
    const { header } = await range({ ...root, countOnly: true });
    const revision = header?.revision ?? 0;
    assert.equal((await reader.unary(kv("Range"), RangeRequest.encode(root))).status, grpcCodes.ok);
    for (const [method, message] of [
      ["Compact", CompactionRequest.encode({ revision })],
      ["Put", PutRequest.encode({ key: bytes("compact_rev_key"), value: bytes("1") })],
    ] as const) {
      assert.equal((await reader.unary(kv(method), message)).status, grpcCodes.permissionDenied, method);
    }
  });

  it("tells a stranger no more by the methods of adoption, and has them on record", async () => {
    await using stranger = grpcClient(etcd.server.etcdUrl, await userCredentials(etcd.server, "adopter"));
    const long = key("a", "n".repeat(70));
    const calls: readonly (readonly [string, Uint8Array])[] = [
      [putPath, AdoptRequest.encode({ key: long, value: bytes("x"), modRevision: 1 })],
      [removePath, ForgetRequest.encode({ key: long })],
      [copyPath, CopyRequest.encode({ key: long })],
    ];
    for (const [path, message] of calls) {
      const { status, message: text } = await stranger.unary(path, message);
      assert.deepEqual([status, text], [grpcCodes.permissionDenied, "etcdserver: permission denied"]);
    }
    const denied = (await auditEvents(etcd.server)).filter(({ user }) => user.username === "adopter");
    assert.equal(denied.length, calls.length);
  });

  it("has no answer for a client without a certificate, or with one of another authority", async () => {
    const { ca } = etcd.server.credentials;
    const other = makeCertificates();
    for (const credentials of [{ ca }, { ca, cert: other.client.certPem, key: other.client.keyPem }]) {
      await using stranger = grpcClient(etcd.server.etcdUrl, credentials);
      const answer = await stranger.unary(kv("Range"), RangeRequest.encode(root));
      assert.equal(answer.status, grpcCodes.unauthenticated);
      assert.equal(answer.messages.length, 0);
    }
  });

  it("says what is wrong with messages and frames that are none, and goes on", async () => {
    const malformed = await client.unary(kv("Range"), Buffer.from([0x0a, 0xff]));
    assert.deepEqual([malformed.status, malformed.message], [3, "strongroom: the message must be valid protobuf"]);
    const wrongType = await client.unary(kv("Range"), Buffer.from([0x08, 0x01]));
    assert.equal(wrongType.status, grpcCodes.invalidArgument);
    const noKey = await client.unary(kv("Range"), new Uint8Array());
    assert.deepEqual([noKey.status, noKey.message], [3, "etcdserver: key is not provided"]);
    const cut = await client.raw(kv("Range"), Buffer.from([0, 0, 0, 0, 9, 1]));
    assert.equal(cut.status, grpcCodes.internal);
    const compressed = await client.raw(kv("Range"), Buffer.from([1, 0, 0, 0, 0]));
    assert.equal(compressed.status, grpcCodes.unimplemented);
    const huge = await client.raw(kv("Put"), Buffer.from([0, 0xff, 0xff, 0xff, 0xff]));
    assert.deepEqual([huge.status, huge.message.slice(0, 42)], [8, "grpc: received message larger than max (42"]);
    const large = await put("large", `k8s:enc:${"x".repeat(1.6 * 1024 * 1024)}`);
    assert.deepEqual([large.status, large.message], [3, "etcdserver: request is too large"]);
    // Each is decoded to an object: a message of 2 MiB must not become a million of them.
    const repeated = await client.unary(kv("Txn"), Buffer.alloc(1024 * 1024, Buffer.from([0x0a, 0])));
    assert.deepEqual(
      [repeated.status, repeated.message],
      [3, "strongroom: a field must be repeated at most 4096 times"],
    );
    const many = await client.unary(kv("Txn"), Buffer.alloc(258, Buffer.from([0x0a, 0])));
    assert.deepEqual([many.status, many.message], [3, "etcdserver: too many operations in txn request"]);
    const unknown = await client.unary("/etcdserverpb.KV/Nothing", new Uint8Array());
    assert.equal(unknown.status, grpcCodes.unimplemented);
    assert.equal((await put("goes-on", "k8s:enc:1")).status, grpcCodes.ok);
  });

  it("refuses a Secret under the key of another", async () => {
    const body = { metadata: { name: "own" }, stringData: { a: "b" } };
    await etcd.server.call("POST", "/api/v1/namespaces/default/secrets", { body });
    const [stored = Buffer.alloc(0)] = (await range({ key: key("own") })).kvs;
    const value = Buffer.from(stored).subarray(Buffer.from(stored).indexOf("k8s\0"));
    const answer = await client.unary(kv("Put"), PutRequest.encode({ key: key("other"), value }));
    assert.equal(answer.status, grpcCodes.invalidArgument);
    assert.match(answer.message, /must be those of its key/);
  });

  it("carries a thousand watches on one stream and tells each", async () => {
    const call = client.open(watchPath);
    for (let index = 0; index < 1000; index++) call.send(create({ key: key("many") }));
    for (let index = 0; index < 1000; index++) assert.ok((await next(call)).created);
    await put("many", "k8s:enc:1");
    const told = new Set<number>();
    while (told.size < 1000) told.add((await next(call)).watchId);
    await call.end();
  });

  it("keeps a client that reads slowly from nothing: it is told all, in order, when it reads on", async () => {
    const call = client.open(watchPath);
    call.send(create({ key: key("slow") }));
    assert.ok((await next(call)).created);
    call.stream.pause();
    const [writes, size] = [40, 256 * 1024];
    for (let index = 0; index < writes; index++) {
      const answer = await put("slow", `k8s:enc:${index}:${"x".repeat(size)}`);
      assert.equal(answer.status, grpcCodes.ok, answer.message);
    }
    call.stream.resume();
    const told: string[] = [];
    while (told.length < writes) {
      const { events, canceled, cancelReason } = await next(call);
      assert.ok(!canceled, cancelReason);
      for (const event of events) told.push(Buffer.from(Event.decode(event).kv?.value ?? []).toString("latin1", 8, 11));
    }
    assert.deepEqual(
      told.map((text) => Number.parseInt(text, 10)),
      Array.from({ length: writes }, (_, index) => index),
    );
    await call.end();
  });

  it("counts calls by method and status, and the watches that run", async () => {
    const call = client.open(watchPath);
    call.send(create({ key: key("counted") }));
    assert.ok((await next(call)).created);
    await client.unary(kv("Range"), RangeRequest.encode({ key: key("counted"), revision: 2 ** 40 }));
    const { text } = await etcd.server.call("GET", "/metrics");
    assert.match(text, /^strongroom_etcd_watches\{cluster="prod"\} [1-9]/m);
    assert.match(text, /^strongroom_etcd_calls_total\{cluster="prod",method="Range",code="outOfRange"\} 1$/m);
    assert.match(text, /^strongroom_etcd_calls_total\{cluster="prod",method="Put",code="ok"\} \d+$/m);
    assert.match(text, /^strongroom_etcd_call_duration_seconds_count\{cluster="prod",method="Range"\} \d+$/m);
    await call.end();
  });

  it("compacts forward only, whoever says so at the same time", async () => {
    for (let index = 0; index < 20; index++) assert.equal((await put("compacted", `k8s:enc:${index}`)).status, 0);
    const { header } = await range({ key: key("compacted") });
    const newest = header?.revision ?? 0;
    const revisions = Array.from({ length: 12 }, (_, index) => newest - index);
    const compact = (revision: number) => client.unary(kv("Compact"), CompactionRequest.encode({ revision }));
    const answers = await Promise.all(revisions.map(compact));
    for (const { status, message } of answers) {
      assert.ok(status === 0 || message === "etcdserver: mvcc: required revision has been compacted", message);
    }
    const below = await client.unary(kv("Range"), RangeRequest.encode({ key: key("compacted"), revision: newest - 1 }));
    assert.equal(below.message, "etcdserver: mvcc: required revision has been compacted");
    assert.equal((await range({ key: key("compacted"), revision: newest })).kvs.length, 1);
  });

  it("answers health and version over plain HTTP, without a certificate", async () => {
    const { ca } = etcd.server.credentials;
    const { get } = await import("node:https");
    const ask = (path: string) =>
      new Promise<string>((resolve, reject) => {
        get(`${etcd.server.etcdUrl}${path}`, { ca, agent: false }, (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => resolve(`${response.statusCode} ${text}`));
        }).on("error", reject);
      });
    assert.equal(await ask("/health"), '200 {"health":"true","reason":""}');
    assert.match(await ask("/version"), /^200 \{"etcdserver":"3\.5\./);
    assert.match(await ask("/v2/keys"), /^404/);
  });
});

/** Gives the user `reader` every right to read secrets. */
async function allowReading({ call }: EtcdServer["server"]): Promise<void> {
  const rules = [{ verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["secrets"] }];
  const role = await call("POST", `${rbacPath}/clusterroles`, { body: { metadata: { name: "reader" }, rules } });
  const binding = bindingObject("reader", "ClusterRole reader", "User reader");
  const bound = await call("POST", `${rbacPath}/clusterrolebindings`, { body: binding });
  assert.deepEqual([role.status, bound.status], [201, 201]);
}
