/** The audit log by the command line: of a server that runs, and of its data directory when none does. */
import assert from "node:assert/strict";
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
  assert.deepEqual([events.at(-1).objectRef.resource, events.at(-1).door], ["auditevents", "control-socket"]);

  program.kill("SIGTERM");
  await program.ended;
  const again = await exported(home, "--from", String(read.position));
  assert.deepEqual(again[0], read);
  assert.deepEqual([again.at(-1).objectRef.resource, again.at(-1).door], ["auditevents", "data-directory"]);
  assert.match(again.at(-1).annotations["strongroom.dev/audit-entries"], new RegExp(`^from ${read.position} to`));
  assert.deepEqual(await exported(home, "--to", "2020-01-01T00:00:00Z"), []);
  assert.equal((await exported(home, "--from", "1h", "--to", "3")).length, 3);
  const wrong = await run(home, "audit", "export", "--from", "yesterday");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--from must be the number of an entry/);
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
});
