import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { Attacker, chainAtEnd, segmentNames } from "../../../test/support/audit-attacker.ts";
import { auditEvent, LogFixture, numbered, writeAll } from "../../../test/support/audit-log-fixture.ts";
import type { AppendFile, AppendFiles } from "../append-file.ts";
import { blockTypes, encodeBlock, encodeHeader } from "./block.ts";
import { parseCheckpoints, signCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readBundle, writeBundle } from "./log-bundle.ts";
import { listSegments } from "./log-directory.ts";
import { segmentsToVerify, verifyLog } from "./verify-log.ts";
import type { ChainHead } from "./log-keys.ts";
import type { LogVerdict, VerifyOptions } from "./verify-log.ts";

/** A log of 40 entries in some segments, with a checkpoint after each eight. */
const whole = new LogFixture();
after(() => whole[Symbol.dispose]());
const checkpoints: Checkpoint[] = [];
for (let round = 0; round < 5; round++) {
  await whole.with(
    async (log) => {
      log.onCheckpoint((checkpoint) => checkpoints.push(checkpoint));
      await writeAll(log, numbered(8, `round-${round}`));
    },
    { segmentBytes: 1500 },
  );
}
const fixtureTimeMs = whole.time.getTime();
const last = checkpoints.at(-1) as Checkpoint; // there were five rounds
/** The last block, which no entry is in. */
const checkpointBlockBytes = 92;
const allBytes = bytesOf(whole.directory);

function bytesOf(directory: string): Buffer {
  return Buffer.concat(segmentNames(directory).map((name) => readFileSync(join(directory, name))));
}

async function verdictOf(directory: string, options: Partial<VerifyOptions> = {}): Promise<LogVerdict> {
  return verifyLog(await segmentsToVerify(directory), {
    publicKey: whole.keys.publicKey,
    outside: [],
    from: 0,
    to: Infinity,
    ...options,
  });
}

/** Runs with a copy of the log, to be harmed. */
async function withCopy<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const copy = join(whole.home, `copy-${Math.random()}`);
  mkdirSync(copy);
  cpSync(whole.directory, copy, { recursive: true });
  try {
    return await use(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

test("A log that nobody touched has no faults, and says what is signed and what is known elsewhere", async () => {
  assert.ok(segmentNames(whole.directory).length >= 4);
  const verdict = await verdictOf(whole.directory, { outside: checkpoints });
  assert.deepEqual(verdict.faults, []);
  assert.deepEqual([verdict.first, verdict.end, verdict.entries], [0, 40, 40]);
  assert.deepEqual([verdict.signed, verdict.outside], [last, last]);
  assert.equal(verdict.segments, segmentNames(whole.directory).length);
});

test("A part of the log is verified by its segments and the checkpoint behind it", async () => {
  const verdict = await verdictOf(whole.directory, { from: 17, to: 20, outside: checkpoints });
  assert.deepEqual(verdict.faults, []);
  assert.ok(verdict.first > 0 && verdict.first <= 17 && verdict.end === 20, `${verdict.first} ${verdict.end}`);
  assert.equal(verdict.signed?.entries, 24);
});

test("After segments were deleted from the front, the rest is verified from its first entry on, and not from 0", () =>
  withCopy(async (copy) => {
    const [name = ""] = segmentNames(copy);
    rmSync(join(copy, name));
    const [next = ""] = segmentNames(copy);
    const first = Number(next.slice(0, 16));
    assert.deepEqual((await verdictOf(copy, { from: first, outside: checkpoints })).faults, []);
    const [fault] = (await verdictOf(copy)).faults;
    assert.deepEqual([fault?.from, fault?.to], [0, first]);
  }));

test("A change of one byte anywhere is found where it is, when nobody makes the hashes anew", async () => {
  const names = segmentNames(whole.directory);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, where, by) =>
      withCopy(async (copy) => {
        const name = names[which % names.length] ?? "";
        const path = join(copy, name);
        const bytes = readFileSync(path);
        const offset = where % bytes.length;
        bytes.writeUInt8(bytes.readUInt8(offset) ^ by, offset);
        writeFileSync(path, bytes);
        const { faults, unfinishedBytes } = await verdictOf(copy, { outside: [last] });
        const isBehindProof = name === names.at(-1) && offset >= bytes.length - checkpointBlockBytes;
        if (isBehindProof) return;
        assert.notEqual(faults.length, 0);
        // Where a block says that it is longer than the file, only what was kept elsewhere shows that it is not being written.
        if (unfinishedBytes > 0) return;
        const before = names.slice(0, names.indexOf(name) + 2);
        assert.ok(before.includes(faults[0]?.segment ?? ""), JSON.stringify(faults));
      }),
    ),
    { numRuns: 150 },
  );
});

