import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { RotatingFile } from "./rotating-file.ts";
import type { RotatingFileOptions } from "./rotating-file.ts";

async function withFolder(run: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-rotating-"));
  try {
    await run(join(folder, "sub", "audit.log"), join(folder, "sub"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const minuteMs = 60_000;

function open(path: string, options: Partial<RotatingFileOptions> = {}) {
  return new RotatingFile({
    path,
    sizeBytesMax: 0,
    backupsMax: 0,
    ageMsMax: 0,
    compress: false,
    now: () => new Date("2026-01-02T03:04:05.006Z"),
    ...options,
  });
}

function records(...texts: string[]) {
  return texts.map((text, position) => ({ text, position, event: undefined }));
}

test("Lines are appended to a file for its owner only, in a folder that is made", () =>
  withFolder(async (path, folder) => {
    const file = open(path);
    await file.deliver(records("one", "two"));
    await file.deliver(records("three"));
    await file.flush();
    await file.close();
    assert.equal(readFileSync(path, "utf8"), "one\ntwo\nthree\n");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  }));

test("A line that a crash tore is ended, so that the next is its own", () =>
  withFolder(async (path) => {
    const before = open(path);
    await before.deliver(records("one"));
    await before.close();
    appendFileSync(path, '{"torn');
    const file = open(path);
    await file.deliver(records("two"));
    await file.close();
    assert.equal(readFileSync(path, "utf8"), 'one\n{"torn\ntwo\n');
  }));

test("A full file is renamed by the time, and no two get the same name", () =>
  withFolder(async (path, folder) => {
    const file = open(path, { sizeBytesMax: 10 });
    await file.deliver(records("aaaa", "bbbb", "cccc", "a line that is longer than a file", "dddd"));
    await file.close();
    assert.deepEqual(readdirSync(folder).sort(), [
      "audit-2026-01-02T03-04-05.006.log",
      "audit-2026-01-02T03-04-05.007.log",
      "audit-2026-01-02T03-04-05.008.log",
      "audit.log",
    ]);
    const texts = readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), "utf8"));
    assert.deepEqual(texts, ["aaaa\nbbbb\n", "cccc\n", "a line that is longer than a file\n", "dddd\n"]);
  }));

test("Old files are packed whole, and those that are too many or too old are removed; other files are left alone", () =>
  withFolder(async (path, folder) => {
    let nowMs = Date.parse("2026-01-02T00:00:00.000Z");
    const now = () => new Date(nowMs);
    const file = open(path, { sizeBytesMax: 5, backupsMax: 3, ageMsMax: 10 * minuteMs, compress: true, now });
    await file.deliver(records("0000"));
    writeFileSync(join(folder, "audit-notes.log"), "mine");
    writeFileSync(join(folder, "other-2020-01-01T00-00-00.000.log"), "mine");
    for (let index = 1; index < 6; index++) {
      nowMs += minuteMs;
      await file.deliver(records(String(index).repeat(4)));
    }
    const packed = () =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".gz"))
        .sort();
    const contents = () => packed().map((name) => gunzipSync(readFileSync(join(folder, name))).toString("utf8"));
    assert.deepEqual(contents(), ["2222\n", "3333\n", "4444\n"]);
    nowMs += 9.5 * minuteMs;
    await file.deliver(records("6666"));
    assert.deepEqual(contents(), ["4444\n", "5555\n"]);
    assert.ok(readdirSync(folder).includes("audit-notes.log"));
    assert.ok(readdirSync(folder).includes("other-2020-01-01T00-00-00.000.log"));
    await file.close();
  }));

test("A file that another program moved away or cut is gone on with at its place", () =>
  withFolder(async (path) => {
    const file = open(path);
    await file.deliver(records("one"));
    renameSync(path, `${path}.1`);
    await file.deliver(records("two"));
    truncateSync(path, 0);
    await file.deliver(records("three"));
    await file.close();
    assert.equal(readFileSync(`${path}.1`, "utf8"), "one\n");
    assert.equal(readFileSync(path, "utf8"), "three\n");
  }));

test("A file that cannot be written rejects, and works again when it can", () =>
  withFolder(async (path, folder) => {
    const file = open(path);
    await file.deliver(records("one"));
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "a file where the folder was");
    await assert.rejects(file.deliver(records("two")));
    rmSync(folder);
    await file.deliver(records("two"));
    await file.close();
    assert.equal(readFileSync(path, "utf8"), "two\n");
  }));
