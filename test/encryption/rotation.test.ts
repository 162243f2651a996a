/** Changing keys, as an operator does it, with the command line beside a running server. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestHome } from "../cli/program.ts";
import { startTestServer } from "../running-server.ts";
import { runIn } from "../sight/run-sight.ts";
import { walked } from "./walked.ts";

test("A new key in front of the file takes everything over, and encryption status says when the old one may go", async () => {
  using home = new TestHome();
  const init = async (file: string, name: string) => {
    assert.equal((await runIn(home.path, "encryption", "init", file, "--key-name", name)).code, 0);
    return readFileSync(home.at(file), "utf8");
  };
  const former = await init("encryption.yaml", "former");
  const fresh = await init("fresh.yaml", "fresh");
  await using server = await startTestServer({ encryptionFile: home.at("encryption.yaml") });
  const path = "/api/v1/namespaces/default/secrets";
  for (let index = 0; index < 20; index++) {
    const body = { metadata: { name: `s${index}` }, stringData: { value: `canary-${index}` } };
    assert.equal((await server.call("POST", path, { body })).status, 201);
  }
  await server.stop();

  const both = fresh + former.slice(former.indexOf("            - name:"));
  writeFileSync(home.at("encryption.yaml"), both);
  const dataDir = join(server.dataDir, "..");
  await using second = await startTestServer({ dataDir, encryptionFile: home.at("encryption.yaml") });
  const status = await walked(second.dataDir);
  const formsOf = (resource: string) =>
    status.resources.filter((each) => each.resource === resource && each.records > 0).map(({ form }) => form);
  assert.deepEqual(formsOf("secrets"), ["secretbox:v1:fresh"]);
  assert.deepEqual(formsOf("strongroom"), ["kms:v2:strongroom"]);
  assert.ok(status.rewrite.rewritten >= 60, "current record, payload and promotion of each secret");
  const told = await runIn(home.path, "encryption", "status", "--data-dir", second.dataDir);
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /^secrets +secretbox:v1:fresh +writes +6\d /m);
  assert.match(told.stdout, /^secretbox:v1:fresh: writes; /m);
  assert.match(
    told.stdout,
    /^secretbox:v1:former: nothing needs it; it may leave the configuration\. \d+ copies are in free space: /m,
  );
  assert.ok(!told.stdout.includes("canary"));
  await second.stop();

  writeFileSync(home.at("encryption.yaml"), fresh);
  await using third = await startTestServer({ dataDir, encryptionFile: home.at("encryption.yaml") });
  const { json } = await third.call("GET", `${path}/s7`);
  assert.equal(Buffer.from(json.data.value, "base64").toString(), "canary-7");
  const { keys } = await walked(third.dataDir);
  assert.ok(!keys.some(({ form }) => form === "secretbox:v1:former"));
  await third.stop();

  writeFileSync(home.at("encryption.yaml"), former);
  await assert.rejects(
    startTestServer({ dataDir, encryptionFile: home.at("encryption.yaml") }),
    /must keep every key that is in use, with its secret: secretbox:v1:fresh has 6\d records/,
  );
});

test("encryption status needs a server", async () => {
  using home = new TestHome();
  const { code, stderr } = await runIn(home.path, "encryption", "status", "--data-dir", home.at("none"));
  assert.equal(code, 4);
  assert.match(stderr, /a server must run on/);
});
