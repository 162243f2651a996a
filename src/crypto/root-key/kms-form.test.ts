import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isStrongroomError, StrongroomError } from "../../errors/strongroom-error.ts";
import { LocalKeyManagementService } from "../kms-v2/key-management-service.ts";
import type { WrappedSeed } from "../kms-v2/key-management-service.ts";
import type { KmsPlugin } from "../kms/kms-plugin-client.ts";
import { KeyFileCustody } from "./key-file-custody.ts";
import { decodeKeyFile, encodeKeyFile } from "./key-file-format.ts";
import { kmsForm } from "./kms-form.ts";
import { plainForm } from "./plain-form.ts";
import { RootKey } from "./root-key.ts";

const folder = await mkdtemp(join(tmpdir(), "strongroom-kms-form-"));
after(async () => await rm(folder, { recursive: true }));
let files = 0;

const endpoint = "unix:///run/kms.sock";

/** A plugin with one key, that lies as it is told to. */
class TestPlugin implements KmsPlugin, Disposable {
  readonly #key = new RootKey(randomBytes(32));
  readonly #service = new LocalKeyManagementService(this.#key);
  readonly asked: string[] = [];
  healthz = "ok";
  encrypted = (wrapped: WrappedSeed): WrappedSeed => wrapped;
  decrypted = (bytes: Uint8Array): Uint8Array => bytes;

  readonly open = (asked: string): TestPlugin => {
    this.asked.push(asked);
    return this;
  };

  status = async () => ({ version: "v2", healthz: this.healthz, keyId: this.#key.id });
  encrypt = async (seed: Uint8Array) => this.encrypted(this.#service.encrypt(seed));
  decrypt = async (wrapped: WrappedSeed) => this.decrypted(this.#service.decrypt(wrapped));

  [Symbol.dispose](): void {}
}

function fixture() {
  const path = join(folder, `${files++}.key`);
  const plugin = new TestPlugin();
  const custody = new KeyFileCustody(() => path, kmsForm(plugin.open, endpoint));
  return { path, plugin, custody };
}

test("kmsForm keeps a root key that only the plugin can open, and names the plugin's endpoint", async () => {
  const { path, plugin, custody } = fixture();
  const created = await custody.create("i-1");
  assert.equal((await custody.load("i-1")).id, created.id);
  assert.deepEqual(await custody.inspect("i-1"), {
    custody: "kms",
    place: `${path} (wrapped by the KMS plugin at ${endpoint})`,
  });
  // Without an endpoint in the configuration, that of the file counts.
  plugin.asked.length = 0;
  const without = new KeyFileCustody(() => path, plainForm, [kmsForm(plugin.open)]);
  assert.equal((await without.load("i-1")).id, created.id);
  assert.deepEqual(plugin.asked, [endpoint]);
  const stranger = new KeyFileCustody(() => path, kmsForm(new TestPlugin().open, endpoint));
  await assert.rejects(stranger.load("i-1"), (error) => isStrongroomError(error, "sealed"));
});

test("kmsForm makes no file when the plugin lies: what it cannot give back would be lost", async () => {
  const lies: [string, (plugin: TestPlugin) => void][] = [
    ["not well", (p) => (p.healthz = "no")],
    ["another key", (p) => (p.encrypted = (w) => ({ ...w, keyId: "other" }))],
    ["a long answer", (p) => (p.encrypted = (w) => ({ ...w, annotations: new Map([["a.b", Buffer.alloc(9000)]]) }))],
    ["another root key", (p) => (p.decrypted = () => randomBytes(32))],
    ["too few bytes", (p) => (p.decrypted = () => randomBytes(31))],
    ["nothing", (p) => (p.decrypted = () => new Uint8Array())],
  ];
  for (const [what, lie] of lies) {
    const { path, plugin, custody } = fixture();
    lie(plugin);
    await assert.rejects(custody.create("i-1"), (error) => error instanceof StrongroomError, what);
    await assert.rejects(readFile(path), /ENOENT/, what);
  }
});

test("kmsForm replaces no key file when the plugin lies or fails", async () => {
  const { path, plugin, custody } = fixture();
  const plain = new KeyFileCustody(() => path, plainForm);
  const { id } = await plain.create("i-1");
  const before = await readFile(path, "utf8");
  plugin.decrypted = () => randomBytes(32);
  const bytes = await plain.release("i-1");
  await assert.rejects(custody.take("i-1", bytes, { replacing: true }), /expected key id/);
  assert.equal(await readFile(path, "utf8"), before);
  plugin.decrypted = (back) => back;
  await custody.take("i-1", bytes, { replacing: true });
  assert.equal((await custody.load("i-1")).id, id);
  await assert.rejects(plain.load("i-1"), /is wrapped by a KMS plugin/);
});

test("kmsForm is sealed when a field of its file was exchanged", async () => {
  const { path, custody } = fixture();
  await custody.create("i-1");
  const names = ["instance", "key-id", "kms-endpoint", "kms-wrapped-key"];
  const original = decodeKeyFile(await readFile(path, "utf8"), names);
  const other = fixture();
  await other.custody.create("i-1");
  const foreign = decodeKeyFile(await readFile(other.path, "utf8"), names).get("kms-wrapped-key") ?? "";
  for (const [name, value] of [
    ["instance", "i-2"],
    ["key-id", "0".repeat(32)],
    ["kms-wrapped-key", foreign],
    ["kms-wrapped-key", "!"],
  ] as const) {
    await writeFile(path, encodeKeyFile(new Map([...original, [name, value]])));
    await assert.rejects(custody.load("i-1"), (error) => isStrongroomError(error, "sealed"), `${name} ${value}`);
  }
});
