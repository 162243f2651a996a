import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { encodeDataHeader, encodeEnvelope } from "../crypto/kms-v2/encrypted-object.ts";
import { formText, StoredForms } from "./stored-form.ts";

function form(value: Uint8Array | string) {
  return new StoredForms().of(Buffer.from(value));
}

function kmsV2(keyId: string): Buffer {
  const envelope = { keyId, encryptedDekSource: randomBytes(200), annotations: new Map(), dekSourceType: 1 } as const;
  const prefix = Buffer.from("k8s:enc:kms:v2:plugin:");
  return Buffer.concat([prefix, encodeDataHeader(700), randomBytes(700), encodeEnvelope(envelope)]);
}

const cases: readonly (readonly [value: Uint8Array | string, text: string])[] = [
  ["k8s:enc:aescbc:v1:key1:\u0000\u0001", "aescbc key1"],
  ["k8s:enc:aesgcm:v1:key1:", "aesgcm key1"],
  ["k8s:enc:secretbox:v1:a-b:c:d", "secretbox a-b"],
  ["k8s:enc:kms:v1:plugin:\u0000\u0001", "kms v1 plugin"],
  [kmsV2("projects/p/key/7"), "kms v2 plugin, key id projects/p/key/7"],
  ["k8s\u0000\n\u000c", "in the clear (protobuf)"],
  ['{"kind":"Secret"}', "in the clear (json)"],
  [Buffer.from([0xd9, 0xd9, 0xf7, 0xa0]), "in the clear (cbor)"],
  ["anything", "in the clear (other)"],
  ["", "in the clear (other)"],
  ["k8s:enc", "in the clear (other)"],
  ["k8s:enc:", "an unknown format"],
  ["k8s:enc:aescbc:v2:key1:x", "an unknown format"],
  ["k8s:enc:rot13:v1:key1:x", "an unknown format"],
  ["k8s:enc:aescbc:v1::x", "an unknown format"],
  ["k8s:enc:aescbc:v1:key1", "an unknown format"],
  [`k8s:enc:aescbc:v1:${"k".repeat(2000)}:`, "an unknown format"],
  ["k8s:enc:kms:v2:plugin:", "an unknown format"],
  ["k8s:enc:kms:v2:plugin:\n\u0002ab\u0012\u0000", "an unknown format"],
  ["k8s:enc:kms:v2:plugin:\n\u0002ab\u0012\u007fx", "an unknown format"],
];
for (const [value, text] of cases) {
  test(`A value that begins with ${JSON.stringify(Buffer.from(value).toString("latin1", 0, 30))} is ${text}`, () => {
    assert.equal(formText(form(value)), text);
  });
}

test("StoredForms takes any bytes, and nothing of them but names of keys gets into a form", () => {
  const canary = "hunter2-of-the-value";
  const beginning = fc.constantFrom("", "k8s\0", "{", "k8s:enc:", "k8s:enc:aescbc:v1:", "k8s:enc:kms:v2:p:");
  fc.assert(
    fc.property(beginning, fc.uint8Array({ maxLength: 80 }), (prefix, bytes) => {
      const value = Buffer.concat([
        Buffer.from(prefix),
        Buffer.from(bytes.filter((byte) => byte !== 0x3a)),
        Buffer.from(canary),
      ]);
      assert.ok(!JSON.stringify(form(value)).includes(canary));
    }),
  );
});
