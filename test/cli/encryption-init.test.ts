/** strongroom encryption init. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { parseEncryptionConfiguration } from "../../src/crypto/encryption-configuration/parse-encryption-configuration.ts";
import { runIn } from "../sight/run-sight.ts";
import { TestHome } from "./program.ts";

test("encryption init writes a file that is good, that only its owner may read, with another key each time", async () => {
  using home = new TestHome();
  const secrets = new Set<string>();
  for (const provider of ["aescbc", "aesgcm", "secretbox"] as const) {
    const file = `${provider}.yaml`;
    const { code, stdout } = await runIn(home.path, "encryption", "init", file, "--provider", provider);
    assert.equal(code, 0);
    assert.equal(statSync(home.at(file)).mode & 0o777, 0o600);
    const { resources } = parseEncryptionConfiguration(readFileSync(home.at(file), "utf8"));
    assert.deepEqual(resources[0]?.resources, ["secrets"]);
    const [key] = resources[0].providers[0]?.[provider]?.keys ?? [];
    assert.match(key?.name ?? "", /^key-\d{4}-\d{2}-\d{2}$/);
    assert.equal(Buffer.from(key?.secret.reveal() ?? "", "base64").length, 32);
    assert.ok(!stdout.includes(key?.secret.reveal() ?? ""));
    secrets.add(key?.secret.reveal() ?? "");
  }
  assert.equal(secrets.size, 3);
});

test("encryption init takes resources and a name, and has what is in the clear read when asked", async () => {
  using home = new TestHome();
  const more = ["--resource", "secrets", "--resource", "*.apps", "--key-name", 'it"s', "--read-clear"];
  assert.equal((await runIn(home.path, "encryption", "init", "e.yaml", ...more)).code, 0);
  const { resources } = parseEncryptionConfiguration(readFileSync(home.at("e.yaml"), "utf8"));
  assert.deepEqual(resources[0]?.resources, ["secrets", "*.apps"]);
  assert.equal(resources[0].providers[0]?.secretbox?.keys[0]?.name, 'it"s');
  assert.deepEqual(resources[0].providers[1]?.identity, {});
});

test("encryption init replaces no file and writes none that would be refused", async () => {
  using home = new TestHome();
  assert.equal((await runIn(home.path, "encryption", "init", "e.yaml")).code, 0);
  const before = readFileSync(home.at("e.yaml"), "utf8");
  const again = await runIn(home.path, "encryption", "init", "e.yaml");
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /must not exist yet/);
  assert.equal(readFileSync(home.at("e.yaml"), "utf8"), before);
  const rows: [string[], RegExp][] = [
    [["--resource", "Secrets"], /capital letters/],
    [["--resource", "*"], /use '\*\.' to encrypt/],
    [["--provider", "kms"], /--provider must be one of/],
    [["--key-name", "k".repeat(254)], /must have at most 253 bytes/],
  ];
  for (const [args, pattern] of rows) {
    const { code, stderr } = await runIn(home.path, "encryption", "init", "f.yaml", ...args);
    assert.equal(code, 2);
    assert.match(stderr, pattern);
    assert.throws(() => statSync(home.at("f.yaml")));
  }
});
