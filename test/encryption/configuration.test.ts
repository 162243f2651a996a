/** The file is judged as a kube-apiserver judges it: what one answered to each file is in upstream-answers.json. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseEncryptionConfiguration } from "../../src/crypto/encryption-configuration/parse-encryption-configuration.ts";
import { isStrongroomError } from "../../src/errors/strongroom-error.ts";
import { acceptedFiles, keyOf, refusedFiles } from "./refused-files.ts";

const { answers } = JSON.parse(readFileSync(new URL("upstream-answers.json", import.meta.url), "utf8")) as {
  answers: Record<string, string>;
}; // recorded by us

/** Where our words differ on purpose. */
const differences: Readonly<Record<string, RegExp>> = {
  // Upstream shows the provider, with its keys.
  "an empty provider": /^resources\[0\]\.providers\[0\]: Invalid value: "REDACTED": provider does not contain any/,
  "two providers in one element": /^resources\[0\]\.providers\[0\]: Invalid value: "REDACTED": more than one provider/,
  "three providers in one element": /^\[?resources\[0\]\.providers\[0\]: Invalid value: "REDACTED": more than one/,
  "a kms of v1": /^resources\[0\]\.providers\[0\]\.kms\.apiVersion: .*KMSv1 is deprecated and .* Use KMSv2 instead\./,
  "an empty file": /^the file is empty$/,
  "a file of another kind": /^the file must have "apiVersion: apiserver/,
  "an unknown field": /^unknown field "other"$/,
  "an unknown field below": /^unknown field "resources\[0\]\.providers\[0\]\.aescbcx"$/,
  "a list that is a text": /^resources: must be a list$/,
  // Upstream takes it, and one of the two counts.
  "a member twice": /^line \d+ must be valid YAML \(duplicate key\)$/,
};

function refusal(file: string): string {
  try {
    parseEncryptionConfiguration(file);
  } catch (error) {
    assert.ok(isStrongroomError(error, "invalid"));
    const must = "the encryption configuration must be valid: ";
    assert.ok(error.message.startsWith(must));
    return error.message.slice(must.length);
  }
  return "ACCEPTED";
}

for (const [name, file] of Object.entries(refusedFiles)) {
  test(`EncryptionConfiguration with ${name} is refused in the words of a kube-apiserver`, () => {
    const [, upstream] = /^(?:error while [a-z ]+: )?([^]*)$/.exec(answers[name] ?? "") ?? [];
    const difference = differences[name];
    if (difference === undefined) assert.equal(refusal(file), upstream);
    else assert.match(refusal(file), difference);
  });
}

for (const [name, file] of Object.entries(acceptedFiles)) {
  test(`EncryptionConfiguration with ${name} is taken, as by a kube-apiserver`, () => {
    assert.equal(answers[name], "ACCEPTED");
    assert.equal(refusal(file), "ACCEPTED");
  });
}

test("EncryptionConfiguration never shows a key in what it refuses", () => {
  const texts = Object.values(refusedFiles).map(refusal);
  for (const bytes of [16, 24, 25, 28, 32]) for (const text of texts) assert.ok(!text.includes(keyOf(bytes)), text);
  const notYaml = refusal(`resources: [{ secret: "${keyOf(32)}\n`);
  assert.match(notYaml, /^line \d+ must be valid YAML/);
  assert.ok(!notYaml.includes("BwcH"));
});

test("EncryptionConfiguration takes KMS v2, but for names and sockets that are not safe here", () => {
  const kms = (fields: string) => `${acceptedFiles["one resource"]}- resources: [configmaps]
  providers: [{kms: {apiVersion: v2, ${fields}}}]
`;
  assert.equal(refusal(kms('name: vault, endpoint: "unix:///tmp/kms.sock"')), "ACCEPTED");
  const field = String.raw`^resources\[1\]\.providers\[0\]\.kms`;
  const rows: [string, RegExp][] = [
    ['name: strongroom, endpoint: "unix:///tmp/kms.sock"', new RegExp(`${field}\\.name: .*the server's own envelope`)],
    ['name: "a b", endpoint: "unix:///tmp/kms.sock"', new RegExp(`${field}\\.name: .*printable ASCII`)],
    ['name: vault, endpoint: "unix:///@kms"', new RegExp(`${field}\\.endpoint: .*absolute path of its socket`)],
  ];
  for (const [fields, expected] of rows) assert.match(refusal(kms(fields)), expected);
});

test("A key whose space is missing, which YAML takes for a name, is not in the refusal", () => {
  const file = Object.values(acceptedFiles).find((text) => /secret: /.test(text)) ?? "";
  const [, secret = ""] = /secret: *"?([A-Za-z0-9+/=]+)/.exec(file) ?? [];
  assert.ok(secret.length > 10);
  const providers = `[{aesgcm: {keys: [{name: key1, secret:${secret}}]}}]`;
  const told = refusal(
    `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: [{resources: [secrets], providers: ${providers}}]\n`,
  );
  assert.match(told, /unknown field "resources\[0\]\.providers\[0\]\.aesgcm\.keys\[0\]\.\?"/);
  assert.ok(!told.includes(secret));
});
