/** `strongroom secret ...` against a running server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { defaultVersionLimits } from "../../src/core/secrets/version-retention.ts";
import { base64, create, secret, secretsPath } from "../support/api-objects.ts";
import { compacted } from "../support/compacted-server.ts";
import { bindingObject, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { grant, userKubeconfig } from "../support/user-client.ts";
import { run } from "../sight/run-sight.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const canary = `canary-${randomBytes(24).toString("base64url")}`;

async function put(name: string, data: Record<string, string>): Promise<void> {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
  const body = secret(name, { data: encoded });
  const there = (await server.call("GET", `${secretsPath}/${name}`)).status === 200;
  if (!there) await create(server, secretsPath, body);
  else assert.equal((await server.call("PUT", `${secretsPath}/${name}`, { body })).status, 200);
}

before(async () => {
  await put("db", { password: canary, user: "ann" });
  await put("db", { password: "second", user: "ann", host: "h" });
  await put("db", { password: "third" });
});

async function secretCommand(...args: string[]) {
  return run("secret", ...args, "--kubeconfig", server.kubeconfig);
}

test("history shows who wrote which keys when, the newest first, and no value", async () => {
  const { stdout, code } = await secretCommand("history", "default/db");
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? "", /^VERSION +WHEN +WHO +DOOR +KEYS +BYTES +CHANGES$/);
  assert.match(
    lines[1] ?? "",
    /^v3 \(current\) +\d{4}-\S+Z +strongroom-admin +kubernetes +1 +\d+ +~password -host -user$/,
  );
  assert.match(lines[3] ?? "", / \+password \+user$/);
  const json = JSON.parse((await secretCommand("history", "db", "-n", "default", "-o", "json")).stdout);
  assert.deepEqual(
    json.map(({ version }: { version: number }) => version),
    [1, 2, 3],
  );
  const none = await secretCommand("history", "default/nothing");
  assert.equal(none.code, 1);
  assert.match(none.stderr, /default\/nothing must be a secret that keeps versions/);
});

test("diff names keys, and shows values only when asked to", async () => {
  const last = await secretCommand("diff", "default/db");
  assert.equal(last.stdout, "default/db: v2 to v3\n- host\n~ password\n- user\n");
  const all = await secretCommand("diff", "default/db", "--from", "1", "--to", "v3");
  assert.equal(all.stdout, "default/db: v1 to v3\n~ password\n- user\n");
  const revealed = await secretCommand("diff", "default/db", "--from", "1", "--reveal");
  assert.equal(revealed.stdout, `default/db: v1 to v3\n~ password\n    - ${canary}\n    + third\n- user\n    - ann\n`);
  const first = await secretCommand("diff", "default/db", "--to", "1");
  assert.equal(first.stdout, "default/db: before the first version to v1\n+ password\n+ user\n");
  const same = await secretCommand("diff", "default/db", "--from", "2", "--to", "2");
  assert.equal(same.stdout, "default/db: v2 to v2\nno key is other\n");
  const missing = await secretCommand("diff", "default/db", "--to", "9");
  assert.match(missing.stderr, /version 9 of default\/db must be kept; v1 to v3 are/);
  assert.equal((await secretCommand("diff", "default/db", "--to", "x")).code, 2);
});

test("rollback brings the values of a version back as a new one", async () => {
  await put("back", { a: "1" });
  await put("back", { a: "2" });
  const dry = await secretCommand("rollback", "default/back", "--to", "1", "--dry-run");
  assert.equal(dry.stdout, "default/back could be rolled back to version 1; nothing was done\n");
  const done = await secretCommand("rollback", "default/back", "--to", "1");
  assert.equal(done.stdout, "default/back has the values of version 1 again, as version 3\n");
  const again = await secretCommand("rollback", "default/back", "--to", "1");
  assert.equal(again.stdout, "default/back has the values of version 1 already; it stays at version 3\n");
  assert.deepEqual((await server.call("GET", `${secretsPath}/back`)).json.data, { a: base64("1") });
  assert.match((await secretCommand("history", "default/back")).stdout, /again v1/);
  const stale = await secretCommand("rollback", "default/back", "--to", "2", "--resource-version", "1");
  assert.equal(stale.code, 1);
  assert.match(stale.stderr, /409.*the object has been modified/);
  assert.equal((await secretCommand("rollback", "default/back")).code, 2);
});

test("undelete brings back what was deleted last, or the one that is named; purge removes it for good", async () => {
  const remove = () => server.call("DELETE", `${secretsPath}/gone`);
  await put("gone", { first: "1" });
  await remove();
  await put("gone", { second: "2" });
  const taken = await secretCommand("undelete", "default/gone");
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /secrets "gone" already exists/);
  await remove();
  const dry = await secretCommand("undelete", "default/gone", "--dry-run");
  assert.match(dry.stdout, /^default\/gone, deleted by strongroom-admin at \S+, could come back; nothing was done$/m);
  const uids = (await server.call("GET", "/apis/strongroom.dev/v1/namespaces/default/deletedsecrets")).json.items
    .filter((item: { version: number; secret: string }) => item.secret === "gone")
    .map(({ metadata }: { metadata: { name: string } }) => metadata.name.split(".").at(-1));
  assert.equal(uids.length, 2);
  const data: object[] = [];
  for (const uid of uids) {
    const back = await secretCommand("undelete", "default/gone", "--uid", uid);
    assert.match(back.stdout, /is back, as version 2\n$/, back.stderr);
    data.push((await server.call("GET", `${secretsPath}/gone`)).json.data);
    await remove();
  }
  assert.deepEqual(new Set(data.flatMap((each) => Object.keys(each))), new Set(["first", "second"]));
  assert.equal((await secretCommand("purge", "default/gone")).code, 2, "it must be confirmed");
  assert.match(
    (await secretCommand("purge", "default/gone", "--dry-run")).stdout,
    /could be purged with all its versions/,
  );
  assert.equal((await secretCommand("undelete", "default/gone", "--dry-run")).code, 0, "it is still there");
  for (let left = uids.length; left > 0; left--) {
    const purged = await secretCommand("purge", "default/gone", "--yes");
    assert.match(purged.stdout, /is purged with all its versions up to 2\n$/, purged.stderr);
  }
  const none = await secretCommand("undelete", "default/gone");
  assert.equal(none.code, 1);
  assert.match(none.stderr, /default\/gone must be in the trash/);
});

test("get shows a secret as it is, as it was at a time and at a revision", async () => {
  await put("then", { a: "old" });
  const first = (await server.call("GET", `${secretsPath}/then`)).json.metadata.resourceVersion;
  const before = new Date(Date.now() - 60_000).toISOString();
  await put("then", { a: "new", b: "more" });
  const [one, two] = JSON.parse((await secretCommand("history", "default/then", "-o", "json")).stdout);
  const now = await secretCommand("get", "default/then");
  assert.match(now.stdout, /^default\/then: resourceVersion \d+\n {2}a: 3 bytes\n {2}b: 4 bytes\n$/);
  const old = await secretCommand("get", "default/then", "--at", one.time);
  assert.equal(old.stdout, `default/then: version 1, written by strongroom-admin at ${one.time}\n  a: 3 bytes\n`);
  const shown = await secretCommand("get", "default/then", "--at", two.time, "--reveal");
  assert.match(shown.stdout, /\n {2}a: new\n {2}b: more\n$/);
  const exact = await secretCommand("get", "default/then", "--revision", first, "--reveal");
  assert.equal(exact.stdout, `default/then: resourceVersion ${first}\n  a: old\n`);
  const early = await secretCommand("get", "default/then", "--at", before);
  assert.equal(early.code, 1);
  assert.match(early.stderr, /default\/then must have been there at/);
  await server.call("DELETE", `${secretsPath}/then`);
  const gone = await secretCommand("get", "default/then", "--at", one.time);
  assert.match(gone.stderr, /was deleted at .*\n.*strongroom secret undelete default\/then/);
  for (const bad of [
    ["--at", "tomorrow"],
    ["--at", "2999-01-01T00:00:00Z"],
    ["--revision", "x"],
    ["--at", "1h", "--revision", "1"],
  ]) {
    assert.equal((await secretCommand("get", "default/then", ...bad)).code, 2, bad.join(" "));
  }
});

test("list shows what there was, and what is gone since", async () => {
  await create(server, "/api/v1/namespaces", { metadata: { name: "listed" } });
  const path = "/api/v1/namespaces/listed/secrets";
  await create(server, path, secret("stays", { data: { a: base64("1") } }));
  const created = await create(server, path, secret("goes", { data: { a: base64("1") } }));
  const [{ time }] = (await server.call("GET", "/apis/strongroom.dev/v1/namespaces/listed/secretversions")).json.items;
  await server.call("DELETE", `${path}/goes`);
  const now = await secretCommand("list", "listed");
  assert.match(now.stdout, /^NAME +CREATED +RESOURCEVERSION\nstays +\S+Z +\d+\n$/);
  const then = await secretCommand("list", "listed", "--revision", created.metadata.resourceVersion);
  assert.match(then.stdout, /\ngoes .*\nstays /);
  const at = await secretCommand("list", "listed", "--at", time);
  assert.match(at.stdout, /\ngoes +in the trash since \S+; may have been there\n(?:stays +v1 +\S+\n)?$/);
  assert.equal((await secretCommand("list")).code, 2);
});

test("What is past a retention is told to be past that one", async () => {
  const versions = { ...defaultVersionLimits, promotionsMax: 2, keptMsMin: 0, trashRetentionMs: 1e9 };
  await using small = await startTestServer({ versions });
  await create(small, secretsPath, secret("db", { data: { n: base64("0") } }));
  const past = new Date().toISOString();
  for (let n = 1; n < 4; n++) {
    await small.call("PUT", `${secretsPath}/db`, { body: secret("db", { data: { n: base64(String(n)) } }) });
  }
  const old = await run("secret", "get", "default/db", "--at", past, "--kubeconfig", small.kubeconfig);
  assert.match(
    old.stderr,
    /is past the retention of versions: the oldest that is kept is v3 of .*Z\n.*versions\.perSecret/,
  );
  const listed = await run("secret", "list", "default", "--at", past, "--kubeconfig", small.kubeconfig);
  assert.match(listed.stdout, /\ndb +its version of then is past the retention of versions\n$/);
  await using short = await compacted(await startTestServer());
  const gone = await run("secret", "get", "default/db", "--revision", "1", "--kubeconfig", short.kubeconfig);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /revision 1 is past the retention of revisions\n.*history\.retain/);
});

test("Whoever has no right to the history is told so, and of metadata alone gets no value", async () => {
  await using nobody = await userKubeconfig(server, "nobody");
  await grant(server, "namer", ["get,list", "secrets"]);
  await using namer = await userKubeconfig(server, "namer");
  const commands = [
    ["history", "default/db"],
    ["diff", "default/db", "--reveal"],
    ["rollback", "default/db", "--to", "1"],
  ];
  for (const { path } of [nobody, namer]) {
    for (const command of [...commands, ["undelete", "default/db"], ["purge", "default/db", "--yes"]]) {
      const { code, stderr, stdout } = await run("secret", ...command, "--kubeconfig", path);
      assert.equal(code, 1);
      assert.match(stderr, /403/);
      assert.equal(stdout, "");
    }
  }
});

test("Whoever has the history and not its values is told which keys differ, and --reveal takes the right to values", async () => {
  const path = `${rbacPath}/namespaces/default`;
  const rules = (...resources: string[]) => [{ apiGroups: ["strongroom.dev"], resources, verbs: ["get", "list"] }];
  const role = (...resources: string[]) => ({ ...roleObject("historian"), rules: rules(...resources) });
  await create(server, `${path}/roles`, role("secretversions"));
  await create(server, `${path}/rolebindings`, bindingObject("historian", "Role historian", "User historian"));
  await using historian = await userKubeconfig(server, "historian");
  const diff = (...args: string[]) => run("secret", "diff", "default/db", ...args, "--kubeconfig", historian.path);
  const args = ["--from", "1", "--to", "2"];
  const keys = await diff(...args);
  assert.equal(keys.stdout, "default/db: v1 to v2\n+ host\n~ password\n", keys.stderr);
  const refused = await diff(...args, "--reveal");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /403/);
  assert.ok(!`${refused.stdout}${refused.stderr}`.includes(canary));
  const body = role("secretversions", "secretversions/value");
  assert.equal((await server.call("PUT", `${path}/roles/historian`, { body })).status, 200);
  const revealed = await diff(...args, "--reveal");
  assert.match(revealed.stdout, new RegExp(`\n {4}- ${canary}\n {4}\\+ second\n$`), revealed.stderr);
});
