/** Reading a log that somebody, or the disk, has damaged. */
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { segmentNames } from "../../../test/support/audit-attacker.ts";
import {
  auditEvent,
  entriesOf,
  idsOf,
  LogFixture,
  numbered,
  writeAll,
} from "../../../test/support/audit-log-fixture.ts";
import { startFollower } from "../followers/follower.ts";
import { blockAt, blockTypes, encodeHeader } from "./block.ts";
import type { Block } from "./block.ts";
import type { UnreadableEntries } from "./log-reader.ts";
import { LogReader } from "./log-reader.ts";

const fixture = new LogFixture();
after(() => fixture[Symbol.dispose]());
const count = 60;
await fixture.with((log) => writeAll(log, numbered(count)), { segmentBytes: 1200 });
const kept = fixture.directory;
const segments = segmentNames(kept);

/** What of a folder of segments can be read, and what is said to be unreadable. */
async function readAll(directory: string, from = 0, to = count) {
  const told: UnreadableEntries[] = [];
  const reader = new LogReader(directory, fixture.keys.seal, async (entries) => void told.push(entries));
  const read: { position: number; id: string }[] = [];
  for await (const { position, event } of reader.entries(from, to)) read.push({ position, id: event.auditID });
  return { read, told };
}

function copy(): string {
  const directory = join(fixture.home, `copy-${copies++}`);
  cpSync(kept, directory, { recursive: true });
  return directory;
}
let copies = 0;

/** Where the blocks of a segment begin, and where the last ends. */
function offsetsOf(bytes: Buffer): number[] {
  const offsets = [bytes.indexOf("\n", 30) + 1];
  for (let offset = offsets[0] ?? 0; offset < bytes.length;) {
    const block = blockAt(bytes, offset);
    assert.ok(block !== "malformed" && "bytes" in block);
    offsets.push((offset += block.bytes.length));
  }
  return offsets;
}

type Damage = (bytes: Buffer, at: number, extent: number) => Buffer;

const damages: Readonly<Record<string, Damage>> = {
  "a bit": (bytes, at) => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    return changed;
  },
  "bytes overwritten": (bytes, at, extent) => Buffer.from(bytes).fill(0xa5, at, Math.min(bytes.length, at + extent)),
  "bytes taken out": (bytes, at, extent) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + extent)]),
  "bytes put in": (bytes, at, extent) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.alloc(extent, at), bytes.subarray(at)]),
  "the end cut off": (bytes, at) => bytes.subarray(0, at),
  "two blocks exchanged": (bytes, at) => {
    const offsets = offsetsOf(bytes);
    const first = 1 + (at % (offsets.length - 3));
    const [a = 0, b = 0, c = 0] = offsets.slice(first);
    return Buffer.concat([bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b), bytes.subarray(c)]);
  },
};

test("Whatever was done to a segment, what is as it was written is read in order, and all the rest, no more, is told", async () => {
  const anyDamage = fc.record({
    what: fc.constantFrom(...Object.keys(damages)),
    which: fc.nat(segments.length - 1),
    at: fc.nat(),
    extent: fc.integer({ min: 1, max: 700 }),
    from: fc.oneof(fc.constant(0), fc.nat(count - 1)),
  });
  await fc.assert(
    fc.asyncProperty(anyDamage, async ({ what, which, at, extent, from }) => {
      const directory = copy();
      const path = join(directory, segments[which] ?? "");
      const bytes = readFileSync(path);
      const damaged = damages[what]?.(bytes, at % bytes.length, extent) ?? bytes;
      writeFileSync(path, damaged);
      const { read, told } = await readAll(directory, from);
      for (const { position, id } of read) assert.equal(id, `event-${position}`);
      const positions = read.map(({ position }) => position);
      assert.deepEqual(
        positions,
        [...new Set(positions)].sort((a, b) => a - b),
        "in order, each once",
      );
      const isTold = (position: number) => told.some((range) => range.from <= position && position < range.before);
      for (let position = from; position < count; position++) {
        assert.equal(isTold(position), !positions.includes(position), `entry ${position}: ${JSON.stringify(told)}`);
      }
      rmSync(directory, { recursive: true });
    }),
    { numRuns: 150 },
  );
});

