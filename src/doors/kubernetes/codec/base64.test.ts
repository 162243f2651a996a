import assert from "node:assert/strict";
import { test } from "node:test";
import { normalizeBase64 } from "./base64.ts";

test("normalizeBase64 returns standard base64 as it is", () => {
  for (const text of ["", "YQ==", "YWI=", "YWJj", "+/+/", Buffer.alloc(100_000, 7).toString("base64")]) {
    assert.equal(normalizeBase64(text), text);
  }
});

test("normalizeBase64 drops line breaks and leftover bits", () => {
  for (const [text, normal] of [
    ["YR==", "YQ=="],
    ["YWJ=", "YWI="],
    ["Y\nW\r\nJj\n", "YWJj"],
    ["\n\n\n\n", ""],
    ["YQ=\n=\n", "YQ=="],
  ] as const) {
    assert.equal(normalizeBase64(text), normal);
  }
});

test("normalizeBase64 names the byte at which Go's decoder stops", () => {
  for (const [text, byte] of [
    ["=", 0],
    ["a", 0],
    ["aaaaa\n", 5],
    ["aGk==", 4],
    ["aG=", 3],
    ["aG=\nx", 3],
    ["aG=\n", 4],
    ["aa-_", 2],
    ["aaaaé", 4],
  ] as const) {
    assert.throws(() => normalizeBase64(text), { message: `illegal base64 data at input byte ${byte}` });
  }
});
