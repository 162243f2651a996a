/** From a key in use to a signed statement that nothing is left under it, with the command line, as an operator does it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { EncryptionStatement } from "../../src/instance/encryption-statement.ts";
import { TestHome } from "../cli/program.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { runIn } from "../sight/run-sight.ts";
import { keyOf } from "./refused-files.ts";
import { compactHistory, walked } from "./walked.ts";

const secretsPath = "/api/v1/namespaces/default/secrets";
const by = (...keys: readonly [string, number][]) =>
  `{secretbox: {keys: [${keys.map(([name, byte]) => `{name: "${name}", secret: ${keyOf(32, byte)}}`).join(", ")}]}}`;

class Rotation implements AsyncDisposable {
  readonly home = new TestHome();
  readonly file = this.home.at("encryption.yaml");
  dataDir: string | undefined;
  server!: TestServer; // set by start

  async start(...providers: readonly string[]): Promise<void> {
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    writeFileSync(this.file, `${head}  - {resources: [secrets], providers: [${providers.join(", ")}]}\n`, {
      mode: 0o600,
    });
    this.server = await startTestServer({
      encryptionFile: this.file,
      ...(this.dataDir !== undefined && { dataDir: this.dataDir }),
    });
    this.dataDir = join(this.server.dataDir, "..");
    await walked(this.server.dataDir);
  }

  async create(name: string): Promise<void> {
    const body = { metadata: { name }, stringData: { value: "x".repeat(3000) } };
    assert.equal((await this.server.call("POST", secretsPath, { body })).status, 201);
  }

  run(...command: readonly string[]) {
    return runIn(this.home.path, "encryption", ...command, "--data-dir", this.server.dataDir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.home[Symbol.dispose]();
  }
}

test("A statement that nothing is left under a key is refused with counts until it is true, then signed, and verified elsewhere", async () => {
  await using rotation = new Rotation();
  await rotation.start(by(["former: a", 1]));
  for (let index = 0; index < 20; index++) await rotation.create(`s${index}`);
  assert.equal((await rotation.server.call("DELETE", `${secretsPath}/s3`)).status, 200);
  const key = "secretbox:v1:former: a";
  const refused = async (reason: RegExp) => {
    const { code, stdout, stderr } = await rotation.run("statement", key);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, reason);
  };
  await refused(/nothing must be left under secretbox:v1:former: a for a statement: it writes/);
  const kept = rotation.server.dataDir;
  const first = await rotation.run("defragment");
  assert.equal(first.code, 4, "a server runs");
  await rotation.server.stop();

  await rotation.start(by(["fresh", 2], ["former: a", 1]));
  await refused(/ for a statement: \d+ superseded revisions/);
  assert.equal((await rotation.run("statement", "secretbox:v1:formr")).code, 2);
  await rotation.server.stop();
  await compactHistory(kept);
  await rotation.start(by(["fresh", 2], ["former: a", 1]));
  await refused(/ for a statement: \d+ copies in free space: .*defragment/);
  const before = await rotation.run("status");
  assert.match(
    before.stdout,
    /^secretbox:v1:former: a: nothing needs it; it may leave .* \d+ copies are in free space/m,
  );
  await rotation.server.stop();
  const anew = await rotation.run("defragment");
  assert.equal(anew.code, 0, anew.stderr);
  assert.match(anew.stdout, /^secretbox:v1:fresh: \d+ records and revisions$/m);
  assert.ok(!readFileSync(join(kept, "store", "data.mdb")).includes("secretbox:v1:former"));

  await rotation.start(by(["fresh", 2], ["former: a", 1]));
  await rotation.create("later");
  const after = await rotation.run("status");
  assert.match(after.stdout, /^secretbox:v1:former: a: nothing is left under it; it may leave the configuration\. /m);
  assert.match(after.stdout, /^files \S+, written anew at 20/m);
  assert.match(after.stdout, /^secrets +secretbox:v1:fresh +writes +\d+ +\S+ +(before )?20\d\d-\S+Z +\d+$/m);
  const { code, stdout, stderr } = await rotation.run("statement", key);
  assert.equal(code, 0, stderr);
  const statement = JSON.parse(stdout) as EncryptionStatement;
  assert.equal(statement.freeSpace.basis, "written-anew");
  assert.equal(statement.keyDigests.length, 1);
  assert.ok(statement.counted.records > 60 && statement.counted.fileBytes > 100_000);

  const { home } = rotation;
  const publicKey = await runIn(home.path, "audit", "public-key", "--data-dir", kept);
  writeFileSync(home.at("audit.pem"), publicKey.stdout);
  const verify = async (text: string) => {
    writeFileSync(home.at("statement.json"), text);
    return runIn(home.path, "encryption", "verify-statement", "statement.json", "--public-key", "audit.pem");
  };
  const verified = await verify(stdout);
  assert.equal(verified.code, 0, verified.stderr);
  assert.match(verified.stdout, /nothing was under secretbox:v1:former: a\.$/m);
  assert.match(verified.stdout, /^Free space: the data file was written anew at 20/m);
  const { freeSpace: _freeSpace, ...withoutFreeSpace } = statement;
  const changes: readonly [object, number][] = [
    [{ ...statement, key: "secretbox:v1:fresh" }, 1],
    [{ ...statement, revision: statement.revision + 1 }, 1],
    [{ ...statement, counted: { ...statement.counted, records: 1 } }, 1],
    [{ ...statement, more: true }, 1],
    [{ ...statement, left: { ...statement.left, trash: 1 } }, 2],
    [withoutFreeSpace, 2],
    [{ kind: "AuditCheckpoint" }, 2],
  ];
  for (const [changed, expected] of changes) {
    const text = JSON.stringify(changed);
    assert.equal((await verify(text)).code, expected, text.slice(-200));
  }
  assert.equal((await verify("{")).code, 2);
});

test("What was in the clear is proven gone only by a file that was written anew", async () => {
  await using rotation = new Rotation();
  await rotation.start("{identity: {}}");
  await rotation.create("clear");
  await rotation.server.stop();
  await rotation.start(by(["key", 1]), "{identity: {}}");
  const { dataDir } = rotation.server;
  await rotation.server.stop();
  await compactHistory(dataDir);
  await rotation.start(by(["key", 1]), "{identity: {}}");
  const { code, stderr } = await rotation.run("statement", "identity");
  assert.equal(code, 2);
  assert.match(
    stderr,
    /free space cannot be searched for it: stop the server and run strongroom encryption defragment/,
  );
  await rotation.server.stop();
  assert.equal((await rotation.run("defragment")).code, 0);
  await rotation.start(by(["key", 1]), "{identity: {}}");
  const proven = await rotation.run("statement", "identity");
  assert.equal(proven.code, 0, proven.stderr);
  await rotation.server.stop();
  await rotation.start("{identity: {}}", by(["key", 1]));
  await rotation.create("clear-again");
  await rotation.server.stop();
  await rotation.start(by(["key", 1]), "{identity: {}}");
  await rotation.server.stop();
  await compactHistory(dataDir);
  await rotation.start(by(["key", 1]), "{identity: {}}");
  const again = await rotation.run("statement", "identity");
  assert.equal(again.code, 2, "the file is older than its last use");
});
