import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { boltBytes, metaPage, withHash } from "../../test/support/bolt-writer.ts";
import type { BoltShape, WrittenRevision } from "../../test/support/bolt-writer.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { EtcdSnapshot } from "./etcd-snapshot.ts";

const folder = mkdtempSync(join(tmpdir(), "etcd-snapshot-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface ReadRevision {
  readonly key: string;
  readonly value: string;
  readonly revision: string;
  readonly isDeletion: boolean;
  readonly isCurrent: boolean;
}

function read(bytes: Uint8Array): ReadRevision[] {
  const path = join(folder, "etcd.db");
  writeFileSync(path, bytes);
  using snapshot = EtcdSnapshot.open(path);
  return Array.from(snapshot.revisions(), ({ key, value, modRevision, subRevision, isDeletion, isCurrent }) => ({
    key: key.toString(),
    value: value.toString("base64"),
    revision: `${modRevision}/${subRevision}`,
    isDeletion,
    isCurrent,
  }));
}

/** What a map of keys says of the same writes. */
function expected(writes: readonly WrittenRevision[]): ReadRevision[] {
  const latest = new Map(writes.map((write) => [Buffer.from(write.key).toString(), write]));
  return writes
    .map((write) => ({
      key: Buffer.from(write.key).toString(),
      value: Buffer.from(write.value ?? []).toString("base64"),
      revision: `${write.main}/${write.sub ?? 0}`,
      isDeletion: write.value === undefined,
      isCurrent: latest.get(Buffer.from(write.key).toString()) === write,
    }))
    .toReversed();
}

const write = fc.record({
  key: fc.constantFrom("a", "b", "/registry/secrets/default/db", "c/d").map((key) => Buffer.from(key)),
  value: fc.option(fc.uint8Array({ maxLength: 3000 }), { nil: undefined }),
  isSameTransaction: fc.boolean(),
});
const writes = fc.array(write, { maxLength: 60 }).map((made) => {
  let [main, sub] = [1, -1];
  return made.map(({ key, value, isSameTransaction }): WrittenRevision => {
    [main, sub] = isSameTransaction ? [main, sub + 1] : [main + 1, 0];
    return { main, sub, key, value };
  });
});
const shape: fc.Arbitrary<BoltShape> = fc.record({
  pageSizeBytes: fc.constantFrom(1024, 4096, 16_384),
  childrenMax: fc.integer({ min: 2, max: 6 }),
  freePages: fc.nat(5),
});

test("EtcdSnapshot.revisions gives every write, newest first, and says which is current", () => {
  fc.assert(
    fc.property(writes, shape, fc.boolean(), (made, of, hash) => {
      assert.deepEqual(read(boltBytes(made, of, hash)), expected(made));
    }),
    { numRuns: 200 },
  );
});

const some = Array.from({ length: 300 }, (_, index): WrittenRevision => {
  const value = index % 7 === 6 ? undefined : Buffer.alloc(index % 40 === 0 ? 9000 : 200, index);
  return { main: index + 1, key: Buffer.from(`/registry/secrets/default/s${index % 50}`), value };
});
const deep: BoltShape = { pageSizeBytes: 1024, childrenMax: 4, freePages: 3 };

test("EtcdSnapshot.current gives what was not deleted, and pages says how many nobody refers to", () => {
  const path = join(folder, "current.db");
  writeFileSync(path, boltBytes(some, deep));
  using snapshot = EtcdSnapshot.open(path);
  const keys = Array.from(snapshot.current(), ({ key }) => key.toString());
  const wanted = expected(some).filter(({ isCurrent, isDeletion }) => isCurrent && !isDeletion);
  assert.deepEqual(
    keys,
    wanted.map(({ key }) => key),
  );
  assert.equal(snapshot.pages.unreached, 3);
  assert.equal(snapshot.hasHash, true);
});

test("EtcdSnapshot.freeBytes gives the pages that nobody refers to, each once", () => {
  const path = join(folder, "free.db");
  const free = Array.from({ length: 3000 }, (_, index) => Buffer.alloc(1024, `page ${index} `));
  const bytes = boltBytes(some, { pageSizeBytes: 1024, childrenMax: 4, freePages: free.length }, false);
  for (const [index, page] of free.entries()) page.copy(bytes, (2 + index) * 1024);
  writeFileSync(path, bytes);
  using snapshot = EtcdSnapshot.open(path);
  assert.equal(Array.from(snapshot.revisions()).length, some.length);
  const pieces = Array.from(snapshot.freeBytes(), (piece) => Buffer.from(piece));
  assert.ok(Buffer.concat(pieces).equals(Buffer.concat(free)));
  assert.ok(pieces.every((piece) => piece.length <= 1 << 20) && pieces.length === 3);
});

test("EtcdSnapshot reads bytes that were changed anywhere, or raises invalid, and ends", () => {
  const whole = boltBytes(some.slice(0, 40), deep, false);
  const change = fc.record({ at: fc.nat(whole.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const { at, bytes: other } of changes) bytes.set(other.slice(0, bytes.length - at), at);
      try {
        read(bytes);
      } catch (error) {
        assert.ok(isStrongroomError(error, "invalid"), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("EtcdSnapshot raises invalid for a structure whose numbers were changed, wherever it reads them", () => {
  const whole = boltBytes(some.slice(0, 40), deep, false);
  const pages = whole.length / deep.pageSizeBytes;
  // The first 200 bytes of a page are its header and its elements.
  const place = fc.tuple(fc.integer({ min: 2, max: pages - 1 }), fc.nat(49));
  const number = fc.oneof(fc.nat(pages), fc.nat(2000), fc.integer({ min: 0, max: 0xffffffff }));
  fc.assert(
    fc.property(fc.array(fc.tuple(place, number), { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [[page, word], value] of changes) bytes.writeUInt32LE(value, page * deep.pageSizeBytes + 4 * word);
      try {
        read(bytes);
      } catch (error) {
        assert.ok(isStrongroomError(error, "invalid"), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("EtcdSnapshot finds every changed byte of a file with a hash, and every length but its own", () => {
  const whole = boltBytes(some.slice(0, 10));
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ bits;
      // One meta page is enough; that the other was changed is for the hash to find, as in any other page.
      assert.throws(() => read(bytes), { code: "invalid" });
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(fc.nat(whole.length - 1), (length) => {
      assert.throws(() => read(whole.subarray(0, length)), { code: "invalid" });
    }),
    { numRuns: 200 },
  );
});

/** A small file whose pages are: 0 and 1 meta, 2 a leaf, 3 a leaf, 4 their branch, 5 the root. */
function small(change: (bytes: Buffer) => void): Buffer {
  const two = [1, 2].map((main) => ({ main, key: Buffer.from(`k${main}`), value: Buffer.alloc(600, main) }));
  const bytes = boltBytes(two, { pageSizeBytes: 1024, childrenMax: 4, freePages: 0 }, false);
  assert.equal(bytes.length, 6 * 1024);
  change(bytes);
  return bytes;
}
const at = (page: number, offset: number) => page * 1024 + offset;
const element = (index: number) => 16 + 16 * index;

const hostile: readonly (readonly [what: string, change: (bytes: Buffer) => void, message: RegExp])[] = [
  [
    "another magic number in both meta pages",
    (b) => [0, 1].map((p) => b.writeUInt32LE(1, at(p, 16))),
    /^page 0 must begin with the magic number/,
  ],
  [
    "a changed byte in both meta pages",
    (b) => [0, 1].map((p) => b.writeUInt8(9, at(p, 40))),
    /^page 0 must have the checksum/,
  ],
  [
    "a branch that refers to itself",
    (b) => b.writeUInt32LE(4, at(4, element(0) + 8)),
    /^page 4, which page 4 refers to, must not be part/,
  ],
  [
    "a leaf twice",
    (b) => b.writeUInt32LE(3, at(4, element(0) + 8)),
    /^page 3, which page 4 refers to, must not be part of something else too/,
  ],
  [
    "a page beyond the end",
    (b) => b.writeUInt32LE(600, at(4, element(1) + 8)),
    /^page 600, which page 4 refers to, must be between 2 and 5/,
  ],
  [
    "a page of 2^63",
    (b) => b.writeUInt32LE(0x80000000, at(4, element(1) + 12)),
    /^page \d+, which page 4 refers to, must be between 2 and 5/,
  ],
  [
    "a meta page in a tree",
    (b) => b.writeUInt32LE(1, at(4, element(1) + 8)),
    /^page 1, which page 4 refers to, must be between 2 and 5/,
  ],
  [
    "a page that goes on over another",
    (b) => b.writeUInt32LE(1, at(3, 12)),
    /^page 4, which page 3 refers to, must not be part of something else too/,
  ],
  [
    "a page that goes on beyond the end",
    (b) => b.writeUInt32LE(0xffffffff, at(3, 12)),
    /^pages 4 to \d+, which page 3 refers to, must be between 2 and 5/,
  ],
  ["a page that says it is another", (b) => b.writeUInt32LE(2, at(3, 0)), /^page 3 must have its own number in it/],
  [
    "a page that is neither leaf nor branch",
    (b) => b.writeUInt16LE(16, at(3, 8)),
    /^page 3 must be a branch or a leaf/,
  ],
  [
    "more elements than a page holds",
    (b) => b.writeUInt16LE(200, at(3, 10)),
    /^page 3, of 1024 bytes, must hold its 200 elements/,
  ],
  [
    "a branch with no child",
    (b) => b.writeUInt16LE(0, at(4, 10)),
    /^page 4, a branch of 1024 bytes, must hold its 0 elements, and one at least/,
  ],
  [
    "a key that begins in the elements",
    (b) => b.writeUInt32LE(0, at(3, element(0) + 4)),
    /^element 0 of page 3 must begin behind byte 32/,
  ],
  [
    "a value that is larger than its page",
    (b) => b.writeUInt32LE(0xffffffff, at(3, element(0) + 12)),
    /^element 0 of page 3 must end within the 1024 bytes/,
  ],
  [
    "leaves in the wrong order",
    (b) => [0, 1].map((i) => b.writeUInt32LE(3 - i, at(4, element(i) + 8))),
    /^page 3 must have keys before those of the page that comes behind it/,
  ],
  [
    "a revision that is no revision",
    (b) => b.write("x", at(3, element(0) + 16 + 8)),
    /^element 0 of page 3 must be a revision/,
  ],
  [
    "a value that is no message",
    (b) => b.writeUInt8(0xff, at(3, element(0) + 16 + 18)),
    /^element 0 of page 3, revision 2, must be a key with its value/,
  ],
  ["no bucket of keys", (b) => b.write("kez", at(5, 16 + 32)), /^the file must have a bucket key/],
  ["a bucket that is none", (b) => b.writeUInt32LE(0, at(5, element(0))), /^element 0 of page 5 must be a bucket/],
];

for (const [what, change, message] of hostile) {
  test(`EtcdSnapshot names the place of ${what}`, () => {
    assert.throws(() => read(small(change)), { code: "invalid", message });
  });
}

test("EtcdSnapshot takes the newer of the meta pages that are whole", () => {
  const damaged = small((bytes) => bytes.writeUInt8(0, at(1, 17)));
  assert.equal(read(damaged).length, 2);
  assert.equal(read(small((bytes) => bytes.writeUInt8(0, at(0, 17)))).length, 2);
  const root = { pageSizeBytes: 1024, root: 3, pageCount: 6, transaction: 99 };
  assert.throws(
    () => read(small((bytes) => void metaPage(1, root).copy(bytes, at(1, 0)))),
    /element 0 of page 3 must be a bucket/,
  );
});

test("EtcdSnapshot refuses a file with less pages than it says, of no size that there is, and of anything else", () => {
  const claims = { pageSizeBytes: 1024, root: 5, pageCount: 2 ** 40, transaction: 99 };
  const claiming = small((bytes) => void metaPage(1, claims).copy(bytes, at(1, 0)));
  assert.throws(
    () => read(claiming),
    /^StrongroomError: the file, of 6144 bytes, must hold the 1099511627776 pages of 1024 bytes/,
  );
  assert.throws(() => read(Buffer.alloc(0)), /the file, of 0 bytes, must be whole/);
  assert.throws(() => read(randomBytes(1000)), /the file, of 1000 bytes, must be whole/);
  assert.throws(() => read(Buffer.alloc(8192)), /magic number of bbolt: this is no database of etcd/);
  assert.throws(() => read(withHash(small(() => {})).fill(0, 6150)), /the last 32 bytes must be the SHA-256/);
  assert.throws(() => EtcdSnapshot.open(folder), /must be a file/);
});

test("EtcdSnapshot refuses a branch below a branch without end, however large the file is", () => {
  const levels = 40;
  const bytes = small(() => {});
  const long = Buffer.concat([bytes, Buffer.alloc(levels * 1024)]);
  const meta = { pageSizeBytes: 1024, root: 5, pageCount: 6 + levels, transaction: 99 };
  metaPage(1, meta).copy(long, at(1, 0));
  for (let level = 0; level < levels; level++) {
    bytes.copy(long, at(6 + level, 0), at(4, 0), at(5, 0));
    long.writeUInt32LE(6 + level, at(6 + level, 0));
    long.writeUInt16LE(1, at(6 + level, 10));
    long.writeUInt32LE(7 + level, at(6 + level, element(0) + 8));
  }
  long.writeUInt32LE(6, at(4, element(1) + 8));
  assert.throws(() => read(long), /must be at most 32 levels below the root/);
});

test("EtcdSnapshot refuses a file that is written to while it is read", () => {
  const path = join(folder, "changing.db");
  writeFileSync(
    path,
    small(() => {}),
  );
  using snapshot = EtcdSnapshot.open(path);
  const revisions = snapshot.revisions();
  revisions.next();
  writeFileSync(
    path,
    small((bytes) => void metaPage(0, { pageSizeBytes: 1024, root: 5, pageCount: 6, transaction: 99 }).copy(bytes)),
  );
  assert.throws(() => Array.from(revisions), /the file must not be written to while it is read/);
});
