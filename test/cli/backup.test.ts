/** The commands about backups, as they are typed: what they print, where, and how they end. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { run, TestHome } from "./program.ts";
import type { Ended } from "./program.ts";

describe("Backups by command", () => {
  let server: TestServer;
  let recipient = "";
  const home = new TestHome();
  const at = () => ["--data-dir", server.dataDir, "--root-key-file", join(dirname(server.dataDir), "root.key")];

  before(async () => {
    server = await startTestServer();
    const body = { metadata: { name: "db" }, stringData: { password: "s3cret" } };
    assert.equal((await server.call("POST", "/api/v1/namespaces/default/secrets", { body })).status, 201);
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  function ends(ended: Ended, code: number, message: RegExp): void {
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
  }

  test("backup key makes an identity that only its owner may read, and prints its recipient", async () => {
    const made = await run(home, "backup", "key", "backup.key");
    assert.equal(made.code, 0, made.stderr);
    recipient = made.stdout.trim();
    assert.match(recipient, /^age1[0-9a-z]{58}$/);
    assert.equal(statSync(home.at("backup.key")).mode & 0o777, 0o600);
    const text = readFileSync(home.at("backup.key"), "utf8");
    assert.match(text, new RegExp(`# public key: ${recipient}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$`));
    ends(await run(home, "backup", "key", "backup.key"), 1, /must not exist yet/);
    assert.equal(readFileSync(home.at("backup.key"), "utf8"), text);
  });

  test("backup create writes a file that only its owner may read, and prints its name", async () => {
    const made = await run(home, "backup", "create", "one.age", "--recipient", recipient, ...at());
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.stdout, "one.age\n");
    assert.equal(statSync(home.at("one.age")).mode & 0o777, 0o600);
    ends(
      await run(home, "backup", "create", "one.age", "--recipient", recipient, ...at()),
      1,
      /one\.age must not exist yet: it is never replaced/,
    );
    writeFileSync(home.at("team.txt"), `# the team\n${recipient}\n\n`);
    const listed = await run(home, "backup", "create", "two.age", "--recipients-file", "team.txt", ...at());
    assert.equal(listed.code, 0, listed.stderr);
  });

  test("backup create is refused, before anything is made, for nobody, for what is no recipient and for two kinds of keys", async () => {
    writeFileSync(home.at("passphrase"), "correct horse battery staple\n");
    writeFileSync(home.at("short"), "short\n");
    writeFileSync(home.at("empty"), "# nobody\n");
    const refused = (...args: string[]) => run(home, "backup", "create", "wrong.age", ...args, ...at());
    ends(await refused(), 2, /there must be a terminal to ask/);
    ends(await refused("--recipient", "age1x"), 2, /"age1x" must be one of age/);
    ends(await refused("--recipients-file", "empty"), 2, /must have a recipient/);
    ends(await refused("--recipients-file", "nowhere"), 1, /no such file/);
    ends(await refused("--backup-passphrase-file", "short"), 2, /at least 12 characters/);
    ends(await refused("--recipient", recipient, "--backup-passphrase-file", "passphrase"), 2, /not for both/);
    ends(await run(home, "backup", "create", "--recipient", recipient, ...at()), 2, /file of the backup must be named/);
    const nowhere = ["--data-dir", home.at("nowhere"), "--recipient", recipient];
    ends(await run(home, "backup", "create", "wrong.age", ...nowhere), 1, /must be one that a server has made/);
    assert.throws(() => statSync(home.at("wrong.age")), { code: "ENOENT" });
    assert.throws(() => statSync(home.at("nowhere")), { code: "ENOENT" });
  });

  test("backup verify says what is in a backup, for people and for programs", async () => {
    const shown = await run(home, "backup", "verify", "one.age", "--identity", "backup.key");
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /^Backup of instance [0-9a-f]{16}, made at \S+ by Strongroom \S+\nRevision \d+, \d+ records/,
    );
    assert.match(shown.stdout, /^secrets +1 +\d+$/m);
    const json = JSON.parse(
      (await run(home, "backup", "verify", "one.age", "--identity", "backup.key", "--json")).stdout,
    );
    assert.equal(json.kind, "Backup");
    assert.equal(json.contents.secrets.records, 1);
    assert.ok(!shown.stdout.includes("s3cret"));
  });

  test("backup verify demands a signature and an age", async () => {
    const key = await run(home, "audit", "public-key", ...at());
    writeFileSync(home.at("audit.pem"), key.stdout);
    const verify = (...args: string[]) => run(home, "backup", "verify", "one.age", "--identity", "backup.key", ...args);
    const good = await verify("--public-key", "audit.pem", "--max-age", "1h");
    assert.equal(good.code, 0, good.stderr);
    writeFileSync(home.at("other.pem"), otherKey);
    ends(await verify("--public-key", "other.pem"), 1, /signature .* is of another key/);
    ends(await verify("--public-key", "backup.key"), 2, /must name a file with a public key/);
    ends(await verify("--max-age", "0s"), 1, /must be younger than that/);
    ends(await verify("--max-age", "soon"), 2, /--max-age must be a duration/);
  });

  test("what is wrong with a backup has its exit code, and says what to do", async () => {
    const whole = readFileSync(home.at("one.age"));
    writeFileSync(home.at("cut.age"), whole.subarray(0, -1));
    writeFileSync(home.at("text.age"), "hello\n");
    await run(home, "backup", "key", "other.key");
    const verify = (file: string, identity: string) => run(home, "backup", "verify", file, "--identity", identity);
    ends(await verify("cut.age", "backup.key"), 1, /must be whole: it is cut off.*\n.*Fetch it again/);
    ends(await verify("text.age", "backup.key"), 2, /must begin as a file of age does/);
    ends(
      await verify("one.age", "other.key"),
      3,
      /must be of a recipient.*\nNothing was changed\. Name the right file/,
    );
    ends(await verify("nowhere.age", "backup.key"), 1, /no such file/);
    ends(await verify("one.age", "audit.pem"), 2, /an identity must be one of age/);
  });

  test("backup restore makes a directory that a server starts on, and overwrites none", async () => {
    const to = ["--data-dir", home.at("restored"), "--root-key-file", home.at("restored.key")];
    const done = await run(home, "backup", "restore", "one.age", "--identity", "backup.key", ...to);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, /^Restored \d+ records of revision \d+, as they were at \S+, into \S+\/restored\n$/);
    assert.match(done.stderr, /root key \S+\/restored\.key: keep a copy of it elsewhere/);
    ends(await run(home, "backup", "restore", "one.age", "--identity", "backup.key", ...to), 1, /must be empty/);
    const issued = await run(home, "kubeconfig", ...to, "--output", "-");
    assert.match(issued.stdout, /client-certificate-data/);
  });
});

const otherKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAj897dsvMd0XLSij5BzFyKDPA9Eo7B2OZvYVkJTzFHho=
-----END PUBLIC KEY-----
`;
