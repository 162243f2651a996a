import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { tlsPairWarning } from "./tls-pair-warning.ts";

const { texts, cases } = JSON.parse(readFileSync(new URL("testdata/tls-pairs.json", import.meta.url), "utf8")) as {
  texts: Record<string, string>;
  cases: { certificate: string; key: string; warning: string | null }[];
}; // the file is ours

function warningOf(certificate: string, key: string): string | undefined {
  return tlsPairWarning(Buffer.from(certificate), Buffer.from(key));
}

for (const { certificate, key, warning } of cases) {
  const expectation = warning === null ? "no warning" : "the warning of Go";
  test(`the certificate "${certificate}" with the key "${key}" gives ${expectation}`, () => {
    assert.equal(warningOf(texts[certificate] ?? "", texts[key] ?? ""), warning ?? undefined);
  });
}

test("the warnings of the table are the ones Go has", () => {
  assert.ok(cases.filter(({ warning }) => warning === null).length >= 15);
  assert.ok(new Set(cases.map(({ warning }) => warning)).size >= 12);
});

test("a warning never shows what a value holds", () => {
  for (const key of ["canary", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"]) {
    const warnings = [warningOf(key, key), warningOf(texts["ec.crt"] ?? "", key)];
    assert.ok(!warnings.join("\n").includes("canary"));
  }
});

const line = (text: string): string => `${text}\n`;
const costly: readonly { name: string; text: string }[] = [
  { name: "begins over and over", text: line("-----BEGIN CERTIFICATE-----").repeat(37_000) },
  { name: "begins over and over and ends once", text: `${line("-----BEGIN A-----").repeat(57_000)}-----END A-----` },
  {
    name: "begins with what looks like headers",
    text: `${line("-----BEGIN A:A-----").repeat(50_000)}-----END A:A-----`,
  },
  { name: "begins otherwise than it ends", text: `${line("-----BEGIN A-----").repeat(57_000)}-----END B-----` },
  { name: "ends over and over", text: line("-----END A-----").repeat(60_000) },
  { name: "has one line of colons", text: line("-----BEGIN A-----") + ":".repeat(1_000_000) },
];

for (const { name, text } of costly) {
  test(`a megabyte that ${name} is read in linear time`, () => {
    const started = performance.now();
    assert.match(warningOf(text, text) ?? "", /^tls: failed to find /);
    assert.ok(performance.now() - started < 3_000);
  });
}
