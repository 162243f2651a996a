/** A plugin that hangs, and one that takes the place of another. */
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { askForEncryption } from "../../src/instance/control-socket.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { runIn } from "../sight/run-sight.ts";
import { PluginHome } from "./plugin-fixture.ts";

const secrets = "/api/v1/namespaces/default/secrets";

class Place extends PluginHome {
  readonly data = mkdtempSync(join(tmpdir(), "strongroom-kms-"));
  readonly configuration = this.at("encryption.yaml");

  constructor(timeout: string) {
    super();
    const kms = `{kms: {apiVersion: v2, name: plugin, endpoint: "${this.endpoint}", timeout: ${timeout}}}`;
    writeFileSync(
      this.configuration,
      `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n  - {resources: [secrets], providers: [${kms}]}\n`,
      { mode: 0o600 },
    );
  }

  start(): Promise<TestServer> {
    return startTestServer({ dataDir: this.data, encryptionFile: this.configuration });
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    rmSync(this.data, { recursive: true, force: true });
  }
}

const create = (server: TestServer, name: string) =>
  server.call("POST", secrets, { body: { metadata: { name }, stringData: { password: "canary-of-a-plugin" } } });

/** Asks until a walk over the records has ended in this way. */
async function walkThat(server: TestServer, state: "done" | "failed") {
  for (;;) {
    const status = await askForEncryption(server.dataDir);
    if (status?.rewrite.state === state) return status;
  }
}

test("Another plugin in the place of the first is noticed: status names both keys and says why nothing is rewritten", async () => {
  using home = new Place("20s");
  await home.init();
  const first = await home.serve();
  await using _first = first;
  await using before = await home.start();
  assert.equal((await create(before, "db")).status, 201);
  const formerId = (await walkThat(before, "done")).keys.find(({ form }) => form === "kms:v2:plugin")?.keyId;
  assert.match(formerId ?? "", /^sha256:[0-9a-f]{64}$/);
  await before.stop();
  first.kill("SIGTERM");
  await first.ended;

  renameSync(home.folder, home.at("kms-of-before"));
  const { code, stderr } = await home.command("init", ...home.escrowTo("escrow-of-another.age"));
  assert.equal(code, 0, stderr);
  const other = await home.serve();
  await using _other = other;
  await using beside = await home.start();
  assert.equal((await create(beside, "new")).status, 201, "what is new is under its key");
  const { rewrite, keys } = await walkThat(beside, "failed");
  assert.match(
    rewrite.problem ?? "",
    new RegExp(`must decrypt what is under its key ${formerId}; it names the key sha256:`),
  );
  assert.match(rewrite.problem ?? "", /it may be another plugin, or have lost a key \(record \//);
  const told = keys
    .filter(({ form }) => form === "kms:v2:plugin")
    .map(({ keyId, state, records }) => [keyId === formerId, state, records > 0]);
  assert.deepEqual(told.toSorted(), [
    [false, "writes", true],
    [true, "reads", true],
  ]);
  const status = await runIn(home.path, "encryption", "status", "--data-dir", beside.dataDir);
  assert.match(status.stdout, /^FAILED, and tried again each minute: the KMS plugin plugin must decrypt/m);
  assert.match(status.stdout, new RegExp(`^kms:v2:plugin ${formerId?.slice(0, 19)}: in use by \\d+ records`, "m"));
  assert.match((await beside.call("GET", "/metrics")).text, /^strongroom_encryption_rewriting_failed 1$/m);
  assert.equal((await beside.call("GET", "/readyz/encryption-rewriting")).status, 500);
  assert.equal((await beside.call("GET", "/readyz")).status, 200, "what is under the other's key works");
  assert.equal((await beside.call("GET", `${secrets}/db`)).status, 503);
  assert.equal((await beside.call("GET", `${secrets}/new`)).status, 200);
  await beside.stop();
  other.kill("SIGTERM");
  await other.ended;
});

test("A plugin that hangs holds up neither a start nor what is not under its key, and counts as away", async () => {
  using home = new Place("1s");
  await home.init();
  await using plugin = await home.serve();
  await using first = await home.start();
  while ((await first.call("GET", "/readyz/kms-providers")).status !== 200); // it is asked anew while the machine is busy
  assert.equal((await create(first, "db")).status, 201);
  const freeze = (signal: "SIGSTOP" | "SIGCONT") => process.kill(plugin.pid, signal);
  freeze("SIGSTOP");
  try {
    assert.equal((await first.call("GET", `${secrets}/db`)).status, 200, "its seed is known");
    assert.equal((await create(first, "meanwhile")).status, 201);
    await first.stop();

    await using second = await home.start();
    assert.equal((await second.call("GET", "/readyz/kms-providers")).status, 500);
    assert.equal((await second.call("GET", "/livez")).status, 200);
    assert.ok((await second.call("GET", `${secrets}/db`)).status >= 500);
    const maps = "/api/v1/namespaces/default/configmaps";
    assert.equal((await second.call("POST", maps, { body: { metadata: { name: "m" } } })).status, 201);
    const { rewrite } = await walkThat(second, "failed");
    assert.match(rewrite.problem ?? "", /the KMS plugin at \S+ must answer Decrypt/);
    freeze("SIGCONT");
    while ((await second.call("GET", `${secrets}/db`)).status !== 200); // it is asked anew by each read
    while ((await second.call("GET", "/readyz/kms-providers")).status !== 200);
    assert.equal((await create(second, "after")).status, 201);
    await second.stop();
  } finally {
    freeze("SIGCONT");
  }
  plugin.kill("SIGTERM");
  await plugin.ended;
});