/** What an attacker does to the parts of a log, by two numbers at random. */
const attacks: Readonly<Record<string, (attacker: Attacker, a: number, b: number) => void>> = {
  edit({ blocks }, a, b) {
    const { block } = pick(blocks, a);
    const at = b % block.payload.length;
    block.payload.writeUInt8(block.payload.readUInt8(at) ^ 1, at);
  },
  changeTime({ blocks }, a, b) {
    pick(blocks, a).block.timeMs += 1 + b;
  },
  changeCount({ blocks }, a, b) {
    const { block } = pick(blocks, a);
    if (block.type === blockTypes.entries) block.count += 1 + (b % 3);
  },
  remove({ blocks }, a) {
    const { segment, block } = pick(blocks, a);
    segment.blocks.splice(segment.blocks.indexOf(block), 1);
  },
  duplicate({ blocks }, a) {
    const { segment, block } = pick(blocks, a);
    segment.blocks.splice(segment.blocks.indexOf(block), 0, block);
  },
  swap({ blocks }, a, b) {
    const [one, other] = [pick(blocks, a), pick(blocks, b)];
    const [at, to] = [one.segment.blocks.indexOf(one.block), other.segment.blocks.indexOf(other.block)];
    one.segment.blocks[at] = other.block;
    other.segment.blocks[to] = one.block;
  },
  removeSegment({ segments }, a) {
    if (segments.length > 1) segments.splice(a % segments.length, 1);
  },
  swapSegments({ segments }, a, b) {
    const [at, to] = [a % segments.length, b % segments.length];
    [segments[at], segments[to]] = [pick(segments, to), pick(segments, at)];
  },
  removeCheckpoints({ segments }, a) {
    let seen = 0;
    for (const segment of segments) {
      segment.blocks = segment.blocks.filter(({ type }) => type !== blockTypes.checkpoint || seen++ < a % 5);
    }
  },
  cut({ segments }, a, b) {
    segments.splice(1 + (a % segments.length));
    const end = segments.at(-1);
    end?.blocks.splice(b % (end.blocks.length + 1));
  },
  otherKeyInHeader({ segments }, a) {
    const segment = pick(segments, a);
    segment.header = { ...segment.header, publicKey: "" };
  },
};

function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError("there must be something to pick");
  return item;
}

const attack = fc.record({ how: fc.constantFrom(...Object.keys(attacks)), a: fc.nat(1000), b: fc.nat(1000) });

test("Whoever may rewrite the whole log and make every hash anew, but cannot sign, is always found up to the checkpoint that was kept elsewhere", async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(attack, { minLength: 1, maxLength: 3 }), (steps) =>
      withCopy(async (copy) => {
        const attacker = new Attacker(copy);
        for (const { how, a, b } of steps) if (attacker.blocks.length > 0) attacks[how]?.(attacker, a, b);
        attacker.putTogether();
        const bytes = bytesOf(copy);
        const { faults } = await verdictOf(copy, { outside: [last] });
        // Its own block is all that comes after what it is about.
        const provenBytes = allBytes.length - checkpointBlockBytes;
        if (!bytes.subarray(0, provenBytes).equals(allBytes.subarray(0, provenBytes))) {
          assert.notEqual(faults.length, 0);
          found += 1;
        } else if (bytes.equals(allBytes)) assert.deepEqual(faults, []);
        for (const fault of faults) assert.ok(fault.to > fault.from && fault.what.length > 0);
      }),
    ),
    { numRuns: 400 },
  );
  assert.ok(found > 300, String(found));
});

