import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aesGcmTransformer } from "../crypto/providers/aes-gcm.ts";
import type { TransformContext } from "../crypto/transformer.ts";
import { isStrongroomError, StrongroomError } from "../errors/strongroom-error.ts";
import { ManualClock } from "../store/conformance/manual-clock.ts";
import { toRevision } from "../store/revision.ts";
import { EncryptionAtRest } from "./encryption-at-rest.ts";
import type { PluginProvider } from "./encryption-at-rest.ts";

const stored = [
  { group: "", resource: "secrets", places: ["/registry/secrets/", "/strongroom/payloads/"] },
  { group: "", resource: "configmaps", places: ["/registry/configmaps/"] },
  { group: "rbac.authorization.k8s.io", resource: "roles", places: ["/registry/roles/"] },
];

function secretOf(byte: number): string {
  return Buffer.alloc(32, byte).toString("base64");
}

function rule(names: string, ...keys: readonly string[]): string {
  const list = keys.map((name, index) => `{name: ${name}, secret: ${secretOf(index + 1)}}`).join(", ");
  return `  - resources: [${names}]\n    providers: [{aesgcm: {keys: [${list}]}}]\n`;
}

/** A file that is looked at by a clock of its own. */
class Watched implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "strongroom-encryption-"));
  readonly file = join(this.folder, "encryption.yaml");
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly well = new Set<string>();
  encryption: EncryptionAtRest | undefined;

  write(...rules: readonly string[]): void {
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    writeFileSync(this.file, head + rules.join(""), { mode: 0o600 });
  }

  /** A provider of a plugin, which is well while its name is in `well`. */
  plugin(name: string): PluginProvider {
    this.told.push(`opened ${name}`);
    const { toStorage, fromStorage } = aesGcmTransformer(name, Buffer.alloc(32));
    return {
      prefix: Buffer.from(`k8s:enc:kms:v2:${name}:`),
      toStorage,
      fromStorage,
      check: () => {
        if (!this.well.has(name)) throw new StrongroomError("unavailable", `${name} must be well`);
      },
      [Symbol.dispose]: () => void this.told.push(`closed ${name}`),
    };
  }

  async open(): Promise<EncryptionAtRest> {
    this.encryption = await EncryptionAtRest.open({
      file: this.file,
      fingerprint: (key) => String(key[0]),
      own: aesGcmTransformer("own", Buffer.alloc(32)),
      stored,
      clock: this.clock,
      reports: {
        reloaded: (summary) => void this.told.push(`reloaded ${summary[0]}`),
        refused: (error) => void this.told.push(`refused ${String(error)}`),
      },
      openKms: async ({ name }) => this.plugin(name),
    });
    return this.encryption;
  }

  /** What a record begins with. */
  writes(key: string): string {
    const context: TransformContext = { key, revision: toRevision(1) };
    const bytes = this.encryption?.transformerFor(key).toStorage(Buffer.from("x"), context);
    const text = Buffer.from(bytes ?? []).toString("latin1");
    return text === "x" ? "identity" : text.slice("k8s:enc:aesgcm:v1:".length, text.indexOf(":", 18));
  }

  /** A minute later. */
  async minute(): Promise<void> {
    this.clock.advance(60_000);
    await this.encryption?.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.encryption?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const secret = "/registry/secrets/default/db";

test("EncryptionAtRest takes the rule of the resource before that of its group, and that before the one for everything", async () => {
  await using watched = new Watched();
  watched.write(rule("configmaps", "maps"), rule('"*."', "core"), rule('"*.*"', "all"));
  const { encryption } = await watched.open();
  assert.equal(watched.writes("/registry/configmaps/default/x"), "maps");
  assert.equal(watched.writes(secret), "core");
  assert.equal(watched.writes("/strongroom/payloads/ns/uid/id"), "core");
  assert.equal(watched.writes("/registry/roles/default/x"), "all");
  assert.equal(watched.writes("/strongroom/pki/ca"), "own");
  assert.deepEqual(
    encryption.resources.map(({ resource }) => resource),
    ["secrets", "configmaps", "roles.rbac.authorization.k8s.io"],
  );
});

test("EncryptionAtRest puts the providers of several rules for one resource one after the other", async () => {
  await using watched = new Watched();
  watched.write(rule("secrets", "first"), "  - resources: [secrets]\n    providers: [{identity: {}}]\n");
  const encryption = await watched.open();
  assert.equal(watched.writes(secret), "first");
  const context = { key: secret, revision: toRevision(1) };
  const clear = await encryption.transformerFor(secret).fromStorage(Buffer.from("clear"), context);
  assert.deepEqual([Buffer.from(clear.plaintext).toString(), clear.stale], ["clear", true]);
});

test("EncryptionAtRest writes by the new file from the next minute on, and reads what was written before", async () => {
  await using watched = new Watched();
  watched.write(rule("secrets", "key1"));
  const encryption = await watched.open();
  const context = { key: secret, revision: toRevision(1) };
  const before = encryption.transformerFor(secret).toStorage(Buffer.from("x"), context);
  await watched.minute();
  assert.deepEqual(watched.told, []);
  const [one, two] = [secretOf(1), secretOf(2)];
  watched.write(
    `  - resources: [secrets]\n    providers: [{aesgcm: {keys: [{name: key2, secret: ${two}}, {name: key1, secret: ${one}}]}}]\n`,
  );
  assert.equal(watched.writes(secret), "key1");
  await watched.minute();
  assert.equal(watched.writes(secret), "key2");
  const opened = await encryption.transformerFor(secret).fromStorage(before, context);
  assert.deepEqual([Buffer.from(opened.plaintext).toString(), opened.stale], ["x", true]);
  assert.deepEqual(watched.told, ["reloaded encryption secrets by aesgcm:v1:key2; all else by strongroom"]);
});

test("EncryptionAtRest keeps what is in force while the file is bad or away, says so each minute, and is well again after", async () => {
  await using watched = new Watched();
  watched.write(rule("secrets", "key1"));
  const encryption = await watched.open();
  const spoilers = [
    () => writeFileSync(watched.file, "resources: ["),
    () => writeFileSync(watched.file, ""),
    () => rmSync(watched.file),
    () => watched.write(rule("Secrets", "key2")),
  ];
  for (const spoil of spoilers) {
    spoil();
    watched.told.length = 0;
    await watched.minute();
    assert.equal(watched.writes(secret), "key1");
    assert.throws(
      () => encryption.check(),
      (error) => isStrongroomError(error, "invalid"),
    );
    assert.ok(watched.told.length > 0 && watched.told.every((line) => line.startsWith("refused ")));
  }
  watched.write(rule("secrets", "key1"));
  await watched.minute();
  encryption.check();
});

test("EncryptionAtRest says loudly what is not encrypted, and that others can read the keys", async () => {
  await using watched = new Watched();
  watched.write("  - resources: [secrets, configmaps]\n    providers: [{identity: {}}]\n");
  chmodSync(watched.file, 0o644);
  const [rules, readable, clear] = (await watched.open()).summary();
  assert.equal(rules, "encryption secrets by identity, configmaps by identity; all else by strongroom");
  assert.match(readable ?? "", /can be read by others: chmod 600 it\.$/);
  assert.match(clear ?? "", /NOT ENCRYPTED at rest, as .* asks for: secrets, configmaps\./);
});

test("EncryptionAtRest does not look at the file after it was closed", async () => {
  await using watched = new Watched();
  watched.write(rule("secrets", "key1"));
  const encryption = await watched.open();
  await encryption[Symbol.asyncDispose]();
  writeFileSync(watched.file, "");
  await watched.minute();
  assert.deepEqual(watched.told, []);
});

test("EncryptionAtRest starts without a plugin, but takes none over while it runs that is not well; former ones end later", async () => {
  await using watched = new Watched();
  const { told, clock, well } = watched;
  const kms = (name: string) =>
    `  - resources: [secrets]
    providers: [{kms: {apiVersion: v2, name: ${name}, endpoint: "unix:///run/${name}.sock", timeout: 5s}}]
`;
  watched.write(kms("one"));
  const encryption = await watched.open();
  assert.throws(() => encryption.checkPlugins(), { code: "unavailable" });
  well.add("one");
  encryption.checkPlugins();
  watched.write(kms("two"));
  await encryption.look();
  assert.deepEqual(told.splice(0), [
    "opened one",
    "opened two",
    "closed two",
    "refused StrongroomError: two must be well",
  ]);
  assert.throws(() => encryption.check(), { code: "invalid" });
  well.add("two");
  await encryption.look();
  assert.deepEqual(told.splice(0), ["opened two", "reloaded encryption secrets by kms:v2:two; all else by strongroom"]);
  encryption.check();
  clock.advance(9_999);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told.splice(0), ["closed one"]);
  watched.write(kms("one"));
  await encryption.look();
  await encryption[Symbol.asyncDispose]();
  assert.deepEqual(told.slice(2), ["closed two", "closed one"]);
});
