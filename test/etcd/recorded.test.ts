/**
 * What a real kube-apiserver asked while kubectl worked with Secrets through it, sent again message by message: the answers are what
 * they were, but for the revisions. `node test/etcd/record-apiserver.ts` records it anew.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { StatusResponse } from "../../src/doors/etcd/messages/cluster.ts";
import {
  KeyValue,
  RangeRequest,
  RangeResponse,
  RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../src/doors/etcd/messages/kv.ts";
import { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import { startEtcdServer } from "./etcd-server.ts";
import { grpcClient } from "./grpc-client.ts";
import type { GrpcClient, OpenCall } from "./grpc-client.ts";
import type { Said } from "./recording-door.ts";

type Header = ReturnType<typeof RangeResponse.decode>["header"];

// The recorder wrote it.
const said = JSON.parse(readFileSync(join(import.meta.dirname, "recorded-apiserver.json"), "utf8")) as readonly Said[];

/** Which revision of now stands for which one of then: found out from answers, used in what is asked after them. */
class Revisions {
  readonly #now = new Map<number, number>([[0, 0]]);

  /** That both are the same. Raises when the one of then has another one of now already. */
  pair(then: number, now: number): void {
    const known = this.#now.get(then);
    assert.equal(now, known ?? now, `revision ${then} of then`);
    this.#now.set(then, now);
  }

  /** The state that was read: the same, but other things are written at other times. */
  pairHeaders(then: Header, now: Header): void {
    if (!this.#now.has(then?.revision ?? 0)) this.#now.set(then?.revision ?? 0, now?.revision ?? 0);
  }

  /** Where a watch begins: at what was read, or behind it. */
  start(then: number): number {
    return this.#now.has(then) ? this.now(then) : this.now(then - 1) + 1;
  }

  now(then: number): number {
    return this.#now.get(then) ?? assert.fail(`revision ${then} must have been in an answer`);
  }
}

/** One call as it was recorded. */
interface Call {
  readonly path: string;
  readonly asked: Buffer[];
  readonly answered: Buffer[];
}

function callsOf(messages: readonly Said[]): Map<number, Call> {
  const calls = new Map<number, Call>();
  for (const { call, path, from, message } of messages) {
    const known = calls.get(call) ?? { path, asked: [], answered: [] };
    (from === "client" ? known.asked : known.answered).push(Buffer.from(message, "base64"));
    calls.set(call, known);
  }
  return calls;
}

class Replay {
  readonly revisions = new Revisions();
  readonly #client: GrpcClient;
  readonly #watches: { readonly call: Call; readonly open: OpenCall }[] = [];
  replayed = 0;

  constructor(client: GrpcClient) {
    this.#client = client;
  }

  async run(call: Call): Promise<void> {
    this.replayed += 1;
    const [asked = Buffer.alloc(0)] = call.asked;
    const [then = Buffer.alloc(0)] = call.answered;
    const unary = async (message: Uint8Array) => {
      const { status, message: text, messages } = await this.#client.unary(call.path, message);
      assert.equal(status, 0, `${call.path}: ${text}`);
      return messages[0] ?? Buffer.alloc(0);
    };
    switch (call.path) {
      case "/etcdserverpb.KV/Range":
        return this.#sameRange(
          RangeResponse.decode(then),
          RangeResponse.decode(await unary(this.#range(RangeRequest.decode(asked)))),
        );
      case "/etcdserverpb.KV/Txn":
        return this.#sameTxn(TxnResponse.decode(then), TxnResponse.decode(await unary(this.#txn(asked))));
      case "/etcdserverpb.Maintenance/Status": {
        const now = StatusResponse.decode(await unary(asked));
        return assert.equal(now.version, StatusResponse.decode(then).version);
      }
      case "/etcdserverpb.Watch/Watch":
        return this.#watch(call);
      default:
        assert.fail(`${call.path} was recorded`);
    }
  }

  /** What was told by watches, in its order; in how many messages may differ. */
  async endWatches(): Promise<void> {
    for (const { call, open } of this.#watches) {
      const then = call.answered.flatMap((message) => WatchResponse.decode(message).events);
      const now: Uint8Array[] = [];
      while (now.length < then.length) {
        now.push(...WatchResponse.decode((await open.next()) ?? assert.fail("the watch ended")).events);
      }
      for (const [index, event] of then.entries()) {
        const [was, is] = [Event.decode(event), Event.decode(now[index] ?? Buffer.alloc(0))];
        assert.equal(is.type, was.type);
        this.#sameKv(was.kv, is.kv);
        this.#sameKv(was.prevKv, is.prevKv);
      }
      await open.end();
    }
  }

  get told(): number {
    return this.#watches
      .flatMap(({ call }) => call.answered)
      .reduce((sum, message) => sum + WatchResponse.decode(message).events.length, 0);
  }

  #range(request: RangeRequest): Uint8Array {
    return RangeRequest.encode({ ...request, revision: this.revisions.now(request.revision) });
  }

