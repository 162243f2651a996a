/** A server whose Secrets are encrypted by a KMS plugin, as a file EncryptionConfiguration asks for. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openDataStore } from "../../src/instance/data-store.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { PluginHome } from "./plugin-fixture.ts";

const canary = "canary-of-kms-77d0";
const secrets = "/api/v1/namespaces/default/secrets";

class ConfiguredHome extends PluginHome {
  readonly data = mkdtempSync(join(tmpdir(), "strongroom-kms-"));
  readonly configuration = this.at("encryption.yaml");

  constructor() {
    super();
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    const kms = `{kms: {apiVersion: v2, name: plugin, endpoint: "${this.endpoint}", timeout: 20s}}`;
    writeFileSync(this.configuration, `${head}  - resources: [secrets]\n    providers: [${kms}]\n`, { mode: 0o600 });
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
  server.call("POST", secrets, { body: { metadata: { name }, stringData: { password: canary } } });

async function passwordOf(server: TestServer, name: string): Promise<string> {
  const { status, text, json } = await server.call("GET", `${secrets}/${name}`);
  return status === 200 ? Buffer.from(json.data.password, "base64").toString() : `${status} ${text}`;
}

test("A server stores Secrets and their versions by the plugin, and reads them after both were started again", async () => {
  using home = new ConfiguredHome();
  await home.init();
  const plugin = await home.serve();
  await using _ = plugin;
  await using first = await home.start();
  assert.equal((await create(first, "db")).status, 201);
  assert.equal(await passwordOf(first, "db"), canary);
  const metrics = (await first.call("GET", "/metrics")).text;
  assert.match(metrics, /^strongroom_kms_provider_well\{provider_name="plugin"\} 1$/m);
  assert.match(
    metrics,
    /key_id_hash_status_last_timestamp_seconds\{provider_name="plugin",key_id_hash="sha256:[0-9a-f]{64}"\}/,
  );
  await first.stop();
  for (const prefix of ["/registry/secrets/", "/strongroom/payloads/"]) {
    const records = await recordsOf(first, prefix);
    assert.ok(records.length > 0, prefix);
    for (const record of records) {
      assert.ok(record.toString("latin1").startsWith("k8s:enc:kms:v2:plugin:"), prefix);
      assert.ok(!record.includes(canary) && !record.includes(Buffer.from(canary).toString("base64")));
    }
  }
  plugin.kill("SIGTERM");
  await plugin.ended;
  await using again = await home.serve();
  await using second = await home.start();
  assert.equal(await passwordOf(second, "db"), canary);
  await second.stop();
  again.kill("SIGTERM");
});

test("A server goes on without its plugin: what it has a seed for it writes and reads, and it is not ready without one", async () => {
  using home = new ConfiguredHome();
  await home.init();
  const plugin = await home.serve();
  await using _ = plugin;
  await using first = await home.start();
  assert.equal((await create(first, "db")).status, 201);
  plugin.kill("SIGKILL");
  await plugin.ended;
  assert.equal((await create(first, "meanwhile")).status, 201);
  assert.equal(await passwordOf(first, "db"), canary);
  await first.stop();

  await using second = await home.start(); // with the plugin away
  assert.match((await second.call("GET", "/readyz/kms-providers")).text, /kms-providers|failed/);
  assert.equal((await second.call("GET", "/readyz")).status, 500);
  assert.equal((await second.call("GET", "/livez")).status, 200);
  assert.match(await passwordOf(second, "db"), /^5\d\d /);
  assert.ok((await create(second, "refused")).status >= 500);
  await using again = await home.serve();
  assert.equal(await passwordOf(second, "db"), canary, "it asks the plugin when it needs to");
  while ((await second.call("GET", "/readyz")).status !== 200); // it asks for the status every ten seconds
  assert.equal((await create(second, "accepted")).status, 201);
  assert.equal(await passwordOf(second, "meanwhile"), canary);
  await second.stop();
  again.kill("SIGTERM");
});

test("A new key of the plugin is taken up by itself, and what the former one encrypted is written again with it", async () => {
  using home = new ConfiguredHome();
  await home.init();
  await using plugin = await home.serve();
  await using first = await home.start();
  for (const name of ["a", "b"]) assert.equal((await create(first, name)).status, 201);
  await first.stop();
  const id = await home.rotate("escrow-2.age");
  plugin.kill("SIGHUP");
  using client = home.client();
  while ((await client.status()).keyId !== id);
  const places = ["/registry/secrets/", "/strongroom/payloads/", "/strongroom/promotions/"];
  const before: Buffer[] = [];
  for (const place of places) before.push(...(await recordsOf(first, place)));
  assert.ok(before.length >= 6 && before.every((record) => !record.includes(id)));
  await using second = await home.start(); // a server that runs asks once a minute
  let rewritten = 0;
  while (rewritten < before.length) {
    const { text } = await second.call("GET", "/metrics");
    rewritten = Number(/^strongroom_encryption_rewritten_total (\d+)$/m.exec(text)?.[1]);
  }
  assert.equal(await passwordOf(second, "a"), canary);
  await second.stop();
  for (const place of places)
    for (const record of await recordsOf(second, place)) assert.ok(record.includes(id), place);
  plugin.kill("SIGTERM");
});

/** What the engine of a stopped server holds. */
async function recordsOf(server: TestServer, prefix: string): Promise<readonly Buffer[]> {
  const root = { type: "file", path: join(server.dataDir, "..", "root.key") } as const;
  const { rootKey } = await openExistingInstance(server.dataDir, root);
  await using data = await openDataStore(server.dataDir, rootKey, {}, (error) => assert.fail(String(error)));
  const { records } = await data.engine.range(prefix);
  return records.map(({ value }) => Buffer.from(value));
}