test("Without a checkpoint kept elsewhere, what is told to be signed is what the server wrote, whatever was done", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attack, { minLength: 1, maxLength: 3 }), (steps) =>
      withCopy(async (copy) => {
        const attacker = new Attacker(copy);
        for (const { how, a, b } of steps) if (attacker.blocks.length > 0) attacks[how]?.(attacker, a, b);
        attacker.putTogether();
        const { faults, signed } = await verdictOf(copy);
        if (faults.length > 0 || signed === undefined) return;
        const until = checkpoints.find(({ entries }) => entries === signed.entries);
        assert.deepEqual(signed, until);
      }),
    ),
    { numRuns: 300 },
  );
});

test("Each way to cut the log is found by the checkpoint that was kept elsewhere, which says how much is missing", () =>
  withCopy(async (copy) => {
    const names = segmentNames(copy);
    for (const name of names.toReversed()) {
      truncateSync(join(copy, name), statSync(join(copy, name)).size - 200);
      const { faults, end } = await verdictOf(copy, { outside: [last] });
      const fault = faults.at(-1);
      assert.deepEqual([fault?.from, fault?.to], [end, 40]);
      assert.match(fault?.what ?? "", /cut off/);
      rmSync(join(copy, name));
    }
  }));

test("A log that was made anew from the beginning, and signed by another key, has no checkpoint that counts", async () => {
  using other = new LogFixture();
  await other.with((log) => writeAll(log, numbered(40)));
  const { faults, signed } = await verdictOf(other.directory);
  assert.match(faults[0]?.what ?? "", /not signed by the server/);
  assert.equal(signed, undefined);
});

test("A header that is not of its form is a fault, and ends no verification", () =>
  withCopy(async (copy) => {
    const [, name = ""] = segmentNames(copy);
    const path = join(copy, name);
    const whole = readFileSync(path).toString("latin1");
    for (const field of [
      '"gap":null',
      '"gap":{"from":"0","reason":""}',
      '"keyChange":null',
      '"keyChange":{"from":1}',
    ]) {
      writeFileSync(path, Buffer.from(whole.replace('"first":', `${field},"first":`), "latin1"));
      const [fault] = (await verdictOf(copy)).faults;
      assert.deepEqual(
        [fault?.from, fault?.what],
        [Number(name.slice(0, 16)), "the segment does not begin with a header"],
      );
    }
  }));

test("A gap that the server found hides nothing that was taken out of what was there then", async () => {
  using gapped = new LogFixture();
  const options = { segmentBytes: 700 };
  await gapped.with((log) => writeAll(log, numbered(40)), options);
  const before = segmentNames(gapped.directory);
  rmSync(join(gapped.directory, before.at(-1) ?? ""));
  await gapped.with((log) => writeAll(log, numbered(5, "later")), options);
  const first = (name = "") => Number(name.slice(0, 16));
  const lost = first(before.at(-1));
  const faults = async () => {
    const { publicKey } = gapped.keys;
    const found = (await verdictOf(gapped.directory, { publicKey })).faults;
    return found.map(({ from, to, onRecord = false }) => [from, onRecord ? "on record" : to]);
  };
  assert.deepEqual(await faults(), [[lost, "on record"]]);
  // The last one before the gap; then all of them.
  rmSync(join(gapped.directory, before.at(-2) ?? ""));
  assert.deepEqual(await faults(), [
    [lost, "on record"],
    [first(before.at(-2)), lost],
  ]);
  for (const name of before.slice(0, -2)) rmSync(join(gapped.directory, name));
  assert.deepEqual(await faults(), [
    [lost, "on record"],
    [0, lost],
  ]);
});

