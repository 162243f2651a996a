import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditEvent } from "../audit-event.ts";
import type { Checkpoint } from "../log/checkpoint.ts";
import { MemorySink } from "../memory-sink.ts";
import type { Destination, OutgoingRecord } from "./destination.ts";
import type { PositionStorage } from "./follower-position.ts";
import { startFollower } from "./follower.ts";
import type { FollowerOptions } from "./follower.ts";
import { Backoff, Throttle } from "./pace.ts";

function event(auditID: string): AuditEvent {
  return {
    auditID,
    stage: "ResponseComplete",
    door: "kubernetes",
    verb: "get",
    requestURI: "/api/v1/namespaces/default/secrets/db",
    user: { username: "alice", groups: [] },
    sourceIPs: [],
    userAgent: "",
    requestReceivedTimestamp: "2026-01-02T03:04:05.000006Z",
    stageTimestamp: "2026-01-02T03:04:05.000007Z",
  };
}

/** A log with events 0, 1, 2, ... */
async function logOf(count: number): Promise<MemorySink> {
  const log = new MemorySink();
  for (let index = 0; index < count; index++) await log.write(event(String(index)));
  return log;
}

class MemoryPosition implements PositionStorage {
  position: number | undefined;
  load = async () => this.position;
  save = async (position: number) => void (this.position = position);
}

/** Takes what it is given, or fails as it is told to; whoever waits for so many records is told. */
class Receiver implements Destination {
  readonly received: string[] = [];
  readonly batches: number[] = [];
  fault: "none" | "fails" | "hangs" | "takes half" = "none";
  attempts = 0;
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  async deliver(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<void> {
    this.attempts += 1;
    this.#tell();
    if (this.fault === "fails") throw new Error("500");
    if (this.fault === "takes half") {
      this.received.push(...records.slice(0, Math.ceil(records.length / 2)).map(({ text }) => text));
      throw new Error("reset");
    }
    if (this.fault === "hangs") {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    }
    this.received.push(...records.map(({ text }) => text));
    this.batches.push(records.length);
    this.#tell();
  }

  close = async () => {};

  until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isMet, resolve });
      this.#tell();
    });
  }

  #tell(): void {
    for (const { isMet, resolve } of this.#waiting) if (isMet()) resolve();
    this.#waiting = this.#waiting.filter(({ isMet }) => !isMet());
  }
}

function optionsOf(log: MemorySink, receiver: Receiver, position: PositionStorage): FollowerOptions {
  return {
    name: "test",
    log,
    position,
    from: "beginning",
    render: ({ event: { auditID } }) => [auditID],
    destination: receiver,
    batch: { recordsMax: 10, waitMs: 0, bytesMax: 1024 },
    backoffMs: 1,
    report: () => {},
    sleep: async () => {},
  };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));

test("A follower delivers what is there and what comes, in order, in batches", async () => {
  const log = await logOf(25);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  await using follower = await startFollower(optionsOf(log, receiver, position));
  await receiver.until(() => receiver.received.length === 25);
  assert.deepEqual(receiver.batches, [10, 10, 5]);
  await log.write(event("25"));
  await receiver.until(() => receiver.received.length === 26);
  assert.deepEqual(receiver.received, numbers(0, 26));
  await follower.close();
  assert.equal(position.position, 26);
  assert.deepEqual(
    { ...follower.state, failures: 0 },
    {
      name: "test",
      position: 26,
      lag: 0,
      delivered: 26,
      failures: 0,
      isFailing: false,
    },
  );
});

test("A new follower begins with what comes, if it is not told to begin at the beginning", async () => {
  const log = await logOf(5);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  await using _ = await startFollower({ ...optionsOf(log, receiver, position), from: "now" });
  assert.equal(position.position, 5);
  await log.write(event("new"));
  await receiver.until(() => receiver.received.length === 1);
  assert.deepEqual(receiver.received, ["new"]);
});

