import assert from "node:assert/strict";
import { test } from "node:test";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { User } from "../identity/user.ts";
import { OpenStreams } from "./open-streams.ts";

const ann: User = { name: "ann", uid: undefined, groups: [], extra: new Map() };

/** Streams of one generation that the test turns. */
function streams(nowMs = () => 0) {
  const state = { generation: 1, decisions: 0, refuse: new Set<number>() };
  const open = new OpenStreams({ generation: () => state.generation, now: () => new Date(nowMs()) });
  const start = (number: number, caller: User = ann) => {
    const ended = Promise.withResolvers<void>();
    const stream = open.open({
      caller,
      generation: state.generation,
      decide: async () => {
        state.decisions++;
        if (state.refuse.has(number)) throw new StrongroomError("denied", "no more");
      },
      end: ended.resolve,
    });
    return { stream, ended: ended.promise };
  };
  return { state, start };
}

test("While nothing changes a stream is not in doubt and is not decided anew", async () => {
  const { state, start } = streams();
  const { stream } = start(0);
  assert.equal(stream.isInDoubt(), false);
  assert.equal(await stream.mayGoOn(), true);
  stream.close();
  assert.equal(state.refuse.size, 0);
});

test("After a change a stream is in doubt until it was decided anew", async () => {
  const { state, start } = streams();
  const { stream } = start(0);
  state.generation++;
  assert.equal(stream.isInDoubt(), true);
  assert.equal(await stream.mayGoOn(), true);
  assert.equal(stream.isInDoubt(), false);
  stream.close();
});

test("A change during a decision leaves the stream in doubt", async () => {
  const state = { generation: 1 };
  const open = new OpenStreams({ generation: () => state.generation, now: () => new Date(0) });
  const decide = async () => void state.generation++;
  const stream = open.open({ caller: ann, generation: 0, decide, end: () => {} });
  assert.equal(await stream.mayGoOn(), true);
  assert.equal(stream.isInDoubt(), true);
  stream.close();
});

test("A thousand idle streams are decided once after any number of changes, and only the refused end", async () => {
  const { state, start } = streams();
  const started = Array.from({ length: 1024 }, (_, number) => start(number));
  for (let change = 0; change < 100; change++) state.generation++;
  state.refuse.add(1000);
  await started[1000]?.ended;
  for (const { stream } of started.slice(0, 1000)) assert.equal(stream.isInDoubt(), false);
  assert.ok(state.decisions <= 1024, `${state.decisions} decisions`);
  assert.equal(started.filter(({ stream }) => stream.refusal !== undefined).length, 1);
  for (const { stream } of started) stream.close();
});

test("An idle stream ends when its credential expires, or is taken back", async () => {
  let nowMs = 0;
  const { state, start } = streams(() => nowMs);
  let revoked = false;
  const expiring = start(0, { ...ann, expiresAtMs: 1000 });
  const revocable = start(1, { ...ann, revoked: () => revoked });
  const lasting = start(2);
  assert.equal(expiring.stream.isInDoubt() || revocable.stream.isInDoubt(), false);
  nowMs = 1000;
  await expiring.ended;
  revoked = true;
  await revocable.ended;
  for (const { stream } of [expiring, revocable]) {
    assert.ok(stream.refusal instanceof StrongroomError && stream.refusal.code === "unauthenticated");
  }
  assert.equal(lasting.stream.refusal, undefined);
  assert.equal(state.decisions, 0);
  for (const { stream } of [expiring, revocable, lasting]) stream.close();
});

test("What cannot be decided ends, once", async () => {
  let ends = 0;
  const open = new OpenStreams({ generation: () => 1, now: () => new Date(0) });
  const decide = () => Promise.reject(new StrongroomError("unavailable", "not known"));
  const stream = open.open({ caller: ann, generation: 0, decide, end: () => void ends++ });
  assert.deepEqual(await Promise.all([stream.mayGoOn(), stream.mayGoOn()]), [false, false]);
  assert.equal(ends, 1);
  stream.close();
});