  #txn(asked: Uint8Array): Uint8Array {
    const { compare, success, failure } = TxnRequest.decode(asked);
    const branch = (operations: typeof success) =>
      operations.map((operation) =>
        operation.range === undefined
          ? operation
          : RequestOp.of({ range: RangeRequest.decode(this.#range(operation.range)) }),
      );
    return TxnRequest.encode({
      compare: compare.map((each) => ({ ...each, modRevision: this.revisions.now(each.modRevision) })),
      success: branch(success),
      failure: branch(failure),
    });
  }

  async #watch(call: Call): Promise<void> {
    const open = this.#client.open(call.path);
    for (const message of call.asked) {
      const { create } = WatchRequest.decode(message);
      if (create === undefined) continue;
      const startRevision = this.revisions.start(create.startRevision);
      open.send(WatchRequest.encode({ create: WatchCreateRequest.of({ ...create, startRevision }) }));
      const { created } = WatchResponse.decode((await open.next()) ?? assert.fail("the watch ended"));
      assert.ok(created);
    }
    this.#watches.push({ call, open });
  }

  #sameRange(then: ReturnType<typeof RangeResponse.decode>, now: ReturnType<typeof RangeResponse.decode>): void {
    this.revisions.pairHeaders(then.header, now.header);
    assert.deepEqual([now.more, now.count, now.kvs.length], [then.more, then.count, then.kvs.length]);
    for (const [index, kv] of then.kvs.entries()) {
      this.#sameKv(KeyValue.decode(kv), KeyValue.decode(now.kvs[index] ?? Buffer.alloc(0)));
    }
  }

  #sameTxn(then: ReturnType<typeof TxnResponse.decode>, now: ReturnType<typeof TxnResponse.decode>): void {
    assert.equal(now.succeeded, then.succeeded);
    assert.equal(now.responses.length, then.responses.length);
    if (then.succeeded) this.revisions.pair(then.header?.revision ?? 0, now.header?.revision ?? 0);
    for (const [index, response] of then.responses.entries()) {
      const { range, put, deleteRange } = response;
      const is = now.responses[index];
      assert.deepEqual(
        [is?.range === undefined, is?.put === undefined, is?.deleteRange?.deleted],
        [range === undefined, put === undefined, deleteRange?.deleted],
      );
      if (range !== undefined && is?.range !== undefined) this.#sameRange(range, is.range);
    }
  }

  #sameKv(then: KeyValue | undefined, now: KeyValue | undefined): void {
    assert.equal(now === undefined, then === undefined);
    if (then === undefined || now === undefined) return;
    this.revisions.pair(then.modRevision, now.modRevision);
    this.revisions.pair(then.createRevision, now.createRevision);
    const rest = ({ key, value, version, lease }: KeyValue) => [Buffer.from(key), Buffer.from(value), version, lease];
    assert.deepEqual(rest(now), rest(then));
  }
}

test("What a kube-apiserver was recorded to ask is answered as it was then", async () => {
  await using etcd = await startEtcdServer();
  await using client = grpcClient(etcd.server.etcdUrl, etcd.server.credentials);
  const replay = new Replay(client);
  for (const [, call] of callsOf(said)) await replay.run(call);
  await replay.endWatches();
  assert.ok(replay.replayed >= 30 && replay.told >= 10, `${replay.replayed} calls, ${replay.told} events`);
});
