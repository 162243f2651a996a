import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";

import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { generateRootKeyBytes, RootKey } from "./root-key.ts";

test("RootKey zeroes the bytes it was made from and shows none of them", () => {
  const bytes = Buffer.alloc(32, 0xab);
  const key = new RootKey(bytes);
  assert.deepEqual(bytes, Buffer.alloc(32));
  const shown = inspect(key, { showHidden: true, depth: 5 }) + JSON.stringify(key);
  assert.ok(!shown.includes("abab") && shown.includes(key.id), shown);
});

test("RootKey.derive is HKDF-SHA256 of the label: one subkey per label and root key", () => {
  const key = new RootKey(Buffer.alloc(32, 1));
  const info = "strongroom.dev/root-key/v1/live-set-digest";
  const expected = Buffer.from(hkdfSync("sha256", Buffer.alloc(32, 1), "", info, 32));
  assert.deepEqual(key.derive("live-set-digest").export(), expected);
  assert.ok(key.derive("a").equals(new RootKey(Buffer.alloc(32, 1)).derive("a")));
  assert.ok(!key.derive("a").equals(key.derive("b")));
  assert.ok(!key.derive("a").equals(new RootKey(Buffer.alloc(32, 2)).derive("a")));
});

test("RootKey.derive refuses labels that are empty, could be mistaken or are taken", () => {
  const key = new RootKey(generateRootKeyBytes());
  for (const label of ["", "id", "A", "a b", "/a", "a//b", "a\0"])
    assert.throws(() => key.derive(label), RangeError, label);
});

test("RootKey takes exactly 32 bytes", () => {
  for (const length of [0, 16, 31, 33, 64]) assert.throws(() => new RootKey(new Uint8Array(length)), RangeError);
});

test("RootKey.verify raises sealed for every id but its own", () => {
  const key = new RootKey(Buffer.alloc(32, 1));
  key.verify(new RootKey(Buffer.alloc(32, 1)).id);
  assert.match(key.id, /^[0-9a-f]{32}$/);
  for (const id of [new RootKey(Buffer.alloc(32, 2)).id, "", key.id.slice(1)]) {
    assert.throws(
      () => key.verify(id),
      (error) => isStrongroomError(error, "sealed"),
    );
  }
});
