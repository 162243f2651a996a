import assert from "node:assert/strict";
import { test } from "node:test";

import { toRevision } from "../revision.ts";
import type { RangeOptions } from "../store.ts";
import { bytes, put, remove, run, text, withCode } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** get, getMany, range, count. */
export function readConformance(name: string, subject: Subject): void {
  test(`${name}: a new store is at revision 0 and holds nothing`, async () => {
    await using store = await subject.open();
    assert.equal(await store.currentRevision(), 0);
    assert.equal(await store.compactedRevision(), 0);
    assert.equal(await store.get("/a"), undefined);
    assert.deepEqual(await store.range(""), { records: [], revision: 0, more: false });
    assert.equal(await store.count(""), 0);
  });

  test(`${name}: a record tells its revisions, its version and its size`, async () => {
    await using store = await subject.open();
    await put(store, "/other", "x");
    await put(store, "/a", "one");
    await put(store, "/a", "three");
    const record = await store.get("/a");
    assert.equal(text(record), "three");
    assert.deepEqual(
      { ...record, value: undefined },
      {
        key: "/a",
        value: undefined,
        sizeBytes: 5,
        createRevision: 2,
        modRevision: 3,
        version: 2,
        ttlLease: undefined,
        stale: false,
      },
    );
  });

  test(`${name}: a key that is put again after a delete starts a new generation`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await remove(store, "/a");
    await put(store, "/a", "two");
    const record = await store.get("/a");
    assert.deepEqual([record?.createRevision, record?.modRevision, record?.version], [3, 3, 1]);
  });

  test(`${name}: an empty value is kept, and is not an absent key`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "");
    assert.equal((await store.get("/a"))?.sizeBytes, 0);
    assert.equal((await store.get("/a"))?.value.length, 0);
  });

  test(`${name}: values of every size come back byte for byte`, async () => {
    await using store = await subject.open();
    const sizes = [1, 63, 64, 1000, 2047, 4096, 32_768, 65_537, 1_500_000];
    for (const size of sizes) {
      const value = Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff);
      await run(store, { type: "put", key: `/${size}`, value });
      const stored = await store.get(`/${size}`);
      assert.deepEqual(Buffer.from(stored?.value ?? []), Buffer.from(value), `${size} bytes`);
    }
    const ranged = await store.range("/");
    assert.deepEqual(
      ranged.records.map((record) => record.value.length).sort((a, b) => a - b),
      sizes,
    );
  });

  test(`${name}: get at a past revision returns the record as it was`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/b", "x");
    await put(store, "/a", "two");
    await remove(store, "/a");
    await put(store, "/a", "three");
    const values = [];
    for (const revision of [1, 2, 3, 4, 5]) {
      values.push(text(await store.get("/a", { revision: toRevision(revision) })));
    }
    assert.deepEqual(values, ["one", "one", "two", undefined, "three"]);
    const past = await store.get("/a", { revision: toRevision(3) });
    assert.deepEqual([past?.createRevision, past?.modRevision, past?.version, past?.sizeBytes], [1, 3, 2, 3]);
  });

  test(`${name}: revision 0 reads the current revision`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    assert.equal(text(await store.get("/a", { revision: toRevision(0) })), "one");
    assert.equal((await store.range("", { revision: toRevision(0) })).revision, 1);
  });

  test(`${name}: reads above the current revision raise future-revision`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    const options = { revision: toRevision(2) };
    await assert.rejects(store.get("/a", options), withCode("future-revision"));
    await assert.rejects(store.getMany(["/a"], options), withCode("future-revision"));
    await assert.rejects(store.range("/a", options), withCode("future-revision"));
    await assert.rejects(store.count("/a", options), withCode("future-revision"));
  });

  test(`${name}: getMany answers in the order asked, repeats and absent keys included`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/b", "two");
    const records = await store.getMany(["/b", "/nowhere", "/a", "/b"]);
    assert.deepEqual(records.map(text), ["two", undefined, "one", "two"]);
    assert.deepEqual(await store.getMany([]), []);
    const past = await store.getMany(["/b", "/a"], { revision: toRevision(1) });
    assert.deepEqual(past.map(text), [undefined, "one"]);
  });

  test(`${name}: range returns the keys with the prefix in byte order, and no others`, async () => {
    await using store = await subject.open();
    for (const key of ["/b/2", "/a", "/b~", "/b/10", "/b", "/B", "/c", "/b/1/x", "/b!"]) await put(store, key, key);
    const keysOf = async (prefix: string): Promise<string[]> =>
      (await store.range(prefix)).records.map((record) => record.key);
    assert.deepEqual(await keysOf("/b/"), ["/b/1/x", "/b/10", "/b/2"]);
    assert.deepEqual(await keysOf("/b"), ["/b", "/b!", "/b/1/x", "/b/10", "/b/2", "/b~"]);
    assert.deepEqual(await keysOf(""), ["/B", "/a", "/b", "/b!", "/b/1/x", "/b/10", "/b/2", "/b~", "/c"]);
    assert.deepEqual(await keysOf("/d"), []);
  });

  test(`${name}: range pages by limit and after, and says whether more follow`, async () => {
    await using store = await subject.open();
    for (const key of ["/a/1", "/a/2", "/a/3", "/b"]) await put(store, key, key);
    const first = await store.range("/a/", { limit: 2 });
    assert.deepEqual([first.records.map((record) => record.key), first.more], [["/a/1", "/a/2"], true]);
    const second = await store.range("/a/", { limit: 2, after: "/a/2" });
    assert.deepEqual([second.records.map((record) => record.key), second.more], [["/a/3"], false]);
    const exact = await store.range("/a/", { limit: 3 });
    assert.deepEqual([exact.records.length, exact.more], [3, false]);
    assert.equal((await store.range("/a/", { after: "/a/3" })).records.length, 0);
    assert.equal((await store.range("/a/", { after: "/" })).records.length, 3);
    assert.equal((await store.range("/a/", { after: "/a/25" })).records.length, 1);
  });

  test(`${name}: range refuses a limit that is not a whole number of at least 1`, async () => {
    await using store = await subject.open();
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(store.range("", { limit }), withCode("invalid"), String(limit));
    }
  });

  test(`${name}: range pages by the bytes of values, with one record at least`, async () => {
    await using store = await subject.open();
    for (const [key, size] of [
      ["/a/1", 10],
      ["/a/2", 10],
      ["/a/3", 50],
      ["/a/4", 1],
    ] as const) {
      await put(store, key, "x".repeat(size));
    }
    await put(store, "/b", "x");
    // What an engine keeps of a value may be more than the value.
    const { sizeBytes } = (await store.get("/a/1"))!; // was put above
    const page = async (bytesMax: number, options: RangeOptions = {}) => {
      const { records, more } = await store.range("/a/", { bytesMax, ...options });
      return [...records.map(({ key }) => key.slice(-1)), more];
    };
    assert.deepEqual(await page(1), ["1", true]);
    assert.deepEqual(await page(2 * sizeBytes - 1), ["1", true]);
    assert.deepEqual(await page(2 * sizeBytes), ["1", "2", true]);
    assert.deepEqual(await page(1, { after: "/a/2" }), ["3", true]);
    assert.deepEqual(await page(1, { after: "/a/3" }), ["4", false]);
    assert.deepEqual(await page(10_000), ["1", "2", "3", "4", false]);
    assert.deepEqual(await page(10_000, { limit: 3 }), ["1", "2", "3", true]);
    assert.deepEqual(await page(1, { keysOnly: true }), ["1", "2", "3", "4", false]);
    const revision = await store.currentRevision();
    await put(store, "/a/1", "x".repeat(500));
    assert.deepEqual(await page(2 * sizeBytes, { revision }), ["1", "2", true], "the sizes of its revision count");
  });

  test(`${name}: range refuses a bound of bytes that is not a whole number of at least 1`, async () => {
    await using store = await subject.open();
    for (const bytesMax of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(store.range("", { bytesMax }), withCode("invalid"), String(bytesMax));
    }
  });

  test(`${name}: a keys-only range has sizes and versions but no values`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    const { records } = await store.range("/a", { keysOnly: true });
    assert.deepEqual(
      records.map(({ key, value, sizeBytes, version }) => [key, value.length, sizeBytes, version]),
      [["/a", 0, 3, 1]],
    );
  });

  test(`${name}: a keys-only get says since when a key is there, now and at a revision, without its value`, async () => {
    await using store = await subject.open();
    const first = await put(store, "/a", "one");
    const second = await put(store, "/a", "three");
    const facts = async (revision?: typeof first) => {
      const record = await store.get("/a", { keysOnly: true, revision });
      return record && [record.value.length, record.sizeBytes, record.modRevision, record.version];
    };
    assert.deepEqual(await facts(), [0, 5, second, 2]);
    assert.deepEqual(await facts(first), [0, 3, first, 1]);
    await remove(store, "/a");
    assert.equal(await facts(), undefined);
    assert.deepEqual(await facts(second), [0, 5, second, 2]);
  });

  test(`${name}: a range that is continued at its revision does not see later writes`, async () => {
    await using store = await subject.open();
    for (const key of ["/a/1", "/a/2", "/a/3", "/a/5"]) await put(store, key, "old");
    const first = await store.range("/a/", { limit: 1 });
    await put(store, "/a/2", "new");
    await remove(store, "/a/3");
    await put(store, "/a/4", "new");
    const rest = await store.range("/a/", { after: "/a/1", revision: first.revision });
    assert.deepEqual(
      rest.records.map((record) => `${record.key} ${text(record)}`),
      ["/a/2 old", "/a/3 old", "/a/5 old"],
    );
    assert.equal(rest.revision, first.revision);
    assert.equal(await store.count("/a/", { revision: first.revision }), 4);
    assert.equal(await store.count("/a/", { revision: first.revision, after: "/a/2" }), 2);
  });

  test(`${name}: count counts what range would return`, async () => {
    await using store = await subject.open();
    for (const key of ["/a", "/a/1", "/a/2", "/b"]) await put(store, key, key);
    await remove(store, "/a/1");
    assert.deepEqual([await store.count(""), await store.count("/a"), await store.count("/a/")], [3, 2, 1]);
    assert.equal(await store.count("/a", { after: "/a" }), 1);
    assert.equal(await store.count("/a", { after: "/a/2" }), 0);
    assert.equal(await store.count("/a", { revision: toRevision(3) }), 3);
  });

  test(`${name}: a range of more keys than a page holds is complete and of one revision`, async () => {
    await using store = await subject.open();
    const keys = Array.from({ length: 1200 }, (_, i) => `/k/${String(i).padStart(5, "0")}`);
    await Promise.all(keys.map((key) => put(store, key, key)));
    const before = store.range("/k/");
    const writes = keys.map((key) => put(store, key, "later"));
    const { records, revision } = await before;
    assert.deepEqual(
      records.map((record) => record.key),
      keys,
    );
    assert.ok(records.every((record) => record.modRevision <= revision));
    assert.deepEqual(await store.range("/k/", { revision }), { records, revision, more: false });
    await Promise.all(writes);
    assert.equal((await store.range("/k/", { limit: 20_000 })).records.filter((r) => text(r) === "later").length, 1200);
  });

  test(`${name}: keys must be 1 to 1,024 bytes of printable ASCII`, async () => {
    await using store = await subject.open();
    const longest = `/${"k".repeat(1023)}`;
    await put(store, longest, "x");
    assert.equal((await store.range(longest)).records.length, 1);
    const bad = ["", "/a\0", "/a\n", "/ä", "/\u{1f511}", "/\x7f"];
    for (const key of bad) {
      await assert.rejects(store.get(key), withCode("invalid"), JSON.stringify(key));
      await assert.rejects(
        run(store, { type: "put", key, value: bytes("x") }),
        withCode("invalid"),
        JSON.stringify(key),
      );
    }
    await assert.rejects(store.get(`${longest}k`), withCode("too-large"));
    await assert.rejects(store.range("/ä"), withCode("invalid"));
  });
}
