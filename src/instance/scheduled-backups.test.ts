import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Registry } from "prom-client";
import { newIdentity } from "../backup/age-file.ts";
import { createLogger } from "../log/logger.ts";
import { ManualClock } from "../store/conformance/manual-clock.ts";
import type { MakeBackup } from "./backup-access.ts";
import { scheduleBackups } from "./scheduled-backups.ts";
import type { BackupSchedule } from "./scheduled-backups.ts";

const { recipient } = await newIdentity();
const hourMs = 60 * 60 * 1000;

/** Says when timers are set: what the schedule does in between waits for the file system. */
class TellingClock extends ManualClock {
  #set = 0;
  #wake: () => void = () => {};

  override after(delayMs: number, action: () => void) {
    this.#set++;
    this.#wake();
    return super.after(delayMs, action);
  }

  /** Waits until so many timers have been set, all in all. */
  async timersSet(count: number): Promise<void> {
    while (this.#set < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** A schedule on a directory of its own; `make` gives the bytes of a backup. */
async function scheduled(make: MakeBackup, overrides: Partial<BackupSchedule> = {}, clock = new TellingClock()) {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-schedule-"));
  const directory = overrides.directory ?? join(folder, "backups");
  const registry = new Registry();
  const lines: string[] = [];
  const log = createLogger(
    "text",
    (line) => void lines.push(line),
    () => new Date(clock.now()),
  );
  const schedule = {
    everyMs: hourMs,
    keep: 3,
    for: { type: "recipients", recipients: [recipient] },
    ...overrides,
    directory,
  } as const;
  const start = () => scheduleBackups({ schedule, instanceId: "abc", make, registry: new Registry(), log, clock });
  const running = await scheduleBackups({ schedule, instanceId: "abc", make, registry, log, clock });
  return {
    directory,
    registry,
    lines,
    clock,
    start,
    running,
    files: async () => (await readdir(directory)).toSorted(),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

test("Backups are made as often as the schedule says, and the newest of them are kept", async () => {
  let count = 0;
  await using backups = await scheduled(() => bytes(`backup ${++count}`));
  for (let i = 1; i <= 5; i++) {
    await backups.clock.timersSet(i);
    backups.clock.advance(i === 1 ? 60_000 : hourMs);
  }
  await backups.clock.timersSet(6);
  assert.deepEqual(await backups.files(), [
    "strongroom-abc-20260101T020100Z.age",
    "strongroom-abc-20260101T030100Z.age",
    "strongroom-abc-20260101T040100Z.age",
  ]);
  assert.equal(await readFile(join(backups.directory, "strongroom-abc-20260101T040100Z.age"), "utf8"), "backup 5");
  const metrics = await backups.registry.metrics();
  assert.match(metrics, /strongroom_backup_last_timestamp_seconds 1767240060\n/);
  assert.match(metrics, /strongroom_backup_last_bytes 8\n/);
  assert.match(metrics, /strongroom_backup_failures_total 0\n/);
});

test("A server that starts again makes no backup before the next is due, and removes nothing of others", async () => {
  await using backups = await scheduled(() => bytes("x"), { keep: 1 });
  const { clock } = backups;
  await clock.timersSet(1);
  clock.advance(60_000);
  await clock.timersSet(2);
  await backups.running[Symbol.asyncDispose]();
  const others = ["strongroom-other-20200101T000000Z.age", "strongroom-abc-notes.age", "mine.txt"];
  others.push(".strongroom-other-20200101T000000Z.age.tmp");
  const killed = ".strongroom-abc-20260101T000030Z.age.tmp";
  for (const name of [...others, killed]) await writeFile(join(backups.directory, name), "");
  await using _again = await backups.start();
  await clock.timersSet(3);
  clock.advance(hourMs - 1000);
  assert.equal(backups.lines.length, 1);
  clock.advance(1000);
  await clock.timersSet(4);
  assert.deepEqual(await backups.files(), [...others, "strongroom-abc-20260101T010100Z.age"].toSorted());
});

test("A backup that fails leaves no file, keeps the old ones, says so, and is tried again", async () => {
  let fails = false;
  const make: MakeBackup = async function* () {
    yield Buffer.from("half");
    if (fails) throw new RangeError("the disk is full");
  };
  await using backups = await scheduled(make, { keep: 1 });
  const { clock } = backups;
  await clock.timersSet(1);
  clock.advance(60_000);
  await clock.timersSet(2);
  fails = true;
  clock.advance(hourMs);
  await clock.timersSet(3);
  assert.match(backups.lines[1] ?? "", /Scheduled backup failed/);
  assert.deepEqual(await backups.files(), ["strongroom-abc-20260101T000100Z.age"]);
  assert.match(await backups.registry.metrics(), /strongroom_backup_failures_total 1\n/);
  fails = false;
  clock.advance(10 * 60_000);
  await clock.timersSet(4);
  assert.deepEqual(await backups.files(), ["strongroom-abc-20260101T011100Z.age"]);
});

test("A directory that cannot be one is told of, and does not stop the server", async () => {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-schedule-"));
  await writeFile(join(folder, "file"), "");
  await using backups = await scheduled(() => bytes("x"), { directory: join(folder, "file") });
  await backups.clock.timersSet(1);
  assert.match(backups.lines[0] ?? "", /Scheduled backup failed/);
  await rm(folder, { recursive: true });
});

test("The end of the server ends a backup that is being made, and leaves nothing of it", async () => {
  let begun: () => void = () => {};
  const started = new Promise<void>((resolve) => (begun = resolve));
  const endless: MakeBackup = async function* () {
    for (;;) {
      yield Buffer.from("more");
      begun();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await using backups = await scheduled(endless);
  await backups.clock.timersSet(1);
  backups.clock.advance(60_000);
  await started;
  await backups.running[Symbol.asyncDispose]();
  assert.deepEqual(await backups.files(), []);
  assert.deepEqual(backups.lines, []);
});

test("A schedule for what is no recipient, or with a short passphrase, is refused at the start", async () => {
  const wrong = scheduled(() => bytes("x"), { for: { type: "recipients", recipients: ["age1x"] } });
  await assert.rejects(wrong, { code: "invalid" });
  const folder = await mkdtemp(join(tmpdir(), "strongroom-schedule-"));
  const passphraseFile = join(folder, "passphrase");
  await writeFile(passphraseFile, "short\n");
  const short = scheduled(() => bytes("x"), { for: { type: "passphrase", passphraseFile } });
  await assert.rejects(short, /at least 12 characters/);
  await rm(folder, { recursive: true });
});

test("Where old backups cannot be removed, new ones are made as often as the schedule says, and it is told", async () => {
  await using backups = await scheduled(() => bytes("backup"), { keep: 1 });
  const { clock } = backups;
  await clock.timersSet(1);
  clock.advance(60_000);
  await clock.timersSet(2);
  const [first = ""] = await backups.files();
  // What is a folder is not removed as a file is.
  await rm(join(backups.directory, first));
  await mkdir(join(backups.directory, first));
  clock.advance(hourMs);
  await clock.timersSet(3);
  assert.equal((await backups.files()).length, 2);
  assert.match(backups.lines.join(), /Old backups could not be removed/);
  clock.advance(11 * 60_000);
  assert.equal((await backups.files()).length, 2);
  assert.ok(!backups.lines.join().includes("Scheduled backup failed"));
});