test("A gap that the server found is told as what it is", async () => {
  using fixture = new LogFixture();
  await fixture.with(async (log) => {
    await log.write(auditEvent("a"));
    rmSync(join(fixture.directory, segmentNames(fixture.directory)[0] ?? ""));
    await log.write(auditEvent("b"));
  });
  const { faults, signed } = await verdictOf(fixture.directory, { publicKey: fixture.keys.publicKey });
  assert.match(faults[0]?.what ?? "", /the server found here that entries were missing/);
  assert.equal(signed?.entries, 3);
});

test("A block that is being written at the end is no fault", () =>
  withCopy(async (copy) => {
    const path = join(copy, segmentNames(copy).at(-1) ?? "");
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes, bytes.subarray(-172, -150)]));
    writeFileSync(path, Buffer.concat([bytes, Buffer.from([0, 0, 1, 0, 1, 0])]));
    const { faults, unfinishedBytes } = await verdictOf(copy, { outside: [last] });
    assert.deepEqual([faults, unfinishedBytes], [[], 6]);
  }));

test("A bundle verifies as the log does, and is refused when it is none", async () => {
  const path = join(whole.home, "log.bundle");
  const facts = { instance: "i", publicKey: "k", createdAt: "now", checkpoint: last };
  await writeBundle(path, await listSegments(whole.directory), facts);
  await assert.rejects(writeBundle(path, [], facts), { code: "already-exists" });
  const options = { publicKey: whole.keys.publicKey, outside: [last], from: 0, to: Infinity };
  const { header, segments } = await readBundle(path);
  assert.deepEqual(header.checkpoint, last);
  const verdict = await verifyLog(segments, options);
  assert.deepEqual([verdict.faults, verdict.entries], [[], 40]);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 300) ^ 1, bytes.length - 300);
  writeFileSync(path, bytes);
  assert.equal((await verifyLog((await readBundle(path)).segments, options)).faults.length > 0, true);
  writeFileSync(path, '{"kind":"Secret"}\n');
  await assert.rejects(readBundle(path), { code: "invalid" });
});

test("A checkpoint reads as it was written, and is refused when it was changed", () => {
  const text = JSON.stringify(last);
  assert.deepEqual(parseCheckpoints(`${text}\n\n${text}\n`), [last, last]);
  const changes: Partial<Record<keyof Checkpoint, unknown>>[] = [
    { entries: 41 },
    { head: "00".repeat(32) },
    { time: "2020-01-01T00:00:00.000Z" },
    { instance: "x" },
    { kind: "Secret" },
    { publicKey: generateKeyPairSync("ed25519").publicKey.export({ format: "der", type: "spki" }).toString("base64") },
    { publicKey: "AAAA" },
  ];
  for (const change of changes) {
    assert.throws(() => parseCheckpoints(JSON.stringify({ ...last, ...change })), { code: "invalid" });
  }
  for (const none of ["", "x", "[]"]) assert.throws(() => parseCheckpoints(none), { code: "invalid" });
});

test("What is signed is the text that is documented", () => {
  const facts = { instance: "i", entries: 3, head: Buffer.alloc(32, 0xab), timeMs: 0 };
  const lines = ["strongroom.dev/audit/checkpoint/v1", "i", "3", "ab".repeat(32), "1970-01-01T00:00:00.000Z", ""];
  const { signingKey } = whole.keys;
  assert.ok(signCheckpoint(facts, signingKey).equals(signText(lines.join("\n"))));

  function signText(text: string): Buffer {
    return sign(null, Buffer.from(text), signingKey);
  }
});

