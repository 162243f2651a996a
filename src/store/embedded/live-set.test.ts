import assert from "node:assert/strict";
import { test } from "node:test";

import { open } from "lmdb";

import { ManualClock } from "../conformance/manual-clock.ts";
import { bytes, put, remove, withCode } from "../conformance/subject.ts";
import { emptyState } from "../mvcc/mvcc-store.ts";
import type { Head } from "../mvcc/tables.ts";
import { toRevision } from "../revision.ts";
import { temporaryDirectory } from "./conformance/temporary-directory.ts";
import { testAuthenticator as indexAuthenticator } from "./conformance/test-authenticator.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";
import { openBytesTable, openTable } from "./lmdb-table.ts";
import type { LmdbTable } from "./lmdb-table.ts";
import { dataFile } from "./lmdb-tables.ts";
import { decodeState, encodeState, openLiveSet } from "./state-codec.ts";
import { headCodec, recordKeyCodec } from "./table-codec.ts";

const parent = temporaryDirectory();
let made = 0;

/** A closed store with a few records, some of them changed and removed. */
async function makeStore(): Promise<string> {
  const directory = parent.path(`store-${made++}`);
  const store = await openEmbeddedEngine({ directory, indexAuthenticator, clock: new ManualClock() });
  const lease = await store.grantTtlLease(3600);
  for (const value of ["one", "two"]) await put(store, "/a", value);
  await put(store, "/b", "x", lease.id);
  await put(store, "/c", "y");
  await remove(store, "/c");
  assert.deepEqual(await store.verifyLiveSet(), { ok: true, revision: 5, keys: 2 });
  await store.close();
  return directory;
}

interface Files {
  readonly heads: LmdbTable<string, Head>;
  readonly meta: LmdbTable<string, Uint8Array>;
}

/** Edits the files of a store as somebody without the key can. */
async function edit(directory: string, change: (files: Files) => void): Promise<void> {
  const root = open<Buffer, string>({ path: `${directory}/${dataFile}`, noSubdir: true, overlappingSync: false });
  const heads = openTable(root, "heads", recordKeyCodec, headCodec);
  const meta = openBytesTable(root, "meta", recordKeyCodec);
  await root.batch(() => change({ heads, meta }));
  await root.close();
}

test("the live set holds after puts, deletes, leases, compaction, rewrite, restore and expiry", async () => {
  const clock = new ManualClock();
  await using store = await openEmbeddedEngine({ directory: parent.path("all"), indexAuthenticator, clock });
  const lease = await store.grantTtlLease(5);
  await Promise.all(Array.from({ length: 700 }, (_, i) => put(store, `/k/${i}`, "x", i % 3 ? undefined : lease.id)));
  await remove(store, "/k/1");
  await store.rewrite("/k/2", toRevision(3), bytes("other bytes"));
  await store.compact(toRevision(600));
  assert.deepEqual(await store.verifyLiveSet(), { ok: true, revision: 701, keys: 699 });
  await using copy = await openEmbeddedEngine({ directory: parent.path("copy"), indexAuthenticator, clock });
  await copy.restore(store.snapshot());
  assert.deepEqual(await copy.verifyLiveSet(), { ok: true, revision: 701, keys: 699 });
  await using watcher = store.watch("/");
  clock.advance(6000);
  await watcher.next();
  assert.deepEqual(await store.verifyLiveSet(), { ok: true, revision: 702, keys: 465 });
});

test("the live set is verified while writers go on", async () => {
  await using store = await openEmbeddedEngine({ directory: parent.path("busy"), indexAuthenticator });
  await Promise.all(Array.from({ length: 3000 }, (_, i) => put(store, `/k/${i}`, "x")));
  const verification = store.verifyLiveSet();
  await Promise.all(
    Array.from({ length: 3000 }, (_, i) => (i % 2 ? put(store, `/k/${i}`, "y") : remove(store, `/k/${i}`))),
  );
  assert.deepEqual(await verification, { ok: true, revision: 3000, keys: 3000 });
  assert.deepEqual(await store.verifyLiveSet(), { ok: true, revision: 6000, keys: 1500 });
});