test("A follower that was closed goes on where it was, without loss or repetition", async () => {
  const log = await logOf(15);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  const first = await startFollower(optionsOf(log, receiver, position));
  await receiver.until(() => receiver.received.length === 15);
  await first.close();
  for (const name of numbers(15, 20)) await log.write(event(name));
  await using _ = await startFollower(optionsOf(log, receiver, position));
  await receiver.until(() => receiver.received.length === 20);
  assert.deepEqual(receiver.received, numbers(0, 20));
});

test("A follower that was killed repeats at most what it had not noted, and loses nothing", async () => {
  const log = await logOf(30);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  const killed = await startFollower(optionsOf(log, receiver, position));
  await receiver.until(() => receiver.received.length === 30);
  // The process ends here: what was noted by now is all that the next one knows.
  const noted = position.position ?? 0;
  const next: MemoryPosition = Object.assign(new MemoryPosition(), { position: noted });
  const after = new Receiver();
  await using _ = await startFollower(optionsOf(log, after, next));
  await after.until(() => after.received.length === 30 - noted);
  assert.deepEqual(after.received, numbers(noted, 30));
  assert.ok(noted <= 30);
  await killed.close();
});

for (const fault of ["fails", "takes half"] as const) {
  test(`A receiver that ${fault} costs no request anything, is told once, and gets everything when it is back`, async () => {
    const log = await logOf(0);
    const [receiver, position] = [new Receiver(), new MemoryPosition()];
    const reports: string[] = [];
    await using follower = await startFollower({
      ...optionsOf(log, receiver, position),
      report: ({ message }) => void reports.push(message),
    });
    receiver.fault = fault;
    for (const name of numbers(0, 12)) await log.write(event(name));
    await receiver.until(() => receiver.attempts >= 5);
    assert.equal(follower.state.isFailing, true);
    assert.ok(follower.state.failures >= 4);
    assert.equal(follower.state.lag, 12);
    assert.equal(position.position, 0);
    receiver.received.length = 0;
    receiver.fault = "none";
    await receiver.until(() => receiver.received.includes("11"));
    assert.deepEqual(receiver.received, numbers(0, 12));
    await follower.close();
    assert.deepEqual(reports, [
      "Follower of the audit log cannot deliver and tries again",
      "Follower of the audit log goes on",
    ]);
  });
}

test("A receiver that hangs holds up neither the log nor the end", async () => {
  const log = await logOf(0);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  const follower = await startFollower(optionsOf(log, receiver, position));
  receiver.fault = "hangs";
  for (const name of numbers(0, 1000)) await log.write(event(name));
  await receiver.until(() => receiver.attempts === 1);
  assert.ok(follower.state.lag > 990);
  await follower.close();
  assert.equal(position.position, 0);
});

test("What was handed over shortly before a failure is delivered again, where there are no receipts", async () => {
  const log = await logOf(5);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  let nowMs = 0;
  await using _ = await startFollower({ ...optionsOf(log, receiver, position), doubtMs: 5000, nowMs: () => nowMs });
  await receiver.until(() => receiver.received.length === 5);
  // Noted by the follower, too.
  await new Promise(setImmediate);
  nowMs = 6000;
  await log.write(event("5"));
  await receiver.until(() => receiver.received.length === 6);
  await new Promise(setImmediate);
  // The first five are sure now, the sixth is not.
  receiver.fault = "fails";
  const attempts = receiver.attempts;
  await log.write(event("6"));
  await receiver.until(() => receiver.attempts > attempts);
  receiver.fault = "none";
  await receiver.until(() => receiver.received.includes("6"));
  assert.deepEqual(receiver.received, [...numbers(0, 6), "5", "6"]);
});

test("An entry that is nothing to a receiver moves its place all the same", async () => {
  const log = await logOf(50);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  const follower = await startFollower({
    ...optionsOf(log, receiver, position),
    render: ({ position: at }) => (at === 49 ? ["last"] : []),
  });
  await receiver.until(() => receiver.received.length === 1);
  await follower.close();
  assert.equal(position.position, 50);
});