/** A log of which the first segments were deleted by retention, and its checkpoints. */
async function withPruned(use: (pruned: LogFixture, kept: Checkpoint[]) => Promise<void>): Promise<void> {
  using pruned = new LogFixture();
  const kept: Checkpoint[] = [];
  await pruned.with(
    async (log) => {
      log.onCheckpoint((checkpoint) => kept.push(checkpoint));
      await writeAll(log, numbered(20));
      await log.checkpoint();
      await writeAll(log, numbered(20, "later"));
      const names = segmentNames(pruned.directory);
      const before = Number(names[2]?.slice(0, 16));
      const bound = { before: before + 1, beforeMs: Infinity };
      const dry = await log.prunable(bound);
      assert.deepEqual(segmentNames(pruned.directory), names);
      assert.deepEqual(await log.prune(bound, auditEvent("prune")), dry);
      assert.deepEqual([dry.from, dry.before, dry.segments.length], [0, before, 2]);
      assert.deepEqual(segmentNames(pruned.directory), names.slice(2));
      assert.equal(log.first, before);
      await log.write(auditEvent("after"));
    },
    { segmentBytes: 700 },
  );
  await use(pruned, kept);
}

test("What retention deleted is no fault, also where a checkpoint that was kept counts it, and a start misses nothing", () =>
  withPruned(async (pruned, kept) => {
    const { publicKey } = pruned.keys;
    const first = Number(segmentNames(pruned.directory)[0]?.slice(0, 16));
    const verdict = await verdictOf(pruned.directory, { publicKey, outside: kept });
    assert.deepEqual(verdict.faults, []);
    assert.deepEqual([verdict.first, verdict.end, verdict.retained?.first], [first, 42, first]);
    assert.equal(verdict.outside?.entries, 42);
    assert.ok((kept[0]?.entries ?? 0) >= first);
    await pruned.with((log) => log.write(auditEvent("next")));
    assert.deepEqual(pruned.reports, []);
  }));

test("Deleting more than retention signed is a fault, and so is a retention that nobody signed", () =>
  withPruned(async (pruned, kept) => {
    const { publicKey } = pruned.keys;
    const [one = "", two = ""] = segmentNames(pruned.directory);
    rmSync(join(pruned.directory, one));
    const { faults } = await verdictOf(pruned.directory, { publicKey, outside: kept });
    assert.deepEqual([faults[0]?.from, faults[0]?.to], [Number(one.slice(0, 16)), Number(two.slice(0, 16))]);

    // Whoever cannot sign says so all the same, behind the last checkpoint.
    const payload = Buffer.alloc(6);
    payload.writeUIntBE(Number(two.slice(0, 16)), 0, 6);
    const head = { type: blockTypes.retention, count: 0, position: 42, timeMs: 0 };
    const lastName = segmentNames(pruned.directory).at(-1) ?? "";
    const path = join(pruned.directory, lastName);
    const { bytes } = encodeBlock(encodeHeader(head, payload.length), [payload], chainAtEnd(path));
    writeFileSync(path, Buffer.concat([readFileSync(path), bytes]));
    const forged = await verdictOf(pruned.directory, { publicKey });
    assert.deepEqual([forged.faults.length, forged.faults[0]?.from], [1, Number(one.slice(0, 16))]);
  }));

test("Retention leaves the segment that is written to, and what a change without an outcome is in", async () => {
  using pruned = new LogFixture();
  await pruned.with(
    async (log) => {
      await writeAll(log, numbered(10));
      await log.write(auditEvent("intent", { stage: "RequestReceived", intentID: "one" }), { kind: "write" });
      await writeAll(log, numbered(30));
      const all = { before: Infinity, beforeMs: Infinity };
      const { before } = await log.prunable(all);
      assert.ok(before <= 10, `${before}`);
      await log.write(auditEvent("intent", { intentID: "one" }));
      await log.prune(all, auditEvent("prune"));
      assert.equal(segmentNames(pruned.directory).length, 1);
      const none = await log.prunable({ before: Infinity, beforeMs: fixtureTimeMs - 1 });
      assert.equal(none.segments.length, 0);
    },
    { segmentBytes: 700 },
  );
});