test("a record that was removed, added, or put back to an older state is noticed", async () => {
  const edits: [what: string, change: (files: Files) => void][] = [
    ["removed", ({ heads }) => heads.remove("/b")],
    ["added", ({ heads }) => heads.put("/d", heads.get("/b")!)], // it is there
    [
      "replayed",
      ({ heads }) => {
        const { createRevision, ttlLease } = heads.get("/a")!; // it is there
        heads.put("/a", {
          place: { revision: toRevision(1), sub: 0 },
          createRevision,
          version: 1,
          ttlLease,
          sizeBytes: 3,
        });
      },
    ],
    ["taken off its lease", ({ heads }) => heads.put("/b", { ...heads.get("/b")!, ttlLease: undefined })], // it is there
    [
      "swapped",
      ({ heads }) => {
        const [a, b] = [heads.get("/a")!, heads.get("/b")!]; // both are there
        heads.put("/a", b);
        heads.put("/b", a);
      },
    ],
  ];
  for (const [what, change] of edits) {
    const directory = await makeStore();
    await edit(directory, change);
    await using store = await openEmbeddedEngine({ directory, indexAuthenticator });
    assert.equal((await store.verifyLiveSet()).ok, false, what);
  }
});

test("a state that was changed, replaced or stripped of its seal is refused at the opening", async () => {
  const original = await makeStore();
  let older: Uint8Array = new Uint8Array();
  await edit(original, ({ meta }) => void (older = meta.get("state")!)); // every store has one
  const changed = Buffer.from(older);
  changed[7]! ^= 1; // the revision
  const stripped = encodeState(decodeState(Buffer.from(older), undefined), undefined);
  const foreign = encodeState(
    { ...emptyState, liveSet: { sum: new Uint8Array(32), keys: 0 } },
    { mac: () => new Uint8Array(32) },
  );
  for (const state of [changed, stripped, foreign]) {
    const directory = await makeStore();
    await edit(directory, ({ meta }) => meta.put("state", state));
    await assert.rejects(openEmbeddedEngine({ directory, indexAuthenticator }), withCode("corrupt"));
  }
  const directory = await makeStore();
  await edit(directory, ({ meta }) => meta.remove("state"));
  await assert.rejects(openEmbeddedEngine({ directory, indexAuthenticator }), withCode("corrupt"));
});

test("an older authentic state does not fit the records that came after it", async () => {
  const directory = await makeStore();
  let older: Uint8Array = new Uint8Array();
  await edit(directory, ({ meta }) => void (older = meta.get("state")!)); // every store has one
  const store = await openEmbeddedEngine({ directory, indexAuthenticator });
  await put(store, "/e", "later");
  await store.close();
  await edit(directory, ({ meta }) => meta.put("state", older));
  await using again = await openEmbeddedEngine({ directory, indexAuthenticator });
  assert.equal((await again.verifyLiveSet()).ok, false);
});

test("a store with a live set is opened with its key only, and verified with it only", async () => {
  const directory = await makeStore();
  await assert.rejects(openEmbeddedEngine({ directory }), withCode("invalid"));
  const wrong = { mac: (): Uint8Array => new Uint8Array(32).fill(1) };
  await assert.rejects(openEmbeddedEngine({ directory, indexAuthenticator: wrong }), withCode("corrupt"));
  await using plain = await openEmbeddedEngine({ directory: parent.path("plain") });
  await assert.rejects(plain.verifyLiveSet(), withCode("invalid"));
});

test("a store that was made without a live set does not get one later", async () => {
  const directory = parent.path("unsealed");
  const store = await openEmbeddedEngine({ directory });
  await put(store, "/a", "x");
  await store.close();
  await assert.rejects(openEmbeddedEngine({ directory, indexAuthenticator }), withCode("corrupt"));
});

test("the stored state shows nothing of the sum, and no two of them are alike", () => {
  const state = { ...emptyState, liveSet: { sum: new Uint8Array(32).fill(9), keys: 1 } };
  const [first, second] = [encodeState(state, indexAuthenticator), encodeState(state, indexAuthenticator)];
  const sums = [first, second].map((each) => each.subarray(-64, -32));
  assert.notDeepEqual(sums[0], sums[1]);
  assert.notDeepEqual(sums[0], Buffer.alloc(32, 9));
  for (const each of [first, second]) {
    assert.deepEqual(openLiveSet(each, indexAuthenticator), { sum: new Uint8Array(32).fill(9), keys: 1 });
  }
});