test("A place beyond the end of the log is that of another log, and one before its first entry is told", async () => {
  for (const [start, first] of [
    [99, 0],
    [2, 4],
  ] as const) {
    const log = await logOf(8);
    const shown = Object.create(log, { first: { value: first } }) as MemorySink; // the same log, with its oldest entries gone
    const [receiver, position] = [new Receiver(), Object.assign(new MemoryPosition(), { position: start })];
    const reports: string[] = [];
    const options = { ...optionsOf(log, receiver, position), log: shown };
    await using _ = await startFollower({ ...options, report: ({ message }) => void reports.push(message) });
    await log.write(event("8"));
    await receiver.until(() => receiver.received.includes("8"));
    assert.deepEqual(receiver.received, numbers(first, 9));
    assert.equal(reports.length, 1);
  }
});

test("A batch waits to be full, for a while", async () => {
  const log = await logOf(0);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  await using _ = await startFollower({
    ...optionsOf(log, receiver, position),
    batch: { recordsMax: 3, waitMs: 20, bytesMax: 1024 },
  });
  for (const name of numbers(0, 3)) await log.write(event(name));
  await receiver.until(() => receiver.received.length === 3);
  await log.write(event("3"));
  await receiver.until(() => receiver.received.length === 4);
  assert.deepEqual(receiver.batches, [3, 1]);
});

test("Batches are limited by their bytes, and an entry stays whole", async () => {
  const log = await logOf(6);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  await using _ = await startFollower({
    ...optionsOf(log, receiver, position),
    render: () => ["x".repeat(400), "y".repeat(400)],
  });
  await receiver.until(() => receiver.received.length === 12);
  assert.deepEqual(receiver.batches, [2, 2, 2, 2, 2, 2]);
});

test("Checkpoints follow the entries that they are about, once", async () => {
  const log = await logOf(3);
  const [receiver, position] = [new Receiver(), new MemoryPosition()];
  const listeners = new Set<(checkpoint: Checkpoint) => void>();
  const checkpoint = (entries: number): Checkpoint => ({
    apiVersion: "strongroom.dev/v1",
    kind: "AuditCheckpoint",
    instance: "i",
    entries,
    head: "h",
    time: "t",
    publicKey: "k",
    signature: "s",
  });
  const checkpoints = {
    lastCheckpoint: checkpoint(3),
    onCheckpoint(listener: (checkpoint: Checkpoint) => void) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  await using _ = await startFollower({ ...optionsOf(log, receiver, position), checkpoints });
  await receiver.until(() => receiver.received.length === 4);
  await log.write(event("3"));
  await receiver.until(() => receiver.received.length === 5);
  checkpoints.lastCheckpoint = checkpoint(4);
  for (const listener of listeners) listener(checkpoints.lastCheckpoint);
  await receiver.until(() => receiver.received.length === 6);
  assert.deepEqual(
    receiver.received.map((text) => (text.startsWith("{") ? `checkpoint ${JSON.parse(text).entries}` : text)),
    ["0", "1", "2", "checkpoint 3", "3", "checkpoint 4"],
  );
});

test("Pauses grow to two minutes, and begin small again after a success", () => {
  const backoff = new Backoff(10_000, () => 0);
  const pauses = Array.from({ length: 10 }, () => Math.round(backoff.next()));
  assert.deepEqual(pauses.slice(0, 4), [10_000, 15_000, 22_500, 33_750]);
  assert.equal(pauses.at(-1), 120_000);
  backoff.reset();
  assert.equal(backoff.next(), 10_000);
});

test("A throttle gives a burst, then so many a second, whatever the clock does", () => {
  let nowMs = 0;
  const throttle = new Throttle({ perSecond: 10, burst: 3, nowMs: () => nowMs });
  assert.deepEqual([throttle.take(), throttle.take(), throttle.take()], [0, 0, 0]);
  assert.equal(Math.round(throttle.take()), 100);
  nowMs = -50_000;
  assert.equal(Math.round(throttle.take()), 200);
  nowMs = 60_000;
  assert.equal(throttle.take(), 0);
});
