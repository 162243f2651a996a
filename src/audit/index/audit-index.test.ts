import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as endOfTurn } from "node:timers/promises";
import { array, assert as assertProperty, asyncProperty, constantFrom, integer, record } from "fast-check";
import type { Arbitrary } from "fast-check";
import { FullScan, readerName } from "../../../test/support/audit-scan.ts";
import type { SecretPlace } from "../../../test/support/audit-scan.ts";
import { RandomEvents, namespaces, secretNames, users } from "../../../test/support/random-audit-events.ts";
import type { AuditEvent } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";
import { MemorySink } from "../memory-sink.ts";
import { AuditIndex } from "./audit-index.ts";
import type { AuditIndexOptions } from "./audit-index.ts";
import { isEventAskedFor } from "./entry-filter.ts";
import type { EntryFilter } from "./entry-filter.ts";
import { findEntries, readEntries } from "./find-entries.ts";
import { whoRead } from "./who-read.ts";
import type { Life } from "./who-read.ts";

const home = mkdtempSync(join(tmpdir(), "strongroom-audit-index-"));
after(() => rmSync(home, { recursive: true, force: true }));
const key = createSecretKey(Buffer.alloc(32, 7));
const otherKey = createSecretKey(Buffer.alloc(32, 8));

let made = 0;
function newFolder(): string {
  return join(home, String(made++));
}

async function logOf(events: number, seed: number): Promise<MemorySink> {
  const log = new MemorySink();
  const random = new RandomEvents(seed);
  for (let n = 0; n < events; n++) await log.write(random.next());
  return log;
}

/** A log of which retention has taken the oldest entries. */
class ShortenedLog extends MemorySink {
  override first = 0;

  override async *entries(from: number, to?: number): AsyncGenerator<AuditEntry> {
    yield* super.entries(Math.max(from, this.first), to);
  }
}

function open(directory: string, log: MemorySink, more: Partial<AuditIndexOptions> = {}): Promise<AuditIndex> {
  const onError = (error: unknown) => assert.fail(`the index failed: ${String(error)}`);
  return AuditIndex.open({ directory, key, log, bufferEntries: 7, retryMs: 1, onError, ...more });
}

async function opened(directory: string, log: MemorySink, more: Partial<AuditIndexOptions> = {}): Promise<AuditIndex> {
  const index = await open(directory, log, more);
  await index.caughtUp(log.end, 20_000);
  assert.equal(index.position, log.end);
  return index;
}

const secrets: readonly SecretPlace[] = namespaces.flatMap((namespace) =>
  secretNames.map((name) => ({ namespace, name })),
);

const filters: Arbitrary<EntryFilter> = record(
  {
    secret: constantFrom(...secrets, { namespace: "prod", name: "never" }),
    user: constantFrom(...users, "nobody"),
    verb: constantFrom("get", "list", "watch", "delete"),
    door: constantFrom("kubernetes", "vault"),
    decision: constantFrom("allow", "forbid"),
    sinceMs: integer({ min: 0, max: 8 }).map((hours) => Date.parse("2026-01-01T00:00:00Z") + hours * 3_600_000),
    untilMs: integer({ min: 0, max: 8 }).map((hours) => Date.parse("2026-01-01T02:00:00Z") + hours * 3_600_000),
  },
  { requiredKeys: [] },
);

/** All pages of an answer. */
async function found(index: AuditIndex, filter: EntryFilter, limit = 25): Promise<number[]> {
  const positions: number[] = [];
  for (let from = 0; from < index.position;) {
    const page = await findEntries(index, filter, { from, to: index.position, limit });
    assert.ok(page.positions.length <= limit && page.next > from);
    positions.push(...page.positions);
    from = page.next;
  }
  return positions;
}

