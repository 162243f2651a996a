import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { ManualClock } from "../conformance/manual-clock.ts";
import { describe, put, readTo, text, withCode } from "../conformance/subject.ts";
import { toRevision } from "../revision.ts";
import { acquireDirectoryLock } from "./directory-lock.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import type { Formats } from "./format-version.ts";
import { temporaryDirectory } from "./conformance/temporary-directory.ts";
import { testAuthenticator as indexAuthenticator } from "./conformance/test-authenticator.ts";

const parent = temporaryDirectory();

function isAbout(code: StrongroomError["code"], ...words: readonly string[]): (error: unknown) => boolean {
  return (error) =>
    error instanceof StrongroomError && error.code === code && words.every((word) => error.message.includes(word));
}

test("everything is there again after a store was closed and opened", async () => {
  const directory = parent.path("reopened");
  const first = await openEmbeddedEngine({ directory, indexAuthenticator });
  for (const value of ["one", "two", "three"]) await put(first, "/a", value);
  await first.compact(toRevision(2));
  await put(first, "/b", "x");
  const before = await first.range("");
  await first.close();
  await using second = await openEmbeddedEngine({ directory, indexAuthenticator });
  assert.deepEqual(await second.range(""), before);
  assert.equal(await second.compactedRevision(), 2);
  assert.equal(text(await second.get("/a", { revision: toRevision(2) })), "two");
  await using watcher = second.watch("/", { from: toRevision(3) });
  assert.deepEqual(describe(await readTo(watcher, toRevision(4))), ["put /a two>three", "put /b x"]);
  assert.equal(await put(second, "/c", "y"), 5);
});

test("a compaction that was cut short is finished after the next opening", async () => {
  const directory = parent.path("cut-short");
  const first = await openEmbeddedEngine({ directory });
  await Promise.all(Array.from({ length: 1000 }, (_, i) => put(first, `/${i % 2}`, String(i))));
  // Closed before its clearing is through: the mark alone is durable.
  const compaction = first.compact(toRevision(1000)).catch((error: unknown) => error);
  await first.get("/0");
  await first.close();
  await compaction;
  const clock = new ManualClock();
  await using second = await openEmbeddedEngine({ directory, clock });
  await assert.rejects(second.get("/0", { revision: toRevision(500) }), withCode("compacted"));
  assert.deepEqual((await second.range("")).records.map(text), ["998", "999"]);
  await put(second, "/0", "later");
  await second.compact(toRevision(1001));
  assert.deepEqual((await second.range("")).records.map(text), ["later", "999"]);
});

test("a TTL lease that expired while nobody ran ends after the next opening", async () => {
  const directory = parent.path("expired");
  const clock = new ManualClock();
  const first = await openEmbeddedEngine({ directory, clock });
  const short = await first.grantTtlLease(5);
  const long = await first.grantTtlLease(50);
  await put(first, "/short", "x", short.id);
  await put(first, "/long", "y", long.id);
  await first.close();
  clock.advance(10_000);
  await using second = await openEmbeddedEngine({ directory, clock });
  await using watcher = second.watch("/");
  await assert.rejects(second.renewTtlLease(short.id), withCode("lease-not-found"));
  clock.advance(1);
  assert.deepEqual(describe(await readTo(watcher, toRevision(3))), ["delete /short x"]);
  clock.advance(40_000);
  assert.deepEqual(describe(await readTo(watcher, toRevision(4))), ["delete /long y"]);
});

test("files are readable for their owner only", async () => {
  const directory = parent.path("modes");
  await using store = await openEmbeddedEngine({ directory });
  await put(store, "/a", "x");
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  const modes = readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mode & 0o777]);
  assert.deepEqual(
    modes.sort(),
    ["data.mdb", "data.mdb-lock", "format", "lock"].map((name) => [name, 0o600]),
  );
});

test("a second opening in the same process is refused, by name of the directory", async () => {
  const directory = parent.path("twice");
  await using store = await openEmbeddedEngine({ directory });
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("unavailable", directory, "one process"));
  await put(store, "/a", "the first one works on");
  await store.close();
  const again = await openEmbeddedEngine({ directory });
  await again.close();
});

test("a second process is refused, and one that was killed leaves no stale lock", async () => {
  const directory = parent.path("other-process");
  const holder = spawn(process.execPath, [new URL("conformance/hold-store.ts", import.meta.url).pathname, directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(holder.stdout), "line");
  assert.equal(line, "open");
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("unavailable", directory, "one process"));
  holder.kill("SIGKILL");
  await once(holder, "exit");
  await using store = await openEmbeddedEngine({ directory });
  assert.equal(text(await store.get("/held")), "by the other process");
});

test("the lock of a directory can be held without its store", () => {
  const directory = parent.path("lock-only");
  mkdirSync(directory);
  using lock = acquireDirectoryLock(directory);
  assert.throws(() => acquireDirectoryLock(directory), isAbout("unavailable", directory));
  lock.release();
  acquireDirectoryLock(directory).release();
});

