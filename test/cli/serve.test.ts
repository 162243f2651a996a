/** `strongroom serve` and `strongroom kubeconfig` as programs: start, stop, refusals, certificates. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";

import { ApiClient, at } from "../../src/cli/api-client.ts";
import { Program, run, TestHome } from "./program.ts";

const freePort = ["--listen", "127.0.0.1:0"];

/** Where things are in a home without further configuration. */
function placesOf(home: TestHome) {
  const dataDir = home.at(".local", "share", "strongroom");
  return { dataDir, kubeconfig: join(dataDir, "admin.kubeconfig"), keys: home.at(".config", "strongroom", "keys") };
}

/** Starts and stops a server once, so that its data directory and its root key exist. */
async function initialise(home: TestHome): Promise<void> {
  await using server = new Program(home, ["serve", ...freePort]);
  await server.ready();
  server.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
}

/** Path, mode and content of everything below a folder. */
function fingerprint(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(folder, name);
    const { mode, mtimeMs } = statSync(path);
    hash.update(`${name} ${mode} ${mtimeMs}\n`);
    if (statSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}

async function statusOf(kubeconfig: string, path: string): Promise<number> {
  using client = new ApiClient(kubeconfig);
  return (await client.send("GET", path)).status;
}

function serverIn(kubeconfig: string): unknown {
  return at(at(at(at(parse(kubeconfig), "clusters"), 0), "cluster"), "server");
}

test("serve tells its facts, serves the administrator, and ends with code 0 at SIGTERM", async () => {
  using home = new TestHome();
  const { dataDir, kubeconfig, keys } = placesOf(home);
  await using server = new Program(home, ["serve", ...freePort]);
  const url = await server.ready();
  assert.match(url, /^https:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const text = readFileSync(kubeconfig, "utf8");
  assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);
  assert.equal(serverIn(text), url);
  assert.equal(await statusOf(text, "/api/v1/namespaces"), 200);
  const health = await run(home, "health", "--server", url);
  assert.equal(health.code, 0, health.stderr);

  server.kill("SIGTERM");
  const ended = await server.ended;
  assert.equal(ended.code, 0, ended.stderr);
  const lines = ended.stdout.split("\n");
  for (const fact of [`data directory ${dataDir} `, `root key ${keys}/`, `administrator's kubeconfig ${kubeconfig} `]) {
    assert.equal(lines.filter((line) => line.startsWith(fact)).length, 1, ended.stdout);
  }
  assert.equal(lines.at(-2), `ready ${url}`);
});

test("serve stops at SIGINT, and SIGHUP does not stop it", async () => {
  using home = new TestHome();
  await using server = new Program(home, ["serve", ...freePort]);
  const url = await server.ready();
  server.kill("SIGHUP");
  assert.equal((await run(home, "health", "--server", url)).code, 0);
  server.kill("SIGINT");
  const { code, signal } = await server.ended;
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
});

test("serve goes on when nobody reads its standard output", async () => {
  using home = new TestHome();
  const folder = home.at("out");
  mkdirSync(folder);
  const changes = watch(folder, { signal: AbortSignal.timeout(30_000) });
  await using server = new Program(home, ["serve", ...freePort, "--admin-kubeconfig", join(folder, "admin")]);
  server.closeStdout();
  for await (const { filename } of changes) if (filename === "admin") break;
  const url = serverIn(readFileSync(join(folder, "admin"), "utf8"));
  assert.equal((await run(home, "health", "--server", String(url))).code, 0);
  server.kill("SIGTERM");
  assert.equal((await server.ended).code, 0);
});

test("serve --try shows commands with paths from where the person stands", async () => {
  using home = new TestHome();
  mkdirSync(home.at("examples", "secrets"), { recursive: true });
  await using server = new Program(home, ["serve", ...freePort, "--try", "examples"]);
  await server.printed(/^Ctrl-C stops it\.$/m);
  server.kill("SIGTERM");
  const { stdout } = await server.ended;
  assert.match(stdout, /^ready https:.*\n\n/m);
  assert.ok(stdout.includes(`\n  export KUBECONFIG=${placesOf(home).kubeconfig}\n  kubectl get namespaces\n`), stdout);
  assert.match(stdout, /^ {2}kubectl apply -f examples\/secrets\/$/m);
});

test("a second serve on the same data directory ends with code 4 and leaves the first alone", async () => {
  using home = new TestHome();
  await using first = new Program(home, ["serve", ...freePort]);
  const url = await first.ready();
  const second = await run(home, "serve", ...freePort);
  assert.equal(second.code, 4, second.stderr);
  assert.match(second.stderr, /must be used by one process at a time/);
  assert.doesNotMatch(second.stdout, /^ready/m);
  assert.equal(await statusOf(readFileSync(placesOf(home).kubeconfig, "utf8"), "/api/v1/namespaces"), 200);
  assert.equal((await run(home, "health", "--server", url)).code, 0);
});

test("serve on a data directory that others may write to ends with code 2, says what to do and writes nothing", async () => {
  using home = new TestHome();
  const dataDir = home.at("data");
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o777);
  const { code, stderr } = await run(home, "serve", ...freePort, "--data-dir", dataDir);
  assert.equal(code, 2, stderr);
  assert.match(stderr, new RegExp(`must not be writable by its group or by others: run chmod go-w ${dataDir}`));
  assert.deepEqual(readdirSync(dataDir), []);
});

test("serve on an address in use ends with code 4 and names the address", async () => {
  using home = new TestHome();
  const occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = occupant.address() as AddressInfo; // a bound TCP server has one
    const { code, stderr } = await run(home, "serve", "--listen", `127.0.0.1:${port}`);
    assert.equal(code, 4, stderr);
    assert.match(
      stderr,
      new RegExp(`^strongroom: 127\\.0\\.0\\.1:${port} is in use by another program\nStop that program, or`, "m"),
    );
  } finally {
    occupant.close();
  }
});