async function requireSameAnswers(index: AuditIndex, log: MemorySink, asked: readonly EntryFilter[]): Promise<void> {
  const scan = new FullScan(log.events);
  for (const filter of [...asked, ...users.map((user) => ({ user })), ...secrets.map((secret) => ({ secret }))]) {
    assert.deepEqual(await found(index, filter), scan.positions(filter), JSON.stringify(filter));
  }
  const fromMs = Date.parse("2026-01-01T01:00:00Z");
  const lives: readonly Life[] = [
    { fromMs: 0, toMs: fromMs },
    { fromMs: fromMs + 3_600_000, toMs: Infinity },
  ];
  for (const filter of [{}, { lives }, ...asked]) {
    for (const secret of secrets) {
      const { readers, others, total } = await whoRead(index, { ...filter, secret, limit: 100 });
      const all = [...readers, ...others];
      assert.equal(all.length, total);
      const counts = all.map(({ user, cluster, reads, metadataOnly, refused }) => [
        readerName(user, cluster),
        [reads, metadataOnly, refused],
      ]);
      assert.deepEqual(
        Object.fromEntries(counts),
        scan.readers({ ...filter, secret }),
        JSON.stringify({ ...filter, secret }),
      );
      assert.ok(readers.every(({ reads }) => reads > 0) && others.every(({ reads }) => reads === 0));
    }
  }
}

test("The index answers as a scan of the whole log does, whatever is on record and asked", async () => {
  const property = asyncProperty(
    integer({ min: 0, max: 250 }),
    integer({ min: 1, max: 1_000_000 }),
    integer({ min: 8, max: 90 }),
    array(filters, { minLength: 1, maxLength: 4 }),
    async (events, seed, bufferEntries, asked) => {
      const log = await logOf(events, seed);
      const directory = newFolder();
      await using index = await opened(directory, log, { bufferEntries });
      await requireSameAnswers(index, log, asked);
    },
  );
  await assertProperty(property, { numRuns: 12 });
});

test("Answers stay the same while the log grows, after restarts, and when the index was deleted", async () => {
  const log = await logOf(0, 1);
  const directory = newFolder();
  const random = new RandomEvents(99);
  for (let round = 0; round < 8; round++) {
    if (round === 5) rmSync(directory, { recursive: true });
    await using index = await open(directory, log);
    for (let n = 0; n < 40; n++) await log.write(random.next());
    await index.caughtUp(log.end, 20_000);
    await requireSameAnswers(index, log, [{ verb: "watch" }]);
  }
});

/** Readers of watches may have to be looked up, which is not done at once. */
function eventOfNoWatch(random: RandomEvents): AuditEvent {
  const event = random.next();
  return event.streams === undefined ? event : eventOfNoWatch(random);
}

/** A log that counts how often it is read. */
class ReadLog extends MemorySink {
  readings = 0;

  override async *entries(from: number, to?: number): AsyncGenerator<AuditEntry> {
    this.readings += 1;
    yield* super.entries(from, to);
  }
}

test("Entries are indexed as they arrive, without reading the log, and read where they were missed", async () => {
  const log = new ReadLog();
  const random = new RandomEvents(7);
  await using index = await opened(newFolder(), log, { bufferEntries: 1000 });
  await endOfTurn();
  const { readings } = log;
  for (let n = 0; n < 30; n++) await log.write(eventOfNoWatch(random));
  await index.caughtUp(log.end, 20_000);
  assert.deepEqual([index.position, log.readings], [30, readings]);
  // More at once than it takes.
  for (let n = 0; n < 1500; n++) void log.write(eventOfNoWatch(random));
  await index.caughtUp(log.end, 20_000);
  assert.equal(index.position, 1530);
  await requireSameAnswers(index, log, [{}]);
});

test("After a crash at any step, of writing or merging segments, the index answers as before", async () => {
  const log = await logOf(600, 5);
  const directory = newFolder();
  const states = new Map<string, string>();
  const built = opened(directory, log, { bufferEntries: 9 }).then((index) => index[Symbol.asyncDispose]());
  const stop = new AbortController();
  const watched = copyStates(directory, states, stop.signal);
  await built;
  stop.abort();
  await watched;
  assert.ok(states.size > 100, `there must be many states: ${states.size}`);
  assert.ok([...states.keys()].some((names) => names.includes(".new")));
  const every = Math.floor(states.size / 15);
  for (const [names, copy] of [...states].filter((_, place) => place % every === 0)) {
    await using index = await opened(copy, log, { bufferEntries: 9 });
    await requireSameAnswers(index, log, []).catch((error: unknown) => assert.fail(`${names}: ${String(error)}`));
    rmSync(copy, { recursive: true, force: true });
  }
});

