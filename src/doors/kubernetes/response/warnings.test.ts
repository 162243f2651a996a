import assert from "node:assert/strict";
import { test } from "node:test";
import { Warnings } from "./warnings.ts";

function headersOf(...texts: readonly string[]): string[] {
  const warnings = new Warnings();
  for (const text of texts) warnings.add(text);
  return warnings.headers();
}

test("Each warning is told once, in quotes that it cannot leave", () => {
  assert.deepEqual(headersOf("b", "a", "b", ""), ['299 - "b"', '299 - "a"']);
  assert.deepEqual(headersOf('say "no" \\ \r\nSet-Cookie: x é'), ['299 - "say \\"no\\" \\\\ ??Set-Cookie: x ?"']);
});

test("Up to 4096 characters are told whole", () => {
  assert.deepEqual(headersOf("x".repeat(4096)), [`299 - "${"x".repeat(4096)}"`]);
});

test("Beyond that each is cut to 256 characters, and what is still too much left out", () => {
  const texts = Array.from({ length: 40 }, (_, index) => `${index} ${"x".repeat(400)}`);
  assert.deepEqual(
    headersOf(...texts),
    texts.slice(0, 16).map((text) => `299 - "${text.slice(0, 256)}"`),
  );
});