test("a directory of a newer format is refused, and nothing in it is touched", async () => {
  const directory = parent.path("newer");
  mkdirSync(directory);
  writeFileSync(join(directory, "format"), "strongroom-store 2\n");
  writeFileSync(join(directory, "data.mdb"), "of another time");
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("invalid", directory, "format 2", "up to 1"));
  assert.deepEqual(readdirSync(directory).sort(), ["data.mdb", "format"]);
  assert.equal(readFileSync(join(directory, "data.mdb"), "latin1"), "of another time");
});

test("a directory of an older format is migrated step by step, once", async () => {
  const directory = parent.path("older");
  const first = await openEmbeddedEngine({ directory });
  await put(first, "/a", "x");
  await first.close();
  const steps: string[] = [];
  const newer: Formats = {
    current: 3,
    migrations: new Map([
      [1, (): void => void steps.push("1 to 2")],
      [2, async (): Promise<void> => void steps.push("2 to 3")],
    ] as const),
  };
  for (let i = 0; i < 2; i++) {
    await using store = await openEmbeddedEngine({ directory, formats: newer });
    assert.equal(text(await store.get("/a")), "x");
  }
  assert.deepEqual(steps, ["1 to 2", "2 to 3"]);
  assert.equal(readFileSync(join(directory, "format"), "latin1"), "strongroom-store 3\n");
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("invalid", "format 3"));
});

test("a migration that fails leaves the format as it was, and the directory unlocked", async () => {
  const directory = parent.path("failed-migration");
  const first = await openEmbeddedEngine({ directory });
  await first.close();
  const fail = (): never => {
    throw new StrongroomError("corrupt", "a record must be readable");
  };
  const newer: Formats = { current: 2, migrations: new Map([[1, fail]]) };
  await assert.rejects(openEmbeddedEngine({ directory, formats: newer }), isAbout("corrupt"));
  const again = await openEmbeddedEngine({ directory });
  await again.close();
});

test("a file that names no format is refused as corrupt", async () => {
  for (const [i, format] of ["", "strongroom-store x\n", "strongroom-store 1", "strongroom-store 0\n"].entries()) {
    const directory = parent.path(`bad-format-${i}`);
    mkdirSync(directory);
    writeFileSync(join(directory, "format"), format);
    await assert.rejects(openEmbeddedEngine({ directory }), isAbout("corrupt", "format"), JSON.stringify(format));
  }
});

test("data that lost their format, and a format that lost its data, are refused as corrupt", async () => {
  const directory = parent.path("lost");
  const first = await openEmbeddedEngine({ directory });
  await put(first, "/a", "x");
  await first.close();
  const format = readFileSync(join(directory, "format"));
  rmSync(join(directory, "format"));
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("corrupt", directory));
  writeFileSync(join(directory, "format"), format);
  const again = await openEmbeddedEngine({ directory });
  assert.equal(text(await again.get("/a")), "x");
  await again.close();
  writeFileSync(join(directory, "data.mdb"), "");
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("corrupt", directory));
  rmSync(join(directory, "data.mdb"));
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("corrupt", directory));
});

test("a creation that was killed at any point is begun again", async () => {
  const whole = parent.path("created");
  const first = await openEmbeddedEngine({ directory: whole });
  await first.close();
  const data = readFileSync(join(whole, "data.mdb"));
  for (const size of [0, 1, 4096, 8191, data.length]) {
    const directory = parent.path(`created-${size}`);
    mkdirSync(directory);
    writeFileSync(join(directory, "data.mdb"), data.subarray(0, size));
    await using store = await openEmbeddedEngine({ directory });
    assert.equal(await put(store, "/a", "x"), 1);
  }
});

test("a data file that was cut short is refused, not mapped", async () => {
  const directory = parent.path("truncated");
  const first = await openEmbeddedEngine({ directory });
  await Promise.all(Array.from({ length: 500 }, (_, i) => put(first, `/${i}`, "x".repeat(2000))));
  await first.close();
  truncateSync(join(directory, "data.mdb"), 100_000);
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("corrupt", "cut short"));
});

test("a data file that is none is refused", async () => {
  const directory = parent.path("garbage");
  const first = await openEmbeddedEngine({ directory });
  await first.close();
  writeFileSync(join(directory, "data.mdb"), Buffer.alloc(100_000, 0x5a));
  await assert.rejects(openEmbeddedEngine({ directory }), isAbout("corrupt", "data.mdb"));
});

test("a directory that cannot be made is refused", async () => {
  const file = parent.path("a-file");
  writeFileSync(file, "");
  await assert.rejects(openEmbeddedEngine({ directory: join(file, "store") }), isAbout("unavailable", "a-file"));
});

test("a restore that was killed half-way leaves an empty store", async () => {
  const directory = parent.path("half-restored");
  const child = spawn(process.execPath, [new URL("conformance/hold-restore.ts", import.meta.url).pathname, directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(child.stdout), "line");
  assert.equal(line, "half");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(join(directory, "data.mdb")));
  await using store = await openEmbeddedEngine({ directory });
  assert.equal(await store.currentRevision(), 0);
  assert.equal(await store.count(""), 0);
  assert.equal(await put(store, "/a", "x"), 1);
});