test("Retention by time takes the segments after which others were made before it", async () => {
  using pruned = new LogFixture();
  await pruned.with(
    async (log) => {
      for (let day = 0; day < 5; day++) {
        pruned.time = new Date(fixtureTimeMs + day * 86_400_000);
        await writeAll(log, numbered(20, `day-${day}`));
      }
      const { before } = await log.prune(
        { before: Infinity, beforeMs: fixtureTimeMs + 2 * 86_400_000 },
        auditEvent("prune"),
      );
      assert.ok(before > 30 && before <= 40, `${before}`);
    },
    { segmentBytes: 700 },
  );
});

test("Of retentions in one batch the one that takes most is signed", async () => {
  using pruned = new LogFixture();
  let held: Promise<void> | undefined;
  const withHold = (file: AppendFile): AppendFile => ({
    ...file,
    append: async (...addition) => {
      await held;
      await file.append(...addition);
    },
  });
  const files: AppendFiles = {
    open: async (path) => withHold(await pruned.disk.open(path)),
    create: async (path, bytes) => withHold(await pruned.disk.create(path, bytes)),
  };
  await pruned.with(
    async (log) => {
      await writeAll(log, numbered(40));
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      const before = log.write(auditEvent("before them"));
      const bounds = [30, 10].map((entry) => ({ before: entry, beforeMs: Infinity }));
      const prunings = bounds.map((bound) => log.prune(bound, auditEvent("prune")));
      // As long as both take to come to wait for that write.
      for (let times = 0; times < 5; times++) await log.prunable({ before: 30, beforeMs: Infinity });
      resolve();
      await Promise.allSettled([before, ...prunings]);
      await log.checkpoint();
    },
    { segmentBytes: 700, files },
  );
  const verdict = await verdictOf(pruned.directory, { publicKey: pruned.keys.publicKey });
  assert.deepEqual(verdict.faults, []);
});

test("Retention by time goes by no time that somebody wrote into a file", async () => {
  using pruned = new LogFixture();
  await pruned.with(
    async (log) => {
      await writeAll(log, numbered(40));
      const bound = { before: Infinity, beforeMs: fixtureTimeMs - 1 };
      for (const name of segmentNames(pruned.directory).slice(0, -1)) {
        const path = join(pruned.directory, name);
        const bytes = readFileSync(path).toString("latin1");
        writeFileSync(path, Buffer.from(bytes.replace(/"createdAt":"20/, '"createdAt":"19'), "latin1"));
      }
      assert.deepEqual((await log.prune(bound, auditEvent("prune"))).segments, []);
      // What is damaged is not said to be old; by their numbers, entries of it go all the same.
      assert.ok((await log.prune({ before: 30, beforeMs: Infinity }, auditEvent("prune"))).segments.length > 0);
    },
    { segmentBytes: 700 },
  );
});

test("While the store cannot keep how long the log is, only what is before the place that it knows goes", async () => {
  using pruned = new LogFixture();
  let isFailing = false;
  const heads = {
    load: async () => pruned.head,
    async save(head: ChainHead) {
      if (isFailing) throw new Error("no space");
      pruned.head = head;
    },
  };
  const all = { before: Infinity, beforeMs: Infinity };
  const log = await pruned.open({ segmentBytes: 700, heads });
  await writeAll(log, numbered(30));
  await log.prunable(all);
  const known = pruned.head?.segment ?? 0;
  isFailing = true;
  await writeAll(log, numbered(30, "later"));
  const { before } = await log.prune(all, auditEvent("prune"));
  assert.equal(before, known);
  pruned.crash();
  isFailing = false;
  await pruned.with((next) => next.write(auditEvent("next")), { heads });
  assert.doesNotMatch(pruned.reports.map(({ message }) => message).join(), /changed/);
});
