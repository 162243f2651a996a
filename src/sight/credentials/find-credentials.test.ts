import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { Maker, jwtOf, withCredentials, withoutCredentials } from "./corpus.ts";
import { findCredentials } from "./find-credentials.ts";
import { awsAccountOf } from "./identities.ts";
import { fingerprinter } from "./fingerprint.ts";

const rulesIn = (name: string, text: string) => findCredentials({ name, text }).credentials.map(({ rule }) => rule);

test("findCredentials finds each credential of the corpus, and nothing where there is none", () => {
  const counts = { found: 0, missed: [] as string[], wrong: [] as string[], clean: 0 };
  for (let seed = 1; seed <= 20; seed++) {
    for (const { label, name, text, rules } of withCredentials(seed)) {
      const found = rulesIn(name, text);
      for (const rule of rules) {
        if (found.includes(rule)) counts.found++;
        else counts.missed.push(`${label}: ${rule}, not ${found.join()}`);
      }
      for (const rule of found) if (!rules.includes(rule)) counts.wrong.push(`${label}: ${rule}`);
    }
    for (const { label, name, text } of withoutCredentials(seed)) {
      const found = rulesIn(name, text);
      if (found.length === 0) counts.clean++;
      else counts.wrong.push(`${label}: ${found.join()}`);
    }
  }
  assert.deepEqual([...new Set(counts.missed)], []);
  assert.deepEqual([...new Set(counts.wrong)], []);
  assert.equal(counts.found, 20 * 40);
  assert.equal(counts.clean, 20 * 45);
});

test("findCredentials keeps nothing of a value", () => {
  for (const { label, name, text } of withCredentials(3)) {
    const shown = inspect(findCredentials({ name, text }), { depth: Infinity });
    for (const word of text.match(/[A-Za-z0-9+/!]{12,}/g) ?? []) {
      // Names of keys and hosts are no values.
      if (/[0-9]/.test(word) && /[A-Z]/.test(word) && /[a-z]/.test(word))
        assert.ok(!shown.includes(word), `${label}: ${word}`);
    }
  }
});

const make = new Maker(11);
const secretLine = () => `password = ${make.text(12)}9x\n`;
const base64Of = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

test("findCredentials decodes to a depth of three, says by what, and says where it stopped", () => {
  const once = findCredentials({
    name: "release",
    text: base64Of(gzipSync(JSON.stringify({ config: { db: { password: `${make.text(12)}7` } } }))),
  });
  assert.deepEqual(
    once.credentials.map(({ rule, within }) => [rule, within]),
    [["named-value", "base64, gzip.config.db.password"]],
  );
  assert.equal(once.complete, true);
  const wrap = (text: string, times: number): string => (times === 0 ? text : wrap(base64Of(text), times - 1));
  const line = secretLine().repeat(3);
  assert.equal(rulesIn("x", wrap(line, 3)).length, 1);
  const deep = findCredentials({ name: "x", text: wrap(line, 4) });
  assert.deepEqual([deep.credentials.length, deep.complete], [0, false]);
});

test("findCredentials does not unpack more than its bound", () => {
  const bomb = base64Of(gzipSync(Buffer.alloc(64 * 1024 * 1024, 97)));
  const { credentials, complete } = findCredentials({ name: "release", text: bomb });
  assert.deepEqual([credentials.length, complete], [0, false]);
  const broken = findCredentials({ name: "release", text: base64Of(gzipSync("x".repeat(1000)).subarray(0, 25)) });
  assert.equal(broken.complete, false);
});