const keyLosses: readonly (readonly [string, (keyFile: string) => void])[] = [
  ["missing", (keyFile) => renameSync(keyFile, `${keyFile}.away`)],
  ["damaged", (keyFile) => writeFileSync(keyFile, readFileSync(keyFile, "utf8").replace(/^key: ./m, "key: +"))],
];

for (const [loss, lose] of keyLosses) {
  test(`serve and kubeconfig with the root key ${loss} end with code 3 and touch nothing`, async () => {
    using home = new TestHome();
    const { dataDir, keys } = placesOf(home);
    await initialise(home);
    lose(join(keys, readdirSync(keys)[0] ?? ""));
    const before = fingerprint(home.path);
    for (const args of [["serve", ...freePort], ["kubeconfig"]]) {
      const { code, stdout, stderr } = await run(home, ...args);
      assert.equal(code, 3, stderr);
      assert.match(
        stderr,
        /^strongroom: the root key file .*\nNothing was changed\. Name the right file with --root-key-file/,
      );
      assert.equal(stdout, "");
    }
    assert.equal(fingerprint(home.path), before, dataDir);
  });
}

test("serve with the root key of another instance ends with code 3 and touches nothing", async () => {
  using home = new TestHome();
  using other = new TestHome();
  await initialise(home);
  await initialise(other);
  const { keys } = placesOf(other);
  const before = fingerprint(home.path);
  const { code, stderr } = await run(
    home,
    "serve",
    ...freePort,
    "--root-key-file",
    join(keys, readdirSync(keys)[0] ?? ""),
  );
  assert.equal(code, 3, stderr);
  assert.equal(fingerprint(home.path), before);
});

test("serve warns of a root key inside the data directory", async () => {
  using home = new TestHome();
  const dataDir = home.at("data");
  await using server = new Program(home, [
    "serve",
    ...freePort,
    "--data-dir",
    dataDir,
    "--root-key-file",
    join(dataDir, "key"),
  ]);
  await server.ready();
  server.kill("SIGTERM");
  assert.match((await server.ended).stderr, /^Warning: the root key file is inside the data directory/);
});

test("serve reads a configuration file", async () => {
  using home = new TestHome();
  writeFileSync(
    home.at("strongroom.yaml"),
    [
      "apiVersion: strongroom.dev/v1alpha1",
      "kind: ServerConfiguration",
      "dataDir: data",
      "listen: 127.0.0.1:0",
      "rootKey: {file: keys/root.key}",
      "adminKubeconfig: admin.yaml",
    ].join("\n"),
  );
  await using server = new Program(home, ["serve", "--config", "strongroom.yaml"]);
  const url = await server.ready();
  assert.equal(serverIn(readFileSync(home.at("admin.yaml"), "utf8")), url);
  assert.equal(statSync(home.at("keys", "root.key")).mode & 0o777, 0o600);
  assert.ok(statSync(home.at("data")).isDirectory());
});

test("kubeconfig issues certificates for others while the server runs", async () => {
  using home = new TestHome();
  await using server = new Program(home, ["serve", ...freePort]);
  const url = await server.ready();
  const expected: readonly (readonly [readonly string[], number])[] = [
    [["--user", "jane", "--group", "strongroom:admins", "--ttl", "1h"], 200],
    [["--user", "jane", "--group", "developers"], 403],
    [["--super-admin"], 200],
  ];
  for (const [args, status] of expected) {
    const { code, stdout, stderr } = await run(home, "kubeconfig", ...args);
    assert.equal(code, 0, stderr);
    assert.equal(serverIn(stdout), url);
    assert.equal(await statusOf(stdout, "/api/v1/namespaces"), status, args.join(" "));
    assert.equal(stderr.startsWith("Warning: system:masters may do everything"), args.includes("--super-admin"));
  }
});

test("kubeconfig without a user renews the administrator's and prints its path", async () => {
  using home = new TestHome();
  const { kubeconfig } = placesOf(home);
  await using server = new Program(home, ["serve", ...freePort]);
  await server.ready();
  const before = readFileSync(kubeconfig, "utf8");
  const { code, stdout } = await run(home, "kubeconfig");
  assert.equal(code, 0);
  assert.equal(stdout, `${kubeconfig}\n`);
  const renewed = readFileSync(kubeconfig, "utf8");
  assert.notEqual(renewed, before);
  assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);
  assert.equal(await statusOf(renewed, "/api/v1/namespaces"), 200);
});

test("kubeconfig works while the server is stopped, for another address too, and the next start accepts it", async () => {
  using home = new TestHome();
  await initialise(home);
  const file = home.at("jane.kubeconfig");
  const issued = await run(home, "kubeconfig", "--user", "jane", "--group", "strongroom:admins", "--output", file);
  assert.equal(issued.code, 0, issued.stderr);
  assert.equal(issued.stdout, `${file}\n`);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(serverIn(readFileSync(file, "utf8")), "https://127.0.0.1:8443");

  const elsewhere = await run(home, "kubeconfig", "--server", "https://secrets.example.com:9443", "--output", "-");
  assert.equal(elsewhere.code, 0, elsewhere.stderr);
  assert.equal(serverIn(elsewhere.stdout), "https://secrets.example.com:9443");

  await using server = new Program(home, ["serve", ...freePort]);
  const url = await server.ready();
  const jane = readFileSync(file, "utf8").replace("https://127.0.0.1:8443", url);
  assert.equal(await statusOf(jane, "/api/v1/namespaces"), 200);
});
