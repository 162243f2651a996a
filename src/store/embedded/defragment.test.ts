import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs, { chownSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { mock, test } from "node:test";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { put, remove, text } from "../conformance/subject.ts";
import { toRevision } from "../revision.ts";
import type { Store, StoredRecord } from "../store.ts";
import { mountSmallDisk, whyNoSmallDisk } from "./conformance/small-disk.ts";
import { temporaryDirectory } from "./conformance/temporary-directory.ts";
import { testAuthenticator } from "./conformance/test-authenticator.ts";
import { defragment, endDefragmentation } from "./defragment.ts";
import type { DefragmentStep } from "./defragment.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import type { EmbeddedEngine } from "./embedded-engine.ts";

const parent = temporaryDirectory();
const kindOf = (value: Uint8Array) => Buffer.from(value).toString("latin1").slice(0, 3);
const now = () => new Date(0);
const open = (directory: string) => openEmbeddedEngine({ directory, indexAuthenticator: testAuthenticator });

/** A store with values of all sizes, history, deletions and a TTL lease, in which much was replaced and compacted. */
async function fill(directory: string, count = 120): Promise<void> {
  await using store = await open(directory);
  const { id } = await store.grantTtlLease(1000);
  const indexes = Array.from({ length: count }, (_, index) => index);
  for (let round = 0; round < 3; round++) {
    const value = (index: number) => `old ${round} ${"x".repeat(index ** 2)}`;
    await Promise.all(
      indexes.map((index) => put(store, `/k/${index}`, value(index), index % 10 === 0 ? id : undefined)),
    );
  }
  await Promise.all(indexes.filter((index) => index % 3 === 0).map((index) => remove(store, `/k/${index}`)));
  await store.compact(await store.currentRevision());
  const { records } = await store.range("");
  const rewritten = records.map(({ key, modRevision }) => store.rewrite(key, modRevision, Buffer.from(`new ${key}`)));
  assert.ok((await Promise.all(rewritten)).every(Boolean));
  await Promise.all(indexes.slice(0, 40).map((index) => put(store, `/k/${index}`, `new of history ${index}`)));
}

/** All that can be seen of a store. */
async function contentOf(store: EmbeddedEngine) {
  const plain = ({ value, ...rest }: StoredRecord) => ({ ...rest, value: Buffer.from(value).toString("latin1") });
  const superseded = [];
  for await (const record of store.supersededRecords()) superseded.push(plain(record));
  const revision = await store.currentRevision();
  const past = await store.range("", { revision: toRevision(revision - 20) });
  const current = await store.range("");
  const live = await store.verifyLiveSet();
  assert.ok(live.ok);
  const times = current.records.map(({ modRevision }) => store.revisionTime(modRevision));
  return {
    revision,
    compacted: await store.compactedRevision(),
    current: current.records.map(plain),
    past: past.records.map(plain),
    superseded,
    times,
    keys: live.keys,
  };
}

const common = Buffer.from("old ");
const marks = [Buffer.from("old 0"), Buffer.from("old 2")];

test("defragment keeps everything that the store says, and leaves nothing else in its files", async () => {
  const directory = parent.path("whole");
  await fill(directory);
  const before = await (async () => {
    await using store = await open(directory);
    const { counts } = await store.searchFiles(common, marks);
    assert.ok((counts[1] ?? 0) > 0, "what was replaced is still there");
    assert.equal(store.fileNote(), undefined);
    return await contentOf(store);
  })();
  const { bytesBefore, bytesAfter, note } = await defragment({ directory, kindOf, now });
  assert.ok(bytesAfter < bytesBefore, `${bytesAfter} < ${bytesBefore}`);
  assert.deepEqual(note, {
    writtenAt: now().toISOString(),
    revision: before.revision,
    kinds: { new: before.current.length + before.superseded.length },
  });
  assert.deepEqual(readdirSync(directory).toSorted(), ["data.mdb", "format", "lock"]);
  await using store = await open(directory);
  assert.deepEqual(await contentOf(store), before);
  assert.deepEqual(store.fileNote(), note);
  const { counts, fileBytes } = await store.searchFiles(common, marks);
  assert.deepEqual(counts, [0, 0]);
  assert.ok(!readFileSync(join(directory, "data.mdb")).includes("old "));
  assert.equal(fileBytes, statSync(join(directory, "data.mdb")).size);
  assert.equal(await put(store, "/k/more", "y"), before.revision + 1);
  assert.equal((await store.grantTtlLease(10)).id, 2);
});

test("defragment again takes the place of what the last one noted", async () => {
  const directory = parent.path("again");
  await fill(directory);
  await defragment({ directory, kindOf, now });
  const { note } = await defragment({ directory, kindOf: () => "any", now: () => new Date(5000) });
  await using store = await open(directory);
  assert.deepEqual(store.fileNote(), note);
  assert.deepEqual(Object.keys(note.kinds), ["any"]);
});

test("defragment that fails, or is killed, at any step leaves a whole store, and the next opening removes what was left", async () => {
  const steps: readonly DefragmentStep[] = ["copy", "note", "link", "rename", "overwrite", "remove"];
  const program = new URL("conformance/defragment-and-die.ts", import.meta.url).pathname;
  const ways: Readonly<Record<string, (directory: string, last: DefragmentStep) => Promise<void>>> = {
    async fails(directory, last) {
      const onStep = (step: DefragmentStep) => {
        if (step === last) throw new RangeError("an injected fault");
      };
      await assert.rejects(defragment({ directory, kindOf, now, onStep }), RangeError);
    },
    async killed(directory, last) {
      const { signal, stderr } = spawnSync(process.execPath, [program, directory, last], { encoding: "utf8" });
      assert.equal(signal, "SIGKILL", stderr);
    },
  };
  for (const [way, end] of Object.entries(ways)) {
    for (const last of steps) {
      const directory = parent.path(`${way}-${last}`);
      await fill(directory);
      const before = await (async () => {
        await using store = await open(directory);
        return await contentOf(store);
      })();
      await end(directory, last);
      await using store = await open(directory);
      assert.deepEqual(await contentOf(store), before, `${way} at ${last}`);
      const left = readdirSync(directory).filter((name) => /anew|former/.test(name));
      assert.deepEqual(left, [], `${way} at ${last}`);
      const { counts } = await store.searchFiles(common, marks);
      const isAnew = last === "overwrite" || last === "remove";
      if (isAnew) assert.deepEqual(counts, [0, 0], `${way} at ${last}`);
      else assert.notDeepEqual(counts, [0, 0], `${way} at ${last}`);
    }
  }
});

test("the new file is the store's for good before the former one is overwritten, also where a crash came between", async () => {
  const directory = parent.path("power");
  await fill(directory);
  const onStep = (step: DefragmentStep) => {
    if (step === "overwrite") throw new RangeError("an injected fault");
  };
  await assert.rejects(defragment({ directory, kindOf, now, onStep }), RangeError);
  const calls: string[] = [];
  const { fsyncSync, writeSync } = fs;
  const isDirectory = (file: number) => fs.fstatSync(file).isDirectory();
  mock.method(fs, "fsyncSync", (file: number) => {
    calls.push(isDirectory(file) ? "sync of names" : "sync");
    fsyncSync(file);
  });
  mock.method(fs, "writeSync", (...[file, ...rest]: [number, Uint8Array, number, number, number]) => {
    calls.push("write");
    return writeSync(file, ...rest);
  });
  syncBuiltinESMExports();
  try {
    endDefragmentation(join(directory, "data.mdb"));
  } finally {
    mock.restoreAll();
    syncBuiltinESMExports();
  }
  assert.deepEqual(calls.slice(0, 2), ["sync of names", "write"]);
});

const isRoot = process.getuid?.() === 0;

test(
  "the new file is whose the former one was, if an administrator does it",
  { skip: !isRoot && "it takes root" },
  async () => {
    const directory = parent.path("owner");
    await fill(directory);
    const path = join(directory, "data.mdb");
    chownSync(path, 1234, 1235);
    await defragment({ directory, kindOf, now });
    const { uid, gid } = statSync(path);
    assert.deepEqual([uid, gid], [1234, 1235]);
  },
);

test("defragment refuses what is in use, what is no store and what is damaged, and changes nothing", async () => {
  const directory = parent.path("used");
  await fill(directory);
  await assert.rejects(defragment({ directory: parent.path("none"), kindOf, now }), { code: "not-found" });
  assert.ok(!existsSync(parent.path("none")));
  await (async () => {
    await using _store = await open(directory);
    await assert.rejects(defragment({ directory, kindOf, now }), { code: "unavailable" });
  })();
  const path = join(directory, "data.mdb");
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, 8192));
  await assert.rejects(defragment({ directory, kindOf, now }), { code: "corrupt" });
  writeFileSync(path, whole);
  await using store = await open(directory);
  assert.ok((await store.verifyLiveSet()).ok);
});

test("searching its files leaves the store locked", async () => {
  const directory = parent.path("locked");
  await using store: Store & EmbeddedEngine = await open(directory);
  await store.searchFiles(Buffer.from("k8s:"), marks);
  await assert.rejects(defragment({ directory, kindOf, now }), { code: "unavailable" });
});

const skip = whyNoSmallDisk();

test("defragment on a disk without space for it fails, and the store goes on", { skip }, async () => {
  using disk = mountSmallDisk();
  const directory = join(disk.path, "store");
  await fill(directory, 60);
  const ballast = join(disk.path, "ballast");
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(9 * 1024 * 1024)), { code: "ENOSPC" });
  await assert.rejects(defragment({ directory, kindOf, now }), (error) => {
    return error instanceof StrongroomError && error.code === "unavailable" && error.message.includes("free space");
  });
  assert.deepEqual(
    readdirSync(directory).filter((name) => /anew|former/.test(name)),
    [],
  );
  await (async () => {
    await using store = await open(directory);
    assert.equal(text(await store.get("/k/1")), "new of history 1");
  })();
  rmSync(ballast);
  await defragment({ directory, kindOf, now });
  await using store = await open(directory);
  assert.equal(text(await store.get("/k/1")), "new of history 1");
});
