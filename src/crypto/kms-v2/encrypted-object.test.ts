import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import {
  decodeEnvelope,
  encodeDataHeader,
  encodeEnvelope,
  EncodingError,
  splitEncryptedObject,
} from "./encrypted-object.ts";
import type { Envelope } from "./encrypted-object.ts";

const envelope: Envelope = {
  keyId: "k1",
  encryptedDekSource: Uint8Array.of(9, 8),
  annotations: new Map([
    ["b.example.com", Uint8Array.of(2)],
    ["a.example.com", new Uint8Array()],
  ]),
  dekSourceType: 1,
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function annotation(name: string): string {
  const bytes = Buffer.from(name);
  return hex(Buffer.concat([Buffer.of(0x22, bytes.length + 4, 0x0a, bytes.length), bytes, Buffer.of(0x12, 0)]));
}

test("encodeEnvelope writes the fields in order, annotations by name", () => {
  const b = `22120a0d${Buffer.from("b.example.com").toString("hex")}120102`;
  assert.equal(hex(encodeEnvelope(envelope)), `12026b311a020908${annotation("a.example.com")}${b}2801`);
});

test("decodeEnvelope inverts encodeEnvelope", () => {
  const labels = fc.stringMatching(/^[a-z0-9]{1,12}$/);
  const names = fc.tuple(labels, labels).map(([a, b]) => `${a}.${b}`);
  const envelopes = fc.record({
    keyId: fc.string({ minLength: 1, maxLength: 200, unit: "grapheme" }),
    encryptedDekSource: fc.uint8Array({ minLength: 1, maxLength: 1024 }),
    annotations: fc.array(fc.tuple(names, fc.uint8Array())).map((entries) => new Map(entries)),
    dekSourceType: fc.constantFrom(0 as const, 1 as const),
  });
  fc.assert(
    fc.property(envelopes, (value) => {
      const decoded = decodeEnvelope(encodeEnvelope(value));
      assert.equal(decoded.keyId, value.keyId);
      assert.deepEqual(decoded.encryptedDekSource, Uint8Array.from(value.encryptedDekSource));
      assert.deepEqual(
        decoded.annotations,
        new Map(Array.from(value.annotations, ([k, v]) => [k, Uint8Array.from(v)])),
      );
      assert.equal(decoded.dekSourceType, value.dekSourceType);
    }),
  );
});

test("decodeEnvelope and splitEncryptedObject answer arbitrary bytes with a value or an EncodingError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      for (const decode of [decodeEnvelope, splitEncryptedObject]) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof EncodingError, String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("decodeEnvelope refuses every second encoding of a value and every value over a limit", () => {
  const longName = `${"a".repeat(64)}.example.com`;
  const rows: [string, string][] = [
    ["nothing", ""],
    ["no key id", "1a0109"],
    ["an empty key id", "12001a0109"],
    ["no source", "12016b"],
    ["an empty source", "12016b1a00"],
    ["fields out of order", "1a010912016b"],
    ["a field twice", "12016b12016b1a0109"],
    ["a field after the last", "12016b1a010928012801"],
    ["an unknown field", "12016b1a01093001"],
    ["an unknown source type", "12016b1a01092802"],
    ["a negative source type", "12016b1a010928ffffffffffffffffff01"],
    ["a default value written out", "12016b1a01092800"],
    ["a source type of 2^32 + 1", "12016b1a0109288180808010"],
    ["a long form of a length", "1281006b1a0109"],
    ["a long form of a tag", "9200016b1a0109"],
    ["a source type cut off", "12016b1a010928"],
    ["a source type of eleven bytes", "12016b1a010928ffffffffffffffffffff01"],
    ["a wrong wire type", "10016b1a0109"],
    ["a length beyond the end", "12016b1aff09"],
    ["a length of 4 GiB", "12ffffffff0f6b1a0109"],
    ["a key id of broken UTF-8", "1201ff1a0109"],
    ["an annotation without a domain", `12016b1a0109${annotation("version")}`],
    ["an annotation with capitals", `12016b1a0109${annotation("A.example.com")}`],
    ["an annotation with a long label", `12016b1a0109${annotation(longName)}`],
    ["an annotation twice", `12016b1a0109${annotation("a.example.com")}${annotation("a.example.com")}`],
    ["an annotation without a value", "12016b1a010922050a03612e62"],
    ["an annotation after the source type", `12016b1a01092801${annotation("a.example.com")}`],
  ];
  for (const [what, text] of rows) assert.throws(() => decodeEnvelope(Buffer.from(text, "hex")), EncodingError, what);
  assert.equal(decodeEnvelope(Buffer.from("12016b1a0109", "hex")).dekSourceType, 0);
});

test("encodeEnvelope refuses what is over the limits of KMS v2", () => {
  const rows: Partial<Envelope>[] = [
    { keyId: "" },
    { keyId: "k".repeat(1025) },
    { encryptedDekSource: new Uint8Array() },
    { encryptedDekSource: new Uint8Array(1025) },
    { annotations: new Map([["a.example.com", new Uint8Array(32 * 1024)]]) },
  ];
  for (const row of rows) assert.throws(() => encodeEnvelope({ ...envelope, ...row }), EncodingError);
  const largest = { ...envelope, annotations: new Map([["a.example.com", new Uint8Array(32 * 1024 - 13)]]) };
  assert.equal(decodeEnvelope(encodeEnvelope(largest)).annotations.get("a.example.com")?.length, 32 * 1024 - 13);
});

test("splitEncryptedObject gives the data and the rest, and refuses long forms and cuts", () => {
  for (const length of [1, 127, 128, 16_383, 16_384, 2_097_152]) {
    const bytes = Buffer.concat([encodeDataHeader(length), Buffer.alloc(length, 5), Buffer.from("12016b", "hex")]);
    const { data, envelope: rest } = splitEncryptedObject(bytes);
    assert.equal(data.length, length);
    assert.equal(hex(rest), "12016b");
    assert.throws(() => splitEncryptedObject(bytes.subarray(0, length)), EncodingError);
  }
  assert.throws(() => splitEncryptedObject(Buffer.from("0a81000512016b", "hex")), EncodingError);
});
