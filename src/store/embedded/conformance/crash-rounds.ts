/**
 * Kills a process that writes, at a random instant, and checks everything that it
 * had been answered. What this shows is that no answer precedes its commit and that
 * no commit is half visible; it does not cut the power of the disk.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { toRevision } from "../../revision.ts";
import { openEmbeddedEngine } from "../embedded-engine.ts";
import type { EmbeddedEngine } from "../embedded-engine.ts";
import { checkedCrc } from "./crash-record.ts";
import { testAuthenticator } from "./test-authenticator.ts";

/** What one round found. */
export interface CrashRound {
  /** Milliseconds between the first answer and the kill. */
  readonly killedAfterMs: number;
  /** Writes that had been answered; every one of them was found. */
  readonly answered: number;
  readonly revision: number;
  /** Milliseconds to open the store after the kill. */
  readonly openMs: number;
}

interface Answered {
  readonly revision: number;
  readonly key: string;
  /** Undefined for a delete. */
  readonly crc: number | undefined;
}

/** Runs rounds on one directory, each on what the one before left. Raises AssertionError on the first loss. */
export async function* crashRounds(directory: string, rounds: number): AsyncGenerator<CrashRound> {
  let newest = 0;
  for (let round = 0; round < rounds; round++) {
    const { answered, killedAfterMs } = await writeAndKill(directory);
    const startedMs = performance.now();
    await using store = await openEmbeddedEngine({ directory, indexAuthenticator: testAuthenticator });
    const openMs = performance.now() - startedMs;
    const revision = await store.currentRevision();
    assert.ok(revision >= newest, `the revision must not go back from ${newest} to ${revision}`);
    for (const write of answered) await checkAnswered(store, write);
    await checkAll(store);
    newest = revision;
    // Clears the history that was checked, so that later rounds also overwrite freed pages.
    if (revision > (await store.compactedRevision())) await store.compact(revision);
    yield { killedAfterMs, answered: answered.length, revision, openMs };
  }
}

async function writeAndKill(directory: string): Promise<{ answered: Answered[]; killedAfterMs: number }> {
  const writer = spawn(process.execPath, [new URL("crash-writer.ts", import.meta.url).pathname, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => {
    writer.stdout.once("end", resolve);
  });
  const first = new Promise<void>((resolve, reject) => {
    writer.stdout.once("data", () => resolve());
    writer.once("exit", () => reject(new Error("the writer must run until it is killed")));
  });
  writer.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await first;
  const killedAfterMs = randomInt(0, 400);
  await delay(killedAfterMs);
  writer.kill("SIGKILL");
  await ended;
  // After the last newline may be half a line: the kill came between two halves of a write to the pipe.
  const lines = Buffer.concat(chunks).toString("latin1").split("\n").slice(0, -1);
  return { answered: lines.map(parseLine), killedAfterMs };
}

function parseLine(line: string): Answered {
  const [type, revision, ...rest] = line.split(" ");
  const crc = type === "put" ? Number(rest[0]) : undefined;
  return { revision: Number(revision), crc, key: rest.at(-1) ?? "" };
}

async function checkAnswered(store: EmbeddedEngine, { revision, key, crc }: Answered): Promise<void> {
  // A delete of an absent key takes no revision: it says which one was current, which may be 0.
  if (revision === 0) return;
  const record = await store.get(key, { revision: toRevision(revision) });
  const found = record && checkedCrc(key, record.value);
  assert.equal(found, crc, `${key} at revision ${revision} must be as it was answered`);
}

// Also what was never answered must be whole.
async function checkAll(store: EmbeddedEngine): Promise<void> {
  const { records } = await store.range("/crash/");
  for (const { key, value } of records) assert.notEqual(checkedCrc(key, value), undefined, `${key} must be whole`);
  const report = await store.verifyLiveSet();
  assert.deepEqual([report.ok, report.keys], [true, records.length]);
}