test("A bit that changed takes the entries of its block from nobody but who reads them", async () => {
  const directory = copy();
  const path = join(directory, segments[1] ?? "");
  const bytes = readFileSync(path);
  const [, , offset = 0] = offsetsOf(bytes);
  const block = blockAt(bytes, offset);
  assert.ok(block !== "malformed" && "bytes" in block);
  bytes[offset + 30] = (bytes[offset + 30] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const { read, told } = await readAll(directory);
  assert.deepEqual(told, [{ segment: segments[1], from: block.position, before: block.position + block.count }]);
  assert.equal(read.length, count - block.count);
  assert.deepEqual((await readAll(directory, block.position + block.count)).told, []);
});

test("A segment that is gone from the middle is told, one from the front is not: that is retention", async () => {
  const directory = copy();
  const first = (index: number) => Number(segments[index]?.slice(0, 16));
  rmSync(join(directory, segments[2] ?? ""));
  assert.deepEqual((await readAll(directory)).told, [{ segment: segments[1], from: first(2), before: first(3) }]);
  rmSync(join(directory, segments[0] ?? ""));
  rmSync(join(directory, segments[1] ?? ""));
  const { read, told } = await readAll(directory);
  assert.deepEqual([read[0]?.position, told], [first(3), []]);
});

test("Damage under the server is on record before what is behind it is read, once, and what comes is kept apart from it", async () => {
  using damaged = new LogFixture();
  await damaged.with(async (log) => {
    await writeAll(log, numbered(9));
    const path = join(damaged.directory, segmentNames(damaged.directory)[0] ?? "");
    const bytes = readFileSync(path);
    const offset = offsetsOf(bytes)[4] ?? 0;
    bytes.fill(0, offset, offset + 40);
    writeFileSync(path, bytes);
    // In one go, as the index and a follower come upon it.
    const [one, other] = await Promise.all([idsOf(log), idsOf(log)]);
    const whole = numbered(9).filter((id) => id !== "event-4");
    assert.deepEqual([one, other], [whole, whole]);
    const [report, ...more] = (await entriesOf(log, 9)).map(({ event }) => event);
    assert.deepEqual(more, []);
    assert.match(report?.annotations?.["strongroom.dev/report"] ?? "", /cannot be read/);
    assert.equal(report?.annotations?.["strongroom.dev/fromEntry"], "4");
    assert.equal(report?.annotations?.["strongroom.dev/beforeEntry"], "5");
    assert.equal(log.damages, 1);
    await log.write(auditEvent("next"));
    assert.equal(segmentNames(damaged.directory).length, 2);
    assert.equal((await idsOf(log, 10)).at(-1), "next");
  });
  assert.equal(damaged.reports.length, 1);
});

test("What cannot be put on record is not passed over", async () => {
  using damaged = new LogFixture();
  await damaged.with(async (log) => {
    await writeAll(log, numbered(5));
    const path = join(damaged.directory, segmentNames(damaged.directory)[0] ?? "");
    const bytes = readFileSync(path);
    bytes.fill(0, offsetsOf(bytes)[2], offsetsOf(bytes)[3]);
    writeFileSync(path, bytes);
    damaged.disk.fault = "append";
    await assert.rejects(idsOf(log), { code: "unavailable" });
    damaged.disk.fault = "none";
    assert.equal((await idsOf(log)).length, 4);
    assert.equal((await entriesOf(log, 5)).length, 1);
  });
});

for (const what of ["its header", "its key", "its dictionary"] as const) {
  test(`A start goes on in a segment of its own when the last one lost ${what}, and says so`, async () => {
    using damaged = new LogFixture();
    await damaged.with((log) => writeAll(log, numbered(9)), { segmentBytes: 500 });
    const name = segmentNames(damaged.directory).at(-1) ?? "";
    const path = join(damaged.directory, name);
    const bytes = readFileSync(path);
    const places = {
      "its header": 5,
      "its key": bytes.indexOf('"dataKey":"') + 20,
      "its dictionary": (offsetsOf(bytes)[0] ?? 0) + 50,
    };
    const place = places[what];
    bytes[place] = bytes[place] === 65 ? 66 : 65;
    writeFileSync(path, bytes);
    await damaged.with(async (log) => {
      await log.write(auditEvent("next"));
      const first = Number(name.slice(0, 16));
      const ids = await idsOf(log);
      assert.deepEqual(ids.slice(0, first), numbered(first));
      assert.equal(ids.at(-1), "next");
      assert.match(damaged.reports[0]?.message ?? "", /changed from outside/);
      assert.match(String(damaged.reports[0]?.fields["damage"]), /does not begin as it was written/);
    });
  });
}

test("A start goes on although an entry between an open intent and the end cannot be read", async () => {
  using damaged = new LogFixture();
  const log = await damaged.open();
  const intent = { stage: "RequestReceived", verb: "update" } as const;
  await log.write(auditEvent("intent", { ...intent, intentID: "one" }), { kind: "write" });
  await writeAll(log, numbered(5));
  await log.write(auditEvent("other", { ...intent, intentID: "two" }), { kind: "write" });
  const path = join(damaged.directory, segmentNames(damaged.directory)[0] ?? "");
  const bytes = readFileSync(path);
  const [, , , start = 0] = offsetsOf(bytes);
  bytes.writeUInt8(bytes.readUInt8(start + 25) ^ 1, start + 25);
  writeFileSync(path, bytes);
  damaged.crash();
  await damaged.with(async (next) => {
    assert.deepEqual(
      next.openIntents.map(({ event }) => event.intentID),
      ["one", "two"],
    );
  });
});

test("A follower is told of entries that were deleted by hand before it had them, from where to where", async () => {
  using behind = new LogFixture();
  await behind.with(
    async (log) => {
      await writeAll(log, numbered(40));
      const names = segmentNames(behind.directory);
      for (const name of names.slice(0, 2)) rmSync(join(behind.directory, name));
      const first = Number(names[2]?.slice(0, 16));
      const texts: string[] = [];
      const received = Promise.withResolvers<void>();
      await using _ = await startFollower({
        name: "behind",
        log,
        position: { load: async () => 3, save: async () => {} },
        from: "now",
        render: ({ event }) => [event.auditID],
        destination: {
          async deliver(records) {
            texts.push(...records.map(({ text }) => text));
            if (texts.includes("event-39")) received.resolve();
          },
          close: async () => {},
        },
        batch: { recordsMax: 100, waitMs: 0, bytesMax: 1024 * 1024 },
        backoffMs: 1,
        report: (report) => behind.reports.push(report),
      });
      await received.promise;
      assert.deepEqual(texts, numbered(40).slice(first));
      assert.equal(behind.reports.length, 1);
      assert.deepEqual(behind.reports[0]?.fields, { follower: "behind", from: 3, to: first });
      assert.equal(log.first, first);
    },
    { segmentBytes: 700 },
  );
});

test("Whoever fills a segment with what looks like large blocks does not keep the reader at it", async () => {
  const directory = copy();
  const path = join(directory, segments[1] ?? "");
  const bytes = readFileSync(path);
  const [, begin = 0] = offsetsOf(bytes); // behind the dictionary
  const { position } = blockAt(bytes, begin) as Block; // the segment is whole
  const fakes = Buffer.alloc(4 * 1024 * 1024);
  for (let at = 0; at + 20 <= fakes.length; at += 20) {
    encodeHeader({ type: blockTypes.entries, count: 1, position, timeMs: 0 }, fakes.length - at - 28).copy(fakes, at);
  }
  writeFileSync(path, Buffer.concat([bytes.subarray(0, begin), fakes]));
  const started = performance.now();
  const { read, told } = await readAll(directory);
  assert.ok(performance.now() - started < 10_000);
  const [from, before] = [Number(segments[1]?.slice(0, 16)), Number(segments[2]?.slice(0, 16))];
  assert.deepEqual(told, [{ segment: segments[1], from, before }]);
  assert.equal(read.length, count - (before - from));
});

test("What was taken out before a gap that the server found is told, and what was missing then is not told again", async () => {
  using gapped = new LogFixture();
  const options = { segmentBytes: 700 };
  await gapped.with((log) => writeAll(log, numbered(40)), options);
  const names = segmentNames(gapped.directory);
  rmSync(join(gapped.directory, names.at(-1) ?? ""));
  await gapped.with((log) => writeAll(log, numbered(5, "later")), options);
  const told: UnreadableEntries[] = [];
  const readAgain = async () => {
    told.length = 0;
    const reader = new LogReader(gapped.directory, gapped.keys.seal, async (entries) => void told.push(entries));
    for await (const _ of reader.entries(0, Infinity));
    return told;
  };
  assert.deepEqual(await readAgain(), []);
  const [last = "", next = ""] = [names.at(-2), names.at(-1)];
  truncateSync(join(gapped.directory, last), offsetsOf(readFileSync(join(gapped.directory, last)))[0]);
  const [from, before] = [last, next].map((name) => Number(name.slice(0, 16)));
  assert.deepEqual(await readAgain(), [{ segment: last, from, before }]);
});
