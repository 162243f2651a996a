/** The etcd door under thousands of watches, when the clock jumps, and over a start: what clients of etcd rely on stays so. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  KeyValue,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../src/doors/etcd/messages/kv.ts";
import { LeaseGrantRequest, LeaseGrantResponse, LeaseKeepAliveRequest } from "../../src/doors/etcd/messages/lease.ts";
import { LeaseKeepAliveResponse } from "../../src/doors/etcd/messages/lease.ts";
import { MemberListResponse, StatusResponse } from "../../src/doors/etcd/messages/cluster.ts";
import { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import { base64, create as createObject, secret, secretsIn } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { grpcClient } from "./grpc-client.ts";
import type { GrpcClient, OpenCall } from "./grpc-client.ts";

const cluster = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: undefined };
const kv = (method: string) => `/etcdserverpb.KV/${method}`;
const watchPath = "/etcdserverpb.Watch/Watch";
const bytes = (text: string) => Buffer.from(text, "latin1");
const key = (name: string) => bytes(`/registry/secrets/default/${name}`);
const watchOf = (request: Parameters<typeof WatchCreateRequest.of>[0]) =>
  WatchRequest.encode({ create: WatchCreateRequest.of(request) });
const next = async (call: OpenCall) => WatchResponse.decode((await call.next()) ?? assert.fail("the stream ended"));

async function ask(client: GrpcClient, path: string, message: Uint8Array): Promise<Buffer> {
  const answer = await client.unary(path, message);
  assert.equal(answer.status, 0, answer.message);
  return answer.messages[0] ?? Buffer.alloc(0);
}

async function put(client: GrpcClient, name: string, value: string): Promise<number> {
  const message = await ask(client, kv("Put"), PutRequest.encode({ key: key(name), value: bytes(value) }));
  return PutResponse.decode(message).header?.revision ?? 0;
}

describe("the etcd door", () => {
  let server: TestServer;
  let client: GrpcClient;
  before(async () => {
    server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [cluster] } });
    client = grpcClient(server.etcdUrl, server.credentials);
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  it("says in every answer which cluster and member it is, the same after a start, and a revision that only rises", async () => {
    const headers = async (asked: GrpcClient) => {
      const range = RangeRequest.encode({ key: key("header") });
      const deletion = DeleteRangeRequest.encode({ key: key("header") });
      return [
        PutResponse.decode(
          await ask(asked, kv("Put"), PutRequest.encode({ key: key("header"), value: bytes("k8s:enc:x") })),
        ),
        RangeResponse.decode(await ask(asked, kv("Range"), range)),
        RangeResponse.decode(
          await ask(asked, kv("Range"), RangeRequest.encode({ key: key("header"), serializable: true })),
        ),
        TxnResponse.decode(
          await ask(
            asked,
            kv("Txn"),
            TxnRequest.encode({ success: [RequestOp.of({ range: RangeRequest.of({ key: key("header") }) })] }),
          ),
        ),
        StatusResponse.decode(await ask(asked, "/etcdserverpb.Maintenance/Status", new Uint8Array())),
        MemberListResponse.decode(await ask(asked, "/etcdserverpb.Cluster/MemberList", new Uint8Array())),
        DeleteRangeResponse.decode(await ask(asked, kv("DeleteRange"), deletion)),
      ].map(({ header }) => header ?? assert.fail("there must be a header"));
    };
    const before = await headers(client);
    const restarted = await server.restart();
    await client[Symbol.asyncDispose]();
    server = restarted;
    client = grpcClient(server.etcdUrl, server.credentials);
    const all = [...before, ...(await headers(client))];
    assert.equal(
      new Set(all.map(({ clusterId, memberId, raftTerm }) => `${clusterId} ${memberId} ${raftTerm}`)).size,
      1,
    );
    assert.ok(all.every(({ clusterId, memberId, raftTerm }) => clusterId > 0n && memberId > 0n && raftTerm > 0n));
    const revisions = all.map(({ revision }) => revision);
    assert.deepEqual(
      revisions,
      revisions.toSorted((one, other) => one - other),
    );
  });

  it("carries thousands of watches of several streams, tells each, and refuses what is too many until some end", async () => {
    const [streams, each] = [5, 2000];
    const calls = Array.from({ length: streams }, () => client.open(watchPath));
    const created = async (call: OpenCall) => {
      for (let index = 0; index < each; index++) assert.equal((await next(call)).cancelReason, "");
    };
    for (const call of calls) for (let index = 0; index < each; index++) call.send(watchOf({ key: key("many") }));
    await Promise.all(calls.map(created));
    const further = client.open(watchPath);
    further.send(watchOf({ key: key("many") }));
    const refused = await next(further);
    assert.deepEqual([refused.watchId, refused.canceled], [-1, true]);
    assert.match(refused.cancelReason, /at most 10000 watches run at a time/);
    const revision = await put(client, "many", "k8s:enc:1");
    for (const call of calls) {
      const told = new Set<number>();
      while (told.size < each) {
        const { watchId, header } = await next(call);
        assert.equal(header?.revision, revision);
        told.add(watchId);
      }
    }
    const [first] = calls;
    await first?.end();
    for (let isCreated = false; !isCreated;) {
      further.send(watchOf({ key: key("many") }));
      isCreated = !(await next(further)).canceled;
    }
    await Promise.all([further, ...calls.slice(1)].map((call) => call.end()));
  });

  it("tells what another door writes within 100 ms, in the form of an API server", async () => {
    const call = client.open(watchPath);
    call.send(watchOf({ key: key(""), rangeEnd: bytes("/registry/secrets/default0") }));
    assert.ok((await next(call)).created);
    const tookMs: number[] = [];
    for (let index = 0; index < 50; index++) {
      const writing = createObject(
        server,
        secretsIn("default"),
        secret(`other-${index}`, { data: { a: base64("b") } }),
      );
      const startMs = await writing.then(() => performance.now());
      const { events } = await next(call);
      tookMs.push(performance.now() - startMs);
      const told = Event.decode(events[0] ?? Buffer.alloc(0)).kv;
      assert.equal(Buffer.from(told?.value ?? []).toString("latin1", 0, 4), "k8s\0");
    }
    const [median = Infinity] = tookMs.toSorted((one, other) => one - other).slice(25);
    assert.ok(median < 100, `${median} ms`);
    await call.end();
  });

  it("tells large events of the past whole and in order, to a client that takes fragments too", async () => {
    const from = await put(client, "large", `k8s:enc:0:${"x".repeat(700_000)}`);
    for (let index = 1; index < 6; index++) await put(client, "large", `k8s:enc:${index}:${"x".repeat(700_000)}`);
    const call = client.open(watchPath);
    call.send(watchOf({ key: key("large"), startRevision: from, prevKv: true, fragment: true }));
    assert.ok((await next(call)).created);
    const told: string[] = [];
    while (told.length < 6) {
      const { events, fragment } = await next(call);
      assert.equal(fragment, false, "no message needs to come in pieces");
      for (const event of events) {
        const { kv: state, prevKv } = Event.decode(event);
        told.push(`${bytesText(state?.value)} after ${bytesText(prevKv?.value)}`);
      }
    }
    assert.deepEqual(told, ["0 after ", "1 after 0", "2 after 1", "3 after 2", "4 after 3", "5 after 4"]);
    await call.end();
  });

  it("keeps no versions of releases, and those of other secrets, as every door", async () => {
    for (const type of ["helm.sh/release.v1", "Opaque"]) {
      const name = type === "Opaque" ? "versioned" : "release";
      const path = secretsIn("default");
      await createObject(server, path, secret(name, { type, data: { release: base64("value one") } }));
      const { kvs } = RangeResponse.decode(await ask(client, kv("Range"), RangeRequest.encode({ key: key(name) })));
      const { value } = KeyValue.decode(kvs[0] ?? Buffer.alloc(0));
      // As long as before, so that all lengths around it still hold.
      const changed = bytes(Buffer.from(value).toString("latin1").replace("value one", "value two"));
      await ask(client, kv("Put"), PutRequest.encode({ key: key(name), value: changed }));
      const seen = await server.call("GET", `${path}/${name}`);
      assert.equal(seen.json.data.release, base64("value two"), seen.text);
      const versions = await server.call("GET", "/apis/strongroom.dev/v1/namespaces/default/secretversions");
      const own = versions.json.items.filter((each: { readonly secret: string }) => each.secret === name);
      assert.equal(own.length, type === "Opaque" ? 2 : 0);
    }
  });

  it("goes on when the clock jumps, forward and back: revisions, swaps, watches and leases", async () => {
    const call = client.open(watchPath);
    call.send(watchOf({ key: key("clock") }));
    assert.ok((await next(call)).created);
    const grant = await ask(client, "/etcdserverpb.Lease/LeaseGrant", LeaseGrantRequest.encode({ ttl: 3600 }));
    const { id } = LeaseGrantResponse.decode(grant);
    const revisions: number[] = [];
    const wall = jumpingClock();
    try {
      for (const hours of [0, 20, 0, 12, 1, 0]) {
        wall.set(hours);
        revisions.push(await put(client, "clock", `k8s:enc:${hours}`));
        const { events } = await next(call);
        assert.equal(bytesText(Event.decode(events[0] ?? Buffer.alloc(0)).kv?.value), String(hours));
      }
    } finally {
      wall[Symbol.dispose]();
    }
    assert.deepEqual(
      revisions,
      revisions.toSorted((one, other) => one - other),
    );
    assert.equal(new Set(revisions).size, revisions.length);
    // A lease may end early when time jumps, which its client is told: it takes another.
    const alive = client.open("/etcdserverpb.Lease/LeaseKeepAlive");
    alive.send(LeaseKeepAliveRequest.encode({ id }));
    const { ttl } = LeaseKeepAliveResponse.decode((await alive.next()) ?? assert.fail("the stream ended"));
    assert.ok(ttl === 0 || ttl === 3600, String(ttl));
    alive.stream.end();
    await once(alive.stream, "close");
    await call.end();
  });
});

/** What stands behind `k8s:enc:` up to the next colon. */
function bytesText(value: Uint8Array | undefined): string {
  return (
    Buffer.from(value ?? [])
      .toString("latin1")
      .split(":")[2] ?? ""
  );
}

/** The wall clock of this process, so many hours ahead. */
function jumpingClock(): Disposable & { set(hours: number): void } {
  const RealDate = Date;
  let aheadMs = 0;
  class JumpedDate extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      if (given.length === 0) super(RealDate.now() + aheadMs);
      else super(given[0]);
    }

    static override now(): number {
      return RealDate.now() + aheadMs;
    }
  }
  globalThis.Date = JumpedDate as DateConstructor; // the server of the test reads it at each use
  return {
    set: (hours) => void (aheadMs = hours * 60 * 60 * 1000),
    [Symbol.dispose]: () => void (globalThis.Date = RealDate),
  };
}
