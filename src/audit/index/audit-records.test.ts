import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { RandomEvents } from "../../../test/support/random-audit-events.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEntry } from "../audit-log.ts";
import { MemorySink } from "../memory-sink.ts";
import { AuditIndex } from "./audit-index.ts";
import { AuditRecords } from "./audit-records.ts";

const home = mkdtempSync(join(tmpdir(), "strongroom-audit-records-"));
after(() => rmSync(home, { recursive: true, force: true }));
const key = createSecretKey(Buffer.alloc(32, 7));
const question = { secret: { namespace: "prod", name: "db" }, limit: 100 };

/** A log that reads no further than a position until it is let go. */
class StuckLog extends MemorySink {
  readonly stuckAt: number;
  readonly #free = Promise.withResolvers<undefined>();

  constructor(stuckAt: number) {
    super();
    this.stuckAt = stuckAt;
  }

  letGo(): void {
    this.#free.resolve(undefined);
  }

  override async *entries(from: number, to?: number): AsyncGenerator<AuditEntry> {
    for await (const entry of super.entries(from, to)) {
      if (entry.position >= this.stuckAt) await this.#free.promise;
      yield entry;
    }
  }
}

async function fill(log: MemorySink, events: number): Promise<void> {
  const random = new RandomEvents(4);
  for (let n = 0; n < events; n++) await log.write(random.next());
}

test("An index that is behind answers with what it has, and says up to which entry", async () => {
  const log = new StuckLog(60);
  await fill(log, 100);
  await using index = await AuditIndex.open({
    directory: join(home, "stuck"),
    key,
    log,
    onError: (error) => assert.fail(String(error)),
  });
  await index.caughtUp(60, 20_000);
  const records = new AuditRecords(index, log, { waitMs: 1 });
  const behind = await records.whoRead(question);
  assert.deepEqual([behind.position, behind.end, await records.reach()], [60, 100, 60]);
  log.letGo();
  await index.caughtUp(100, 20_000);
  const whole = await records.whoRead(question);
  assert.deepEqual([whole.position, whole.end], [100, 100]);
  assert.ok(whole.readers.length >= behind.readers.length);
});

test("A server starts without an index, where its folder cannot be used or the log is damaged, and answers as far as it can", async () => {
  const log = new MemorySink();
  await fill(log, 100);
  const place = join(home, "no-folder");
  writeFileSync(place, "a file");
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  await using index = await AuditIndex.open({ directory: place, key, log, onError });
  await index.caughtUp(100, 20_000);
  assert.equal(errors.length, 1);
  assert.equal((await new AuditRecords(index, log).whoRead(question)).position, 100);

  const directory = join(home, "damaged-log");
  const damaged = new DamagedLog(60);
  await fill(damaged, 100);
  const whole = await AuditIndex.open({ directory, key, log: new WholeLog(damaged), bufferEntries: 40, onError });
  await whole.caughtUp(100, 20_000);
  await whole[Symbol.asyncDispose]();
  await using behind = await AuditIndex.open({ directory, key, log: damaged, bufferEntries: 40, retryMs: 1, onError });
  await behind.caughtUp(60, 20_000);
  assert.equal((await new AuditRecords(behind, damaged, { waitMs: 1 }).whoRead(question)).position, 60);
});

/** A log of which an entry, and what comes after it in its block, does not open. */
class DamagedLog extends MemorySink {
  readonly #damagedAt: number;

  constructor(damagedAt: number) {
    super();
    this.#damagedAt = damagedAt;
  }

  override async *entries(from: number, to?: number): AsyncGenerator<AuditEntry> {
    for await (const entry of super.entries(from, to)) {
      if (entry.position >= this.#damagedAt) throw new StrongroomError("corrupt", "an entry must be authentic");
      yield entry;
    }
  }
}

/** The same before it was damaged. */
class WholeLog extends MemorySink {
  constructor({ events }: MemorySink) {
    super();
    this.events.push(...events);
  }
}

test("Whoever comes upon damage is told to come again, and is answered when the index was built anew", async () => {
  const directory = join(home, "damaged");
  const log = new MemorySink();
  await fill(log, 200);
  const options = { directory, key, log, bufferEntries: 50, onError: () => {} };
  const before = await AuditIndex.open(options);
  await before.caughtUp(200, 20_000);
  const expected = await new AuditRecords(before, log).whoRead(question);
  await before[Symbol.asyncDispose]();
  for (const name of readdirSync(directory)) {
    const bytes = readFileSync(join(directory, name));
    // In the first block, which nobody reads at the opening.
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(join(directory, name), bytes);
  }
  await using index = await AuditIndex.open(options);
  const records = new AuditRecords(index, log);
  await assert.rejects(records.whoRead(question), { code: "unavailable" });
  await index.caughtUp(200, 20_000);
  assert.deepEqual(await records.whoRead(question), expected);
});