test("A file that is changed, cut, of another log, of another key or foreign is built anew", async () => {
  const log = await logOf(300, 11);
  const original = newFolder();
  await (await opened(original, log))[Symbol.asyncDispose]();
  const damages: readonly (readonly [what: string, damage: (directory: string, names: string[]) => void])[] = [
    ["cut", (directory, [name = ""]) => cut(join(directory, name))],
    ["changed", (directory, names) => change(join(directory, names[1] ?? ""))],
    ["one is missing", (directory, names) => rmSync(join(directory, names[1] ?? ""))],
    ["foreign files", (directory) => writeFileSync(join(directory, "0-7.segment.new"), "x")],
    ["empty file", (directory) => writeFileSync(join(directory, "0-300.segment"), "")],
    ["a folder", (directory) => mkdirSync(join(directory, "0-299.segment"))],
  ];
  for (const [what, damage] of damages) {
    const copy = newFolder();
    cpSync(original, copy, { recursive: true });
    damage(copy, readdirSync(copy).sort());
    await using index = await open(copy, log, { onError: () => {} });
    await requireAnswersInTheEnd(index, log, what);
  }
  await using otherLog = await open(original, await logOf(300, 12), { onError: () => {} });
  await otherLog.caughtUp(300, 20_000);
  await requireSameAnswers(otherLog, await logOf(300, 12), []);
  await using other = await open(original, log, { key: otherKey });
  await requireAnswersInTheEnd(other, log, "another key");
});

/** Copies what a crash would leave in each turn of the event loop. */
async function copyStates(directory: string, states: Map<string, string>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const names = existsSync(directory) ? readdirSync(directory).sort() : [];
    const state = names.join();
    if (names.length > 0 && !states.has(state)) {
      const copy = newFolder();
      cpSync(directory, copy, { recursive: true });
      states.set(state, copy);
    }
    await endOfTurn();
  }
}

function cut(path: string): void {
  writeFileSync(path, readFileSync(path).subarray(0, -9));
}

function change(path: string): void {
  const bytes = readFileSync(path);
  bytes[30] = (bytes[30] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Damage within a file is come upon when it is read: whoever does has it built anew, as the server does. */
async function requireAnswersInTheEnd(index: AuditIndex, log: MemorySink, what: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    await index.caughtUp(log.end, 20_000);
    try {
      await requireSameAnswers(index, log, []);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      if (error.code === "ERR_ASSERTION") throw error;
      if (error.code === "corrupt") index.rebuild();
      await endOfTurn();
    }
  }
  assert.fail(`${what}: it must have been built anew`);
}

test("What retention took from the log goes from the index, and positions stay", async () => {
  const log = new ShortenedLog();
  const random = new RandomEvents(3);
  for (let n = 0; n < 400; n++) await log.write(random.next());
  const directory = newFolder();
  await (await opened(directory, log))[Symbol.asyncDispose]();
  log.first = 390;
  await using index = await opened(directory, log);
  const kept = new FullScan(log.events).positions({}).filter((position) => position >= 390);
  const positions = await found(index, {});
  assert.deepEqual(positions.slice(-kept.length), kept);
  assert.ok(positions.length < 100, `${positions.length} must be those of the last segments`);
});

test("Followers of the log ask each event the same question as the index", async () => {
  const log = await logOf(400, 21);
  await using index = await opened(newFolder(), log);
  const scan = new FullScan(log.events);
  const asked: EntryFilter[] = [
    { user: "ann" },
    { secret: { namespace: "prod", name: "db" }, verb: "watch" },
    { decision: "forbid" },
    {},
  ];
  for (const filter of asked) {
    const positions: number[] = [];
    for await (const { position, event } of log.entries(0)) {
      if (await isEventAskedFor(event, filter, index.streams)) positions.push(position);
    }
    assert.deepEqual(positions, scan.positions(filter));
  }
});

test("Entries are read by their positions, near and far", async () => {
  const log = await logOf(500, 2);
  const wanted = [0, 1, 5, 200, 300, 301, 499, 600];
  const read: number[] = [];
  for await (const { position } of readEntries(log, wanted)) read.push(position);
  assert.deepEqual(read, wanted.slice(0, -1));
});

test("No name of a secret or user stands in the files", async () => {
  const log = await logOf(300, 31);
  const directory = newFolder();
  await (await opened(directory, log))[Symbol.asyncDispose]();
  const files = readdirSync(directory).map((name) => readFileSync(join(directory, name)));
  assert.ok(files.length > 0);
  for (const text of [...users, "password", "kubectl", "prod"])
    assert.ok(files.every((bytes) => !bytes.includes(text)));
});