test("findCredentials tells whose a credential is, and until when", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const of = (name: string, text: string) => findCredentials({ name, text }, { now }).credentials[0];
  const token = (exp?: number) =>
    jwtOf({ iss: "https://id", sub: "system:serviceaccount:ci:deploy", ...(exp === undefined ? {} : { exp }) }, make);
  assert.equal(of("x", token())?.identity, "subject system:serviceaccount:ci:deploy, issued by https://id");
  assert.deepEqual(
    [token(), token(1), token(4e9)].map((text) => of("x", text)?.liveness),
    ["unlimited", "expired", "dated"],
  );
  assert.equal(of("u", `mysql://app:${make.text(12)}@db.prod/x`)?.identity, "user app at db.prod");
  const login = JSON.stringify({ auths: { "docker.io": { auth: base64Of(`ann:${make.text(12)}`) } } });
  assert.deepEqual([of("x", login)?.identity, of("x", login)?.within], ["user ann of docker.io", '["docker.io"]']);
});

test("awsAccountOf reads the account that is in the id of a key", () => {
  // Made as AWS is known to make them: 48 bits, of which bits 7 to 46 are the account.
  const idOf = (account: bigint) => {
    const bits = (0x800000000000n | (account << 7n)) << 2n;
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    return `AKIA${Array.from({ length: 10 }, (_, n) => digits[Number((bits >> BigInt(45 - 5 * n)) & 31n)]).join("")}ABCDEF`;
  };
  for (const account of [123_456_789_012n, 1n, 999_999_999_999n]) {
    assert.equal(awsAccountOf(idOf(account)), String(account).padStart(12, "0"));
  }
  assert.equal(awsAccountOf("AKIA0000000000000000"), "");
});

test("Equal values have equal fingerprints with one key, and others with another", () => {
  const text = secretLine();
  const of = (key: string) =>
    findCredentials({ name: "a", text }, { fingerprint: fingerprinter(Buffer.from(key)) }).credentials[0]?.fingerprint;
  assert.equal(of("k"), of("k"));
  assert.notEqual(of("k"), of("l"));
});

test("findCredentials gives the line", () => {
  assert.equal(findCredentials({ name: "a", text: `a: 1\nb: 2\n${secretLine()}` }).credentials[0]?.line, 3);
});

test("A name without a value and a value of many parts do not stop it, whatever they are", () => {
  for (const text of [
    "password",
    "password=",
    "password: '",
    "://:@",
    "-----BEGIN PRIVATE KEY-----",
    "eyJ.eyJ.",
    '{"a":',
    "[[[",
    "basic ",
    "\0",
    "users:\nclusters:\n- *a",
  ]) {
    assert.deepEqual(findCredentials({ name: "", text }).credentials, [], text);
  }
});

/** Texts made to take long: repetitions of what begins many forms, and nests. */
const hostile: readonly (readonly [label: string, text: string])[] = [
  ["names without end", "password=".repeat(60_000)],
  ["one name without end", "password_".repeat(60_000)],
  ["heads of keys", "-----BEGIN PRIVATE KEY-----\n".repeat(20_000)],
  ["words of keys", "private key".repeat(50_000)],
  ["heads of tokens", "eyJ".repeat(170_000)],
  ["tokens of dots", "eyJaaaaaaaaa.".repeat(40_000)],
  ["long tokens", `eyJ${"a".repeat(4000)}.eyJ${"a".repeat(16_000)}.`.repeat(25)],
  ["URLs", "://a:".repeat(100_000)],
  ["users of URLs", `://${"a".repeat(120)}:${"b".repeat(250)}`.repeat(1300)],
  ["quotes", `password="${'\\"'.repeat(250_000)}`],
  ["templates", `password: ${"${".repeat(250_000)}`],
  ["headers", "basic ".repeat(80_000)],
  ["tokens of GitHub", "ghp_".repeat(120_000)],
  ["JSON in JSON", JSON.stringify(JSON.stringify(JSON.stringify({ a: "password=".repeat(20_000) })))],
  ["a deep nest", "[".repeat(5000) + "]".repeat(5000)],
  ["many names", JSON.stringify(Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`password${n}`, "x"])))],
  ["base64", "YWJj".repeat(120_000)],
];

test("Texts that are made to take long do not: where the work was quadratic, this would take minutes", () => {
  for (const [label, text] of hostile) {
    const { credentials } = findCredentials({ name: "x", text });
    assert.ok(credentials.length <= 200, label);
  }
});
