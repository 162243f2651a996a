import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import { createDekSource, openSealed, readKeysMax, recordsPerKey, sealedOverheadBytes, Sealer } from "./dek-source.ts";
import { dekSourceTypes } from "./encrypted-object.ts";

const aad = Buffer.from("/registry/secrets/default/db");
const plaintext = Buffer.from("value");

function seal(sealer: Sealer): Buffer {
  const out = Buffer.alloc(plaintext.length + sealedOverheadBytes);
  sealer.sealInto(out, 0, plaintext, aad);
  return out;
}

test("Sealer takes a new key after recordsPerKey records, and never a nonce twice under one key", () => {
  const seed = randomBytes(32);
  const sealer = new Sealer(createSecretKey(seed));
  const source = createDekSource(seed, dekSourceTypes.hkdfSha256ExtendedNonceSeed);
  const recordsByInfo = new Map<string, number>();
  const used = new Set<string>();
  for (let index = 0; index < 3 * recordsPerKey; index++) {
    const sealed = seal(sealer);
    const info = sealed.toString("hex", 0, 32);
    recordsByInfo.set(info, (recordsByInfo.get(info) ?? 0) + 1);
    used.add(sealed.toString("hex", 0, 44));
    assert.deepEqual(Buffer.from(openSealed(source, sealed, aad)), plaintext);
  }
  assert.deepEqual([...recordsByInfo.values()], [recordsPerKey, recordsPerKey, recordsPerKey]);
  assert.equal(used.size, 3 * recordsPerKey);
});

test("openSealed remembers a bounded number of derived keys, those of records that are not authentic included", () => {
  const seed = randomBytes(32);
  const sealed = seal(new Sealer(createSecretKey(seed)));
  const source = createDekSource(seed, dekSourceTypes.hkdfSha256ExtendedNonceSeed);
  for (let index = 0; index < readKeysMax + 100; index++) {
    assert.throws(() => openSealed(source, Buffer.concat([randomBytes(32), sealed.subarray(32)]), aad));
  }
  assert.equal(source.readKeys.size, readKeysMax);
  assert.deepEqual(Buffer.from(openSealed(source, sealed, aad)), plaintext);
});
