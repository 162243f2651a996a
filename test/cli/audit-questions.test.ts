/** `strongroom audit who-read`, `by` and `tail` against a running server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { grant, userClient, userKubeconfig } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { run } from "../sight/run-sight.ts";
import { connectTo, startTestServer } from "../running-server.ts";
import { Program, TestHome } from "./program.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

let ann: UserClient;

before(async () => {
  await create(server, secretsPath, secret("db", { data: { password: "aHVudGVyMg==" } }));
  ann = await userClient(server, "ann");
  const bob = await userClient(server, "bob");
  await grant(server, "ann", ["get,list", "secrets"]);
  for (const path of [`${secretsPath}/db`, secretsPath]) assert.equal((await ann("GET", path)).status, 200);
  assert.equal((await bob("GET", `${secretsPath}/db`)).status, 403);
});

function audit(...words: string[]) {
  return run("audit", ...words, "--kubeconfig", server.kubeconfig);
}

test("who-read names who received the values, and who only tried", async () => {
  const { code, stdout, stderr } = await audit("who-read", "default/db", "--since", "1h");
  assert.equal(code, 0, stderr);
  const lines = stdout.split("\n");
  assert.match(lines[0] ?? "", /^default\/db: \d users? ha(s|ve) received values of it\.$/);
  assert.match(
    stdout,
    /^ann: 2 reads, last \S+Z, first \S+Z\n {2}by get 1, list 1\n {2}keys password\n {2}from 127\.0\.0\.1$/m,
  );
  assert.match(stdout, /^Not its values:\nbob: 1 refused, last \S+Z$/m);
  assert.match(stdout, /^Looked through: all that is on record before entry \d+\.$/m);
  assert.doesNotMatch(stdout, /hunter2|aHVudGVyMg/);
  const json = JSON.parse((await audit("who-read", "default/db", "--user", "ann", "-o", "json")).stdout);
  assert.deepEqual(
    json.readers.map(({ user, reads }: { user: string; reads: number }) => [user, reads]),
    [["ann", 2]],
  );
  const none = await audit("who-read", "default/db", "--until", "2020-01-01T00:00:00Z");
  assert.match(none.stdout, /^default\/db: nobody is on record as having received values of it\.$/m);
});

test("by lists what a user did in a table or as JSON lines, filtered, up to a limit", async () => {
  const { code, stdout, stderr } = await audit("by", "ann");
  assert.equal(code, 0, stderr);
  const [head = "", first = "", ...rest] = stdout.trimEnd().split("\n");
  assert.match(head, /^ENTRY +TIME +USER +VERB +OBJECT +DECISION +CODE +DOOR +FROM +SEEN$/);
  assert.match(first, /^\d{16} +\S+Z +ann +get +secrets default\/db +allow +200 +kubernetes +127\.0\.0\.1 +here$/);
  assert.ok(rest.length >= 2);
  assert.match(stderr, new RegExp(`^${rest.length + 1} entries, of those before entry \\d+\\.$`, "m"));
  const lines = (
    await audit("by", "bob", "--secret", "default/db", "--decision", "forbid", "-o", "json")
  ).stdout.trimEnd();
  const entry = JSON.parse(lines);
  assert.deepEqual([entry.user.username, entry.responseStatus.code], ["bob", 403]);
  assert.equal((await audit("by", "ann", "--limit", "1", "-o", "json")).stdout.trimEnd().split("\n").length, 1);
  assert.equal((await audit("by", "nobody")).stdout.trimEnd().split("\n").length, 1);
});

test("tail shows the last minutes", async () => {
  const { code, stdout } = await audit("tail", "--user", "bob", "-o", "json");
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).objectRef.name, "db");
});

test("tail -f shows what comes, as it comes, and ends when it is interrupted", async () => {
  using home = new TestHome();
  const words = ["audit", "tail", "-f", "--secret", "default/live", "--verb", "get", "--kubeconfig", server.kubeconfig];
  await using program = new Program(home, words);
  await create(server, secretsPath, secret("live", { data: { password: "eA==" } }));
  await program.printed(/^ENTRY/m);
  for (let round = 1; round <= 3; round++) {
    assert.equal((await ann("GET", `${secretsPath}/live`)).status, 200);
    await program.printed(new RegExp(`(?:ann +get +secrets default/live[^]*){${round}}`));
  }
  program.kill("SIGINT");
  const { code, stdout, stderr } = await program.ended;
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split("\n").length, 4);
});

test("tail -f goes on after a restart of the server, and leaves nothing out", async () => {
  using home = new TestHome();
  const serve = (listen: string) => new Program(home, ["serve", "--listen", listen, "--data-dir", "data"]);
  const first = serve("127.0.0.1:0");
  const url = await first.ready();
  const words = ["audit", "tail", "-f", "--verb", "delete", "-o", "json", "--data-dir", "data"];
  await using tail = new Program(home, words);
  const kubeconfig = home.at("data", "admin.kubeconfig");
  const remove = async (name: string) => {
    const call = await connectTo(url, kubeconfig);
    assert.equal((await call("POST", secretsPath, { body: secret(name, {}) })).status, 201);
    assert.equal((await call("DELETE", `${secretsPath}/${name}`)).status, 200);
  };
  await remove("one");
  await tail.printed(/"name":"one"[^]*"ResponseComplete"/);
  first.kill("SIGKILL");
  await first.ended;
  await using second = serve(new URL(url).host);
  await second.ready();
  await remove("two");
  await tail.printed(/"name":"two"[^]*"stage":"ResponseComplete"/);
  tail.kill("SIGINT");
  const { code, stdout, stderr } = await tail.ended;
  assert.equal(code, 0, stderr);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { position: number; objectRef: { name: string } });
  assert.deepEqual(
    lines.map(({ objectRef }) => objectRef.name),
    ["one", "one", "two", "two"],
  );
  assert.equal(new Set(lines.map(({ position }) => position)).size, 4);
});

test("Whoever has no right is told where rights are written, and what is wrong is said in words", async () => {
  await using kubeconfig = await userKubeconfig(server, "ann");
  const refused = await run("audit", "by", "ann", "--kubeconfig", kubeconfig.path);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /docs\/audit\.md lists which right/);
  for (const [words, message] of [
    [["by"], /the user must be named/],
    [["by", "ann", "--limit", "0"], /--limit must be a whole number of at least 1/],
    [["by", "ann", "--since", "yesterday"], /--since must be a duration/],
    [["tail", "--decision", "maybe"], /--decision must be allow or forbid/],
    [["tail", "--secret", "db"], /--secret must be NAMESPACE\/NAME/],
    [["who-read", "default/db", "--limit", "1001"], /--limit must be a number from 1 to 1000/],
  ] as const) {
    const { code, stderr } = await audit(...words);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});
