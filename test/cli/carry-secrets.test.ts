/** Secrets from one server to another: export, import, and out of a backup into a server that runs. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { backupBytes, identity, placeOf } from "../backup/backup-place.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import { run, TestHome } from "./program.ts";

const canary = "canary-7f2d9c1ab4";

function path(namespace: string, name = ""): string {
  return `/api/v1/namespaces/${namespace}/secrets${name === "" ? "" : `/${name}`}`;
}

async function put(
  server: TestServer,
  namespace: string,
  name: string,
  data: Record<string, string>,
  more: object = {},
) {
  const { metadata = {}, ...rest } = more as { metadata?: object };
  const body = { metadata: { name, ...metadata }, stringData: data, ...rest };
  const created = await server.call("POST", path(namespace), { body });
  if (created.status === 201) return;
  const replaced = await server.call("PUT", path(namespace, name), { body });
  assert.equal(replaced.status, 200, `${created.text} ${replaced.text}`);
}

async function values(server: TestServer, namespace: string, name: string): Promise<unknown> {
  const { json } = await server.call("GET", path(namespace, name));
  const entries = Object.entries<string>(json.data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

describe("Secrets are carried", () => {
  let source: TestServer;
  let target: TestServer;
  const home = new TestHome();

  before(async () => {
    source = await startTestServer();
    target = await startTestServer();
    await source.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "prod" } } });
    await put(source, "prod", "db", { user: "ann", password: canary }, { metadata: { labels: { app: "db" } } });
    await put(source, "prod", "odd", { __proto__x: "1", "a.b-c_d": "two\nlines\n" }, { type: "example.com/odd" });
    await put(source, "default", "plain", { a: "b" }, { immutable: true });
    const proto = { metadata: { name: "proto" }, data: JSON.parse('{"__proto__":"eA=="}') };
    assert.equal((await source.call("POST", path("prod"), { body: JSON.stringify(proto) })).status, 201);
  });

  after(async () => {
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  test("by export to a file that only its owner may read, with the namespaces, and every secret on record", async () => {
    const ended = await run(home, "export", "all.yaml", "--kubeconfig", source.kubeconfig);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(statSync(home.at("all.yaml")).mode & 0o777, 0o600);
    const text = readFileSync(home.at("all.yaml"), "utf8");
    assert.match(text, /kind: Namespace\nmetadata:\n {2}name: prod\n/);
    assert.ok(text.includes(Buffer.from(canary).toString("base64")));
    assert.ok(!text.includes("resourceVersion") && !text.includes("managedFields"));
    const disclosed = new Set((await auditEvents(source)).flatMap(disclosuresOf).map(({ name }) => name));
    for (const name of ["db", "odd", "plain", "proto"]) assert.ok(disclosed.has(name), name);
    const again = await run(home, "export", "all.yaml", "--kubeconfig", source.kubeconfig);
    assert.match(again.stderr, /must not exist yet/);
  });

  test("by import of manifests: a dry run says what would change, without values, and changes nothing", async () => {
    const dry = await run(home, "import", "-f", "all.yaml", "--dry-run", "--to", target.kubeconfig);
    assert.equal(dry.code, 0, dry.stderr);
    assert.deepEqual(dry.stdout.trim().split("\n").toSorted(), [
      "would be created: default/plain +a",
      "would be created: prod/db +password +user",
      "would be created: prod/odd +__proto__x +a.b-c_d",
      "would be created: prod/proto +__proto__",
    ]);
    assert.match(dry.stderr, /4 created; nothing was done/);
    assert.equal((await target.call("GET", "/api/v1/namespaces/prod")).status, 404);
    for (const ended of [dry]) assert.ok(!`${ended.stdout}${ended.stderr}`.includes(canary));
  });

  test("by import of manifests, into namespaces that are made; what is the same stays as it is", async () => {
    const done = await run(home, "import", "-f", "all.yaml", "--to", target.kubeconfig);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /4 created/);
    assert.match(done.stderr, /Passed over 2 manifests of other kinds/);
    assert.deepEqual(await values(target, "prod", "db"), { user: "ann", password: canary });
    const [before_, after_] = await Promise.all(
      [source, target].map(async (server) => (await server.call("GET", path("prod", "odd"))).json),
    );
    assert.deepEqual([after_.data, after_.type], [before_.data, before_.type]);
    assert.equal((await target.call("GET", path("default", "plain"))).json.immutable, true);
    assert.deepEqual(Object.keys((await target.call("GET", path("prod", "proto"))).json.data), ["__proto__"]);
    const again = await run(home, "import", "-f", "all.yaml", "--to", target.kubeconfig);
    assert.equal(again.stdout, "");
    assert.match(again.stderr, /4 unchanged/);
  });

  test("and what differs is kept, unless it is to be overwritten", async () => {
    await put(
      target,
      "prod",
      "db",
      { user: "ann", password: "changed here", extra: "x" },
      { metadata: { labels: { app: "db" } } },
    );
    const args = ["import", "--kubeconfig", source.kubeconfig, "--namespace", "prod", "--to", target.kubeconfig];
    const kept = await run(home, ...args);
    assert.equal(kept.stdout, "kept: prod/db ~password -extra\n", kept.stderr);
    assert.deepEqual(await values(target, "prod", "db"), { user: "ann", password: "changed here", extra: "x" });
    const done = await run(home, ...args, "--overwrite");
    assert.equal(done.stdout, "replaced: prod/db ~password -extra\n", done.stderr);
    assert.match(done.stderr, /1 replaced, 2 unchanged/);
    assert.deepEqual(await values(target, "prod", "db"), { user: "ann", password: canary });
  });

  test("and what the server refuses is told, and stops nothing else", async () => {
    mkdirSync(home.at("many"));
    const secret = (name: string, data: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\n${data}\n`;
    writeFileSync(home.at("many", "1.yaml"), secret("Bad_Name", "stringData: {a: b}"));
    writeFileSync(home.at("many", "2.yaml"), secret("plain", "stringData: {a: other}")); // immutable there
    writeFileSync(
      home.at("many", "3.json"),
      `{"kind":"List","items":[${JSON.stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "good", namespace: "default" },
        stringData: { a: "b" },
      })}]}`,
    );
    writeFileSync(home.at("many", "4.txt"), "no manifest");
    const ended = await run(home, "import", "-f", "many", "--overwrite", "--to", target.kubeconfig);
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stdout, /^refused: default\/Bad_Name .*422/m);
    assert.match(ended.stdout, /^refused: default\/plain .*immutable/m);
    assert.match(ended.stdout, /^created: default\/good \+a$/m);
    assert.deepEqual(await values(target, "default", "good"), { a: "b" });
  });

  test("and manifests that cannot be read are named, not shown", async () => {
    writeFileSync(home.at("broken.yaml"), `data: [${canary}\n`);
    writeFileSync(home.at("wrong.yaml"), `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: [${canary}]\n`);
    for (const [file, message] of [
      ["broken.yaml", /broken\.yaml must be valid YAML or JSON/],
      ["wrong.yaml", /the secret x in wrong\.yaml: data must be a mapping/],
      ["nowhere.yaml", /no such file/],
    ] as const) {
      const ended = await run(home, "import", "-f", file, "--to", target.kubeconfig);
      assert.notEqual(ended.code, 0);
      assert.match(ended.stderr, message);
      assert.ok(!ended.stderr.includes(canary));
    }
  });

  test("one secret, or one namespace, out of a backup into a server that runs, as new versions", async () => {
    writeFileSync(home.at("backup.age"), await backupBytes(placeOf(source)));
    writeFileSync(home.at("key"), `# of the tests\n${identity}\n`);
    await put(target, "prod", "db", { user: "ann", password: "broken" }, { metadata: { labels: { app: "db" } } });
    assert.equal((await target.call("DELETE", path("prod", "odd"))).status, 200);
    const into = ["--identity", "key", "--kubeconfig", target.kubeconfig, "--namespace", "prod"];
    const args = ["backup", "restore", "backup.age", ...into];
    const dry = await run(home, ...args, "--secret", "db", "--overwrite", "--dry-run");
    assert.equal(dry.stdout, "would be replaced: prod/db ~password\n", dry.stderr);
    assert.deepEqual(await values(target, "prod", "db"), { user: "ann", password: "broken" });
    const one = await run(home, ...args, "--secret", "db", "--overwrite");
    assert.equal(one.stdout, "replaced: prod/db ~password\n", one.stderr);
    assert.deepEqual(await values(target, "prod", "db"), { user: "ann", password: canary });
    const versions = await target.call("GET", "/apis/strongroom.dev/v1/namespaces/prod/secretversions/db.v2/value");
    assert.equal(versions.json.kind, "SecretVersion", versions.text);
    const all = await run(home, ...args);
    assert.equal(all.stdout, "created: prod/odd +__proto__x +a.b-c_d\n", all.stderr);
    const missing = await run(home, ...args, "--secret", "nowhere");
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /the backup must have prod\/nowhere/);
    const damaged = Buffer.from(readFileSync(home.at("backup.age")));
    damaged[damaged.length - 1]! ^= 1; // there are more
    writeFileSync(home.at("damaged.age"), damaged);
    const refused = await run(home, "backup", "restore", "damaged.age", ...into, "--secret", "db", "--overwrite");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /must be whole/);
    assert.ok(![dry, one, all, missing, refused].some(({ stdout, stderr }) => `${stdout}${stderr}`.includes(canary)));
  });

  test("and flags that are about a part need a namespace", async () => {
    const ended = await run(home, "backup", "restore", "backup.age", "--identity", "key", "--dry-run");
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, /--dry-run needs --namespace NAME/);
  });
});
