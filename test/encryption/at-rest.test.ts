/** A server with a file EncryptionConfiguration: what is on the disk, and what whoever may write there achieves. */
import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openDataStore } from "../../src/instance/data-store.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import type { EmbeddedEngine } from "../../src/store/embedded/embedded-engine.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { keyOf, refusedFiles } from "./refused-files.ts";

/** A folder with a configuration that can be written anew. */
class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "strongroom-encryption-"));
  readonly file = join(this.path, "encryption.yaml");

  write(rules: Readonly<Record<string, string>>): void {
    const entries = Object.entries(rules).map(
      ([names, list]) => `  - resources: [${names}]\n    providers: [${list}]\n`,
    );
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    writeFileSync(this.file, head + entries.join(""), { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const by = (provider: string, ...keys: readonly [string, number][]) =>
  `{${provider}: {keys: [${keys.map(([name, byte]) => `{name: ${name}, secret: ${keyOf(32, byte)}}`).join(", ")}]}}`;

const secretsPath = "/api/v1/namespaces/default/secrets";
const base64 = (text: string) => Buffer.from(text).toString("base64");

async function create(server: TestServer, name: string, value: string): Promise<void> {
  const body = { metadata: { name }, data: { password: base64(value) } };
  assert.equal((await server.call("POST", secretsPath, { body })).status, 201);
}

async function valueOf(server: TestServer, name: string): Promise<string> {
  const { status, text, json } = await server.call("GET", `${secretsPath}/${name}`);
  assert.equal(status, 200, text);
  return Buffer.from(json.data.password, "base64").toString();
}

/** What the engine of a stopped server holds. */
async function withEngine<T>(server: TestServer, use: (engine: EmbeddedEngine) => Promise<T>): Promise<T> {
  const root = { type: "file", path: join(server.dataDir, "..", "root.key") } as const;
  const { rootKey } = await openExistingInstance(server.dataDir, root);
  const report = (error: unknown) => assert.fail(String(error));
  await using data = await openDataStore(server.dataDir, rootKey, {}, report);
  return await use(data.engine);
}

/** The beginning of every record below a prefix, up to where ciphertext begins. */
async function formsOf(server: TestServer, prefix: string): Promise<string[]> {
  const { records } = await withEngine(server, (engine) => engine.range(prefix));
  const form = /^k8s:enc:(?:kms:v2:strongroom|[a-z]+:v1:[^:]+):/;
  return records.map(({ value }) => form.exec(Buffer.from(value).toString("latin1"))?.[0] ?? "in the clear");
}

test("Secrets, their versions and their trash are stored as the file says, and by nothing else; all else in our envelope", async () => {
  using folder = new Folder();
  folder.write({ secrets: by("aescbc", ["key1", 1]), '"*.rbac.authorization.k8s.io"': by("secretbox", ["key2", 2]) });
  await using server = await startTestServer({ encryptionFile: folder.file });
  await create(server, "kept", "canary-of-aescbc");
  await create(server, "gone", "canary-of-aescbc");
  assert.equal((await server.call("DELETE", `${secretsPath}/gone`)).status, 200);
  assert.equal(await valueOf(server, "kept"), "canary-of-aescbc");
  await server.stop();

  for (const prefix of [
    "/registry/secrets/",
    "/strongroom/payloads/",
    "/strongroom/promotions/",
    "/strongroom/trash/",
  ]) {
    const forms = await formsOf(server, prefix);
    assert.ok(forms.length > 0, prefix);
    assert.deepEqual(new Set(forms), new Set(["k8s:enc:aescbc:v1:key1:"]), prefix);
  }
  const roles = await formsOf(server, "/registry/clusterroles/");
  assert.deepEqual(new Set(roles), new Set(["k8s:enc:secretbox:v1:key2:"]));
  for (const prefix of ["/registry/namespaces/", "/registry/configmaps/", "/strongroom/pki/"]) {
    assert.deepEqual(new Set(await formsOf(server, prefix)), new Set(["k8s:enc:kms:v2:strongroom:"]), prefix);
  }

  const { records } = await withEngine(server, (engine) => engine.range("/strongroom/payloads/"));
  const [payload] = records;
  assert.ok(payload !== undefined);
  const stored = Buffer.from(payload.value).subarray("k8s:enc:aescbc:v1:key1:".length);
  const cipher = createDecipheriv("aes-256-cbc", Buffer.from(keyOf(32, 1), "base64"), stored.subarray(0, 16));
  const plaintext = Buffer.concat([cipher.update(stored.subarray(16)), cipher.final()]).toString();
  assert.ok(plaintext.includes(base64("canary-of-aescbc")));
  const file = readFileSync(join(server.dataDir, "store", "data.mdb"));
  assert.ok(!file.includes("canary-of-aescbc") && !file.includes(base64("canary-of-aescbc")));
});

test("Keys are changed by putting the new one first; a former server's records, and those of before the file, stay readable", async () => {
  using folder = new Folder();
  await using first = await startTestServer();
  await create(first, "before", "one");
  await first.stop();
  const dataDir = join(first.dataDir, "..");

  folder.write({ secrets: by("aesgcm", ["key1", 1]) });
  await using second = await startTestServer({ dataDir, encryptionFile: folder.file });
  assert.equal(await valueOf(second, "before"), "one");
  await create(second, "old", "two");
  await second.stop();

  folder.write({ secrets: `${by("secretbox", ["key2", 2])}, ${by("aesgcm", ["key1", 1])}` });
  await using third = await startTestServer({ dataDir, encryptionFile: folder.file });
  await create(third, "new", "three");
  assert.deepEqual(await Promise.all(["before", "old", "new"].map((name) => valueOf(third, name))), [
    "one",
    "two",
    "three",
  ]);
  const list = (await third.call("GET", secretsPath)).json;
  assert.equal(list.items.length, 3);
  await third.stop();
  assert.deepEqual(await formsOf(third, "/registry/secrets/default/"), [
    "k8s:enc:kms:v2:strongroom:",
    "k8s:enc:secretbox:v1:key2:",
    "k8s:enc:aesgcm:v1:key1:",
  ]);
});

test("A server does not start with a file that Kubernetes would refuse, and says which field is wrong", async () => {
  using folder = new Folder();
  const rows: [string, RegExp][] = [
    ["a key of aescbc of 25 bytes", /aescbc\.keys\[0\]\.secret: .* got 25, expected one of \[16 24 32\]/],
    ["a key of aescbc of 28 bytes", /aescbc\.keys\[0\]\.secret: .* got 28, expected one of \[16 24 32\]/],
    ["capitals", /resources\[0\]\.resources\[0\]: .*capital letters/],
    ["an empty file", /the file is empty/],
  ];
  for (const [name, pattern] of rows) {
    writeFileSync(folder.file, refusedFiles[name] ?? "");
    await assert.rejects(startTestServer({ encryptionFile: folder.file }), (error: Error) => {
      assert.match(error.message, pattern);
      assert.ok(error.message.startsWith(`${folder.file}: `), error.message);
      return true;
    });
  }
  await assert.rejects(startTestServer({ encryptionFile: join(folder.path, "absent.yaml") }), /must be readable/);
});

test("Whoever swaps two records of aesgcm, cuts one, or renames its key is refused with 500, and lists fail as a whole", async () => {
  using folder = new Folder();
  folder.write({ secrets: by("aesgcm", ["key1", 1]) });
  const attacks: Readonly<Record<string, (own: Buffer, other: Buffer) => Buffer>> = {
    swapped: (_, other) => other,
    cut: (own) => own.subarray(0, -1),
    flipped: (own) => Buffer.concat([own.subarray(0, -1), Buffer.from([own.readUInt8(own.length - 1) ^ 1])]),
    renamed: (own) => Buffer.from(own.toString("latin1").replace(":key1:", ":key2:"), "latin1"),
    "of another provider": (own) => Buffer.from(own.toString("latin1").replace(":aesgcm:", ":aescbc:"), "latin1"),
    "in the clear": () => Buffer.from('{"kind":"Secret"}'),
  };
  for (const [attack, change] of Object.entries(attacks)) {
    await using server = await startTestServer({ encryptionFile: folder.file });
    await create(server, "one", "1");
    await create(server, "two", "2");
    await server.stop();
    await withEngine(server, async (engine) => {
      const at = (name: string) => `/registry/secrets/default/${name}`;
      const [own, other] = await engine.getMany([at("one"), at("two")]);
      assert.ok(own !== undefined && other !== undefined);
      const bytes = change(Buffer.from(own.value), Buffer.from(other.value));
      assert.ok(await engine.rewrite(own.key, own.modRevision, bytes));
    });
    await using again = await server.restart();
    const got = await again.call("GET", `${secretsPath}/one`);
    assert.equal(got.status, 500, attack);
    assert.equal(got.json.reason, "InternalError", attack);
    assert.equal((await again.call("GET", secretsPath)).status, 500, attack);
    assert.equal(await valueOf(again, "two"), "2", attack);
  }
});
