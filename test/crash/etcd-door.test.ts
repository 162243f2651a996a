/**
 * The server is killed again and again while clients of the etcd door compare and swap; the history that is left explains every
 * answer that any of them got: each key is one register, and nothing that was acknowledged is lost.
 */
import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  Compare,
  KeyValue,
  PutRequest,
  RangeRequest,
  RangeResponse,
  RequestOp,
  TxnRequest,
  TxnResponse,
} from "../../src/doors/etcd/messages/kv.ts";
import { Event, WatchCreateRequest, WatchRequest, WatchResponse } from "../../src/doors/etcd/messages/watch.ts";
import { TestHome } from "../cli/program.ts";
import type { GrpcClient } from "../etcd/grpc-client.ts";
import { startEtcdProgram } from "./etcd-program.ts";

const kills = 3;
const writers = 16;
const keys = Array.from({ length: 6 }, (_, index) => `/registry/secrets/default/register-${index}`);
const bytes = (text: string) => Buffer.from(text, "latin1");
const textOf = (value: Uint8Array | undefined) => Buffer.from(value ?? []).toString("latin1");

/** What a client knows of a key: a swap that was acknowledged, or a read; `since` was answered to somebody before it was asked. */
type Known = Answered &
  ({ readonly type: "read"; readonly mod: number } | { readonly type: "swap"; readonly over: number });

interface Answered {
  readonly key: string;
  readonly value: string;
  readonly at: number;
  readonly since: number;
}

interface Put {
  readonly revision: number;
  readonly value: string;
}

async function start(home: TestHome) {
  const { program, connect } = await startEtcdProgram(home);
  return { program, client: connect() };
}

/** The newest revision that any client was told of. */
class Clock {
  revision = 0;
  told(revision: number): number {
    this.revision = Math.max(this.revision, revision);
    return revision;
  }
}

function stateOf(message: Uint8Array | undefined) {
  if (message === undefined) return { mod: 0, value: "" };
  const { modRevision: mod, value } = KeyValue.decode(message);
  return { mod, value: textOf(value) };
}

/** A read and a swap over what was read; what is known of both goes to `known`. Rejects when the server is gone. */
async function readAndSwap(client: GrpcClient, clock: Clock, known: Known[]): Promise<void> {
  const key = keys[randomInt(keys.length)] ?? "";
  const before = clock.revision;
  const read = await client.unary("/etcdserverpb.KV/Range", RangeRequest.encode({ key: bytes(key) }));
  if (read.status !== 0) throw new Error(read.message);
  const { header, kvs } = RangeResponse.decode(read.messages[0] ?? Buffer.alloc(0));
  const at = clock.told(header?.revision ?? 0);
  const current = stateOf(kvs[0]);
  known.push({ type: "read", key, ...current, at, since: before });

  const value = `k8s:enc:aescbc:v1:k:${randomUUID()}`;
  const since = clock.revision;
  const swapped = await client.unary(
    "/etcdserverpb.KV/Txn",
    TxnRequest.encode({
      compare: [Compare.of({ key: bytes(key), target: 2, modRevision: current.mod })],
      success: [RequestOp.of({ put: PutRequest.of({ key: bytes(key), value: bytes(value) }) })],
    }),
  );
  if (swapped.status !== 0) throw new Error(swapped.message);
  const answer = TxnResponse.decode(swapped.messages[0] ?? Buffer.alloc(0));
  const revision = clock.told(answer.header?.revision ?? 0);
  if (answer.succeeded) known.push({ type: "swap", key, over: current.mod, value, at: revision, since });
}

async function loadUntilKilled({ program, client }: Awaited<ReturnType<typeof start>>, clock: Clock): Promise<Known[]> {
  const known: Known[] = [];
  const enough = randomInt(150, 400);
  let killed = false;
  const write = async () => {
    while (!killed) {
      try {
        await readAndSwap(client, clock, known);
      } catch (error) {
        if (!killed) throw error;
      }
      if (known.length < enough || killed) continue;
      killed = true;
      program.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  await program.ended;
  await client[Symbol.asyncDispose]();
  return known;
}

/** What a watch from the beginning tells of each key. */
async function historyOf(client: GrpcClient): Promise<Map<string, Put[]>> {
  const call = client.open("/etcdserverpb.Watch/Watch");
  const all = { key: bytes("/registry/secrets/"), rangeEnd: bytes("/registry/secrets0") };
  call.send(WatchRequest.encode({ create: WatchCreateRequest.of({ ...all, startRevision: 1 }) }));
  call.send(WatchRequest.encode({ progress: {} }));
  const history = new Map(keys.map((key): [string, Put[]] => [key, []]));
  for (;;) {
    const message = await call.next();
    assert.ok(message !== undefined, "the watch must go on");
    const { created, canceled, cancelReason, watchId, events } = WatchResponse.decode(message);
    assert.ok(!canceled, cancelReason);
    for (const event of events) {
      const { kv } = Event.decode(event);
      history.get(textOf(kv?.key))?.push({ revision: kv?.modRevision ?? 0, value: textOf(kv?.value) });
    }
    if (!created && watchId === -1) break;
  }
  await call.end();
  return history;
}

/** Why the history of a key does not explain what a client knows; undefined when it does. */
function contradiction(known: Known, puts: readonly Put[]): string | undefined {
  if (known.at < known.since) return "it was answered from before what somebody had been told already";
  if (known.type === "read") {
    const { revision, value } = puts.findLast((put) => put.revision <= known.at) ?? { revision: 0, value: "" };
    return revision === known.mod && value === known.value ? undefined : "the key was another at that revision";
  }
  const index = puts.findIndex(({ revision, value }) => revision === known.at && value === known.value);
  if (index < 0) return "it was lost";
  return (puts[index - 1]?.revision ?? 0) === known.over ? undefined : "it was swapped over another state";
}

test("What is left after kill -9 explains every read and every swap that was acknowledged, as registers that are linearizable", async () => {
  using home = new TestHome();
  const clock = new Clock();
  const known: Known[] = [];
  for (let kill = 0; kill < kills; kill++) known.push(...(await loadUntilKilled(await start(home), clock)));
  const { program, client } = await start(home);
  await using _ = program;
  await using connection = client;
  const history = await historyOf(connection);
  const contradictions = known.flatMap((each) => {
    const reason = contradiction(each, history.get(each.key) ?? []);
    return reason === undefined ? [] : [{ ...each, reason }];
  });
  assert.deepEqual(contradictions, []);
  const swaps = known.filter(({ type }) => type === "swap").length;
  assert.ok(swaps > kills * 20 && known.length - swaps > kills * 75, `${swaps} swaps of ${known.length} answers`);
});
