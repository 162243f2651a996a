/** The audit log by the command line: of a server that runs, and of its data directory when none does. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectTo } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { Program, TestHome } from "./program.ts";

const secrets = "/api/v1/namespaces/default/secrets";

async function serve(home: TestHome) {
  const program = new Program(home, ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
  const url = await program.ready();
  return { program, call: await connectTo(url, join(home.at("data"), "admin.kubeconfig")) };
}

async function run(home: TestHome, ...words: string[]) {
  return new Program(home, [...words, "--data-dir", "data"]).ended;
}

async function exported(home: TestHome, ...words: string[]): Promise<Answer["json"][]> {
  const { code, stdout, stderr } = await run(home, "audit", "export", ...words);
  assert.equal(code, 0, stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

test("audit export prints every event with its number, with and without a server, and is itself on record", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  await call("POST", secrets, { body: { metadata: { name: "db" }, stringData: { password: "hunter2" } } });
  assert.equal((await call("GET", `${secrets}/db`)).status, 200);
  const events = await exported(home);
  assert.deepEqual(
    events.map(({ position }) => position),
    events.map((_, index) => index),
  );
  const read = events.find(({ verb, disclosed }) => verb === "get" && disclosed !== undefined);
  assert.equal(read.disclosed[0].name, "db");
  const isRecordOfIt = ({ objectRef }: Answer["json"]) => objectRef?.resource === "auditevents";
  assert.equal(events.findLast(isRecordOfIt).door, "control-socket");

  program.kill("SIGTERM");
  await program.ended;
  const again = await exported(home, "--from", String(read.position));
  assert.deepEqual(again[0], read);
  const record = again.findLast(isRecordOfIt);
  assert.equal(record.door, "data-directory");
  assert.match(record.annotations["strongroom.dev/audit-entries"], new RegExp(`^from ${read.position} to`));
  assert.deepEqual(await exported(home, "--to", "2020-01-01T00:00:00Z"), []);
  assert.equal((await exported(home, "--from", "1h", "--to", "3")).length, 3);
  const wrong = await run(home, "audit", "export", "--from", "yesterday");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--from must be the number of an entry/);
});

test("audit verify finds nothing wrong in the log of a server that runs, or has stopped, and says what is proven", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  for (let n = 0; n < 5; n++) await call("GET", `${secrets}/none-${n}`);
  const kept = await run(home, "audit", "checkpoint");
  writeFileSync(home.at("kept.json"), kept.stdout);
  await call("GET", `${secrets}/one-more`);
  const running = await run(home, "audit", "verify", "--checkpoint", "kept.json");
  assert.equal(running.code, 0, running.stdout + running.stderr);
  const { entries } = JSON.parse(kept.stdout);
  assert.match(running.stdout, new RegExp(`Known elsewhere: there were ${entries} entries`));
  assert.match(running.stdout, new RegExp(`From entry ${entries} on nothing is proven`));
  const key = (await run(home, "audit", "public-key")).stdout;
  assert.match(key, /^-----BEGIN PUBLIC KEY-----/);
  program.kill("SIGTERM");
  await program.ended;
  assert.equal((await run(home, "audit", "public-key")).stdout, key);
  const stopped = await run(home, "audit", "verify", "--checkpoint", kept.stdout.trim());
  assert.equal(stopped.code, 0, stopped.stdout + stopped.stderr);
  assert.doesNotMatch(stopped.stdout, /nothing is proven|The key is the log's own/);
  const without = await run(home, "audit", "verify");
  assert.match(without.stdout, /No checkpoint that was kept elsewhere was given/);
});

test("audit verify finds what was cut off and what was changed, here and by a bundle elsewhere, and names the place", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  for (let n = 0; n < 20; n++) await call("GET", `${secrets}/none-${n}`);
  program.kill("SIGTERM");
  await program.ended;
  writeFileSync(home.at("kept.json"), (await run(home, "audit", "checkpoint")).stdout);
  writeFileSync(home.at("audit.pem"), (await run(home, "audit", "public-key")).stdout);
  const made = await run(home, "audit", "verify", "--export", "log.bundle");
  assert.equal(made.code, 0, made.stderr);

  // Elsewhere: no data directory and no root key.
  using elsewhere = new TestHome();
  for (const name of ["log.bundle", "audit.pem", "kept.json"]) copyFileSync(home.at(name), elsewhere.at(name));
  const verify = (...words: string[]) =>
    new Program(elsewhere, ["audit", "verify", "--bundle", "log.bundle", ...words]).ended;
  const good = await verify("--public-key", "audit.pem", "--checkpoint", "kept.json");
  assert.equal(good.code, 0, good.stdout + good.stderr);
  assert.match((await verify()).stdout, /The key is the log's own/);

  const name = readdirSync(home.at("data", "audit")).find((file) => file.endsWith(".segment")) ?? "";
  const path = home.at("data", "audit", name);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length - 300));
  const cut = await run(home, "audit", "verify", "--checkpoint", "kept.json");
  assert.equal(cut.code, 5);
  assert.match(cut.stdout, /FAULT entry \d+ .*cut off/);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1000) ^ 1, bytes.length - 1000);
  writeFileSync(path, bytes);
  const changed = JSON.parse((await run(home, "audit", "verify", "--json")).stdout);
  assert.equal(changed.faults[0].segment, name);
  assert.ok(changed.faults[0].offset <= bytes.length - 1000);
  assert.match(changed.faults[0].what, /was changed/);

  rmSync(path);
  const gone = await run(home, "audit", "verify", "--checkpoint", "kept.json");
  assert.equal(gone.code, 5, gone.stderr);
  assert.match(gone.stdout, /FAULT entries 0 to \d+: .*cut off/);
  assert.equal((await run(home, "audit", "verify")).code, 1);

  writeFileSync(elsewhere.at("log.bundle"), "{}");
  assert.equal((await verify()).code, 2);
  assert.equal((await verify("--checkpoint", "{}")).code, 2);
});

test("audit export prints what is whole of a damaged log, names the rest, and says so by its exit code", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  for (let n = 0; n < 20; n++) await call("GET", `${secrets}/none-${n}`);
  program.kill("SIGTERM");
  await program.ended;
  const whole = await exported(home);
  const name = readdirSync(home.at("data", "audit")).find((file) => file.endsWith(".segment")) ?? "";
  const path = home.at("data", "audit", name);
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  writeFileSync(path, bytes.fill(0, middle, middle + 50));
  const { code, stdout, stderr } = await run(home, "audit", "export");
  assert.equal(code, 5, stderr);
  const [, from = "", to = from] =
    /What cannot be read: (?:entry|entries) (\d+)(?: to (\d+))? \(\d+\.segment\)/.exec(stderr) ?? [];
  const left: Answer["json"][] = stdout.split("\n").flatMap((line) => (line === "" ? [] : JSON.parse(line)));
  const expected = whole.filter(({ position }) => position < Number(from) || position > Number(to));
  assert.deepEqual(left.slice(0, expected.length), expected);
  assert.ok(expected.length < whole.length && expected.length > whole.length - 5, stderr);
});

test("what audit export prints is an audit log for who-did", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  await using _ = program;
  await call("POST", secrets, { body: { metadata: { name: "db" } } });
  await call("GET", `${secrets}/db`);
  const command = `"$0" audit export --data-dir data | "$0" who-did default/db --audit - -o json`;
  const { programPath } = await import("./program.ts");
  const { stdout, stderr } = await new Program(home, ["-c", command, programPath], "/bin/sh").ended;
  const answer = JSON.parse(stdout || stderr);
  assert.equal(answer.readers.length, 1, stdout);
  const sealed = await new Program(home, ["who-did", "default/db", "--audit", "data/audit", "-o", "json"]).ended;
  assert.deepEqual(
    JSON.parse(sealed.stdout).audit.problems.map(({ message }: { message: string }) => message),
    ["it is encrypted: strongroom audit export prints it, for --audit -"],
  );
});

test("audit prune deletes whole old files on record, not before a follower has them, and verify tells them from what others took", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  // The first file of a log is a small one.
  for (let n = 0; n < 400; n++) await call("GET", `${secrets}/none-${n}`);
  const files = () => readdirSync(home.at("data", "audit")).filter((name) => name.endsWith(".segment"));
  const before = files().length;
  assert.ok(before > 1);
  assert.equal((await run(home, "audit", "prune", "--before", "9d", "--yes", "--dry-run")).code, 2);
  assert.match((await run(home, "audit", "prune", "--before", "9d", "--yes")).stdout, /Nothing is old enough/);

  mkdirSync(home.at("data", "audit-followers"), { recursive: true });
  writeFileSync(home.at("data", "audit-followers", "siem.json"), '{"position":0}\n');
  const behind = await run(home, "audit", "prune", "--before", "999999999", "--yes");
  assert.equal(behind.code, 2, behind.stderr);
  assert.match(behind.stderr, /the follower siem must have delivered the entries before \d+, and is at 0/);
  rmSync(home.at("data", "audit-followers", "siem.json"));

  const dry = await run(home, "audit", "prune", "--before", "999999999", "--dry-run");
  assert.match(dry.stdout, /^Entries 0 to \d+, in \d files of \d+\.\d MiB together, would be deleted\.$/m);
  assert.equal(files().length, before);
  const done = await run(home, "audit", "prune", "--before", "999999999", "--yes");
  assert.equal(done.code, 0, done.stderr);
  assert.equal(files().length, 1);
  const verified = await run(home, "audit", "verify");
  assert.equal(verified.code, 0, verified.stdout);
  assert.match(verified.stdout, /Entries before \d+ were deleted as old ones, which the server signed/);
  const record = (await exported(home)).find(({ verb, objectRef }) => verb === "delete" && objectRef !== undefined);
  assert.match(record.annotations["strongroom.dev/audit-entries"], /^from 0 to before \d+$/);
  assert.equal(record.door, "control-socket");
  assert.equal((await call("GET", `${secrets}/none`)).status, 404);
  program.kill("SIGTERM");
  const { stderr } = await program.ended;
  assert.doesNotMatch(stderr, /changed/);
  assert.match((await run(home, "audit", "prune", "--before", "1h", "--yes")).stdout, /Nothing is old enough/);
});

test("audit export prints names as keyed hashes if asked to, the same under the same key, and nothing else of them", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  const name = "payments-canary";
  await call("POST", secrets, { body: { metadata: { name }, stringData: { password: "hunter2" } } });
  assert.equal((await call("GET", `${secrets}/${name}`)).status, 200);
  await call("GET", `${secrets}?fieldSelector=metadata.name%3D${name}`);
  await call("GET", `${secrets}/${name}-missing`);
  program.kill("SIGTERM");
  await program.ended;
  writeFileSync(home.at("short.key"), "short");
  assert.equal((await run(home, "audit", "export", "--hash-key-file", "short.key")).code, 2);
  writeFileSync(home.at("names.key"), "0123456789abcdef0123456789abcdef");
  const { code, stdout } = await run(home, "audit", "export", "--hash-key-file", "names.key");
  assert.equal(code, 0);
  assert.ok(!stdout.includes("canary"));
  const events: Answer["json"][] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const disclosing = (wanted: string) =>
    events.find(({ verb, disclosed }) => verb === wanted && disclosed !== undefined);
  const get = disclosing("get");
  assert.match(get.disclosed[0].name, /^hmac-[0-9a-f]{24}$/);
  assert.equal(disclosing("list").disclosed[0].name, get.disclosed[0].name);
  assert.equal(get.requestURI, `${secrets}/${get.disclosed[0].name}`);
});

test("audit change-key has the log signed with a new key, with and without a server, which verify follows from either key", async () => {
  using home = new TestHome();
  const { program, call } = await serve(home);
  await call("GET", `${secrets}/none`);
  const kept = (await run(home, "audit", "checkpoint")).stdout;
  writeFileSync(home.at("kept.json"), kept);
  writeFileSync(home.at("first.pem"), (await run(home, "audit", "public-key")).stdout);
  assert.equal((await run(home, "audit", "change-key")).code, 2);
  const changed = await run(home, "audit", "change-key", "--yes");
  assert.equal(changed.code, 0, changed.stderr);
  writeFileSync(home.at("second.pem"), changed.stdout);
  assert.equal((await run(home, "audit", "public-key")).stdout, changed.stdout);
  assert.notEqual(changed.stdout, readFileSync(home.at("first.pem"), "utf8"));
  await call("GET", `${secrets}/none`);
  program.kill("SIGTERM");
  await program.ended;
  const again = await run(home, "audit", "change-key", "--yes");
  assert.equal(again.code, 0, again.stderr);
  writeFileSync(home.at("third.pem"), again.stdout);
  for (const name of ["first", "second", "third"]) {
    const verified = await run(home, "audit", "verify", "--public-key", `${name}.pem`, "--checkpoint", "kept.json");
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    assert.equal(verified.stdout.match(/which both keys signed/g)?.length, 2);
    assert.match(verified.stdout, /Known elsewhere/);
  }
  const records = (await exported(home)).filter(
    ({ annotations }) => annotations?.["strongroom.dev/audit-key"] !== undefined,
  );
  assert.deepEqual(
    records.map(({ door }) => door),
    ["control-socket", "data-directory"],
  );
});
