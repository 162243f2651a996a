/** `strongroom kms-plugin` from outside: the program, its files, and what a client of the KMS v2 API gets. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { Redacted } from "../../src/crypto/redacted.ts";
import { kmsMethods } from "../../src/crypto/kms/messages.ts";
import { openEscrow } from "../../src/delivery/kms-plugin/escrow.ts";
import { GrpcClient } from "../../src/grpc/grpc-client.ts";
import { run } from "../cli/program.ts";
import { filesWith, PluginHome } from "./plugin-fixture.ts";

const seed = Buffer.alloc(32, "canary-kms-5e11a9");

interface LineOfRecords {
  readonly event?: string;
  readonly keyId?: string;
  readonly uid?: string;
  readonly outcome?: string;
}

function records(home: PluginHome): readonly LineOfRecords[] {
  const lines = readFileSync(`${home.folder}/records.jsonl`, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LineOfRecords);
}

test("kms-plugin encrypts and decrypts, with the key of its status, and puts it on record", async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve();
  using client = home.client();
  const status = await client.status();
  assert.deepEqual({ ...status, keyId: "" }, { version: "v2", healthz: "ok", keyId: "" });
  const wrapped = await client.encrypt(seed);
  assert.equal(wrapped.keyId, status.keyId);
  assert.ok(wrapped.ciphertext.length <= 1024 && !Buffer.from(wrapped.ciphertext).includes(seed));
  assert.deepEqual(Buffer.from(await client.decrypt(wrapped)), seed);
  const changed = Uint8Array.from(wrapped.ciphertext, (byte, index) => (index === 20 ? byte ^ 1 : byte));
  await assert.rejects(() => client.decrypt({ ...wrapped, ciphertext: changed }), { code: "unavailable" });
  await assert.rejects(() => client.decrypt({ ...wrapped, keyId: "0".repeat(32) }), { code: "unavailable" });
  await assert.rejects(() => client.encrypt(Buffer.alloc(997)), { code: "unavailable" });
  await assert.rejects(() => client.encrypt(Buffer.alloc(0)), { code: "unavailable" });
  program.kill("SIGTERM");
  const { code, stdout, stderr } = await program.ended;
  assert.deepEqual([code, stderr], [0, ""]);
  const events = records(home).map(({ event, outcome }) => (outcome === undefined ? event : `${event} ${outcome}`));
  assert.deepEqual(events.slice(0, 5), ["keys-read", "start", "write-key", "encrypt ok", "decrypt ok"]);
  assert.deepEqual(events.slice(5), [
    "decrypt refused",
    "decrypt refused",
    "encrypt refused",
    "encrypt refused",
    "stop",
  ]);
  assert.ok(
    records(home)
      .filter(({ event }) => event === "encrypt")
      .every(({ uid, keyId }) => uid?.length === 36 && keyId === status.keyId),
  );
  for (const text of [stdout, readFileSync(`${home.folder}/records.jsonl`, "utf8")])
    assert.ok(!text.includes("canary"));
});

test("kms-plugin starts cold, without any network, from its sealed file", { skip: noProc() }, async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve();
  using client = home.client();
  const wrapped = await client.encrypt(seed);
  program.kill("SIGKILL");
  await program.ended;
  await using again = await home.serve(); // over the socket that the killed one left
  assert.deepEqual(Buffer.from(await client.decrypt(wrapped)), seed);
  assert.deepEqual(internetSockets(again.pid), []);
});

test("kms-plugin rotates: the running one writes with the new key, and reads with each", async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve();
  using client = home.client();
  const before = await client.encrypt(seed);
  const id = await home.rotate("escrow-2.age");
  assert.notEqual(id, before.keyId);
  program.kill("SIGHUP"); // else it looks at the file every ten seconds
  let status = await client.status();
  while (status.keyId !== id) status = await client.status();
  const after = await client.encrypt(seed);
  assert.equal(after.keyId, id);
  for (const wrapped of [before, after]) assert.deepEqual(Buffer.from(await client.decrypt(wrapped)), seed);
  const { stdout } = await run(home, "kms-plugin", "keys", "--dir", home.folder, "--json");
  assert.deepEqual(
    (JSON.parse(stdout) as { id: string; role: string }[]).map((key) => [key.id, key.role]),
    [
      [before.keyId, "reads"],
      [id, "writes"],
    ],
  );
  program.kill("SIGTERM");
  await program.ended;
});

test("kms-plugin keys come back from an escrow copy under another passphrase, and decrypt what they encrypted", async () => {
  using home = new PluginHome();
  await home.init();
  const id = await home.rotate("escrow-2.age");
  const passphrase = ["--escrow", home.at("escrow-3.age"), "--escrow-passphrase-file", home.at("escrow-passphrase")];
  const rotated = await home.command("rotate", ...passphrase); // writes in ten minutes
  assert.equal(rotated.code, 0, rotated.stderr);
  await using program = await home.serve();
  using client = home.client();
  const wrapped = await client.encrypt(seed);
  assert.equal(wrapped.keyId, id);
  program.kill("SIGTERM");
  await program.ended;
  const restore = async (copy: string, ...key: readonly string[]) => {
    rmSync(home.folder, { recursive: true, force: true });
    const { code, stdout, stderr } = await home.command("restore", "--escrow", home.at(copy), ...key);
    return code === 0 ? stdout : `${code} ${stderr}`;
  };
  writeFileSync(home.at("passphrase"), "another passphrase\n");
  assert.match(await restore("escrow-3.age", "--escrow-passphrase-file", home.at("passphrase")), /^3 .*must be opened/);
  assert.match(await restore("escrow-3.age", "--identity-file", home.at("identity")), /^3 .*must be opened/);
  const secret = new Redacted<Uint8Array>(readFileSync(home.at("escrow-passphrase")).subarray(0, -1));
  const copy = await openEscrow(readFileSync(home.at("escrow-3.age"), "utf8"), { type: "passphrase", secret });
  const opened = await restore("escrow-3.age", "--escrow-passphrase-file", home.at("escrow-passphrase"));
  assert.equal(opened, `3 keys in ${home.folder}\n`);
  assert.equal(copy.bytes.length, 3 * 32);
  for (let at = 0; at < copy.bytes.length; at += 32)
    assert.deepEqual(filesWith(home.path, copy.bytes.subarray(at, at + 32)), [], "no key is anywhere in the clear");
  assert.equal(await restore("escrow-2.age", "--identity-file", home.at("identity")), `2 keys in ${home.folder}\n`);
  await using again = await home.serve();
  assert.deepEqual(Buffer.from(await client.decrypt(wrapped)), seed);
  again.kill("SIGTERM");
});

test("kms-plugin makes no key without an escrow copy, and never replaces keys, copies or what others left", async () => {
  using home = new PluginHome();
  assert.match((await home.command("init")).stderr, /--escrow must name/);
  const nobody = await home.command("init", "--escrow", home.at("escrow.age"));
  assert.match(nobody.stderr, /must say who can open the escrow copy/);
  const stranger = await home.command("init", "--escrow", home.at("e"), "--escrow-recipient", "age1nothing");
  assert.deepEqual([stranger.code, /must be one of age/.test(stranger.stderr)], [2, true]);
  await home.init();
  const text = readFileSync(`${home.folder}/keys.json`);
  for (const name of ["escrow.age", "escrow-2.age"])
    assert.match((await home.command("init", ...home.escrowTo(name))).stderr, /must not exist yet/);
  assert.match(
    (await home.command("rotate", "--in", "0s", ...home.escrowTo("escrow.age"))).stderr,
    /must not exist yet/,
  );
  assert.deepEqual(readFileSync(`${home.folder}/keys.json`), text);
  mkdirSync(home.at("run"), { mode: 0o700 });
  writeFileSync(home.socket, "somebody's file");
  const served = await home.command("serve", "--socket", home.socket);
  assert.deepEqual([served.code, readFileSync(home.socket, "utf8")], [2, "somebody's file"]);
});

test("kms-plugin refuses files that others can read or write, and a passphrase out of a volume of the cluster", async () => {
  using home = new PluginHome();
  await home.init();
  chmodSync(home.at("passphrase"), 0o644);
  const open = await home.command("serve", "--socket", home.socket);
  assert.deepEqual([open.code, /must be closed to group and others/.test(open.stderr)], [3, true]);
  chmodSync(home.at("passphrase"), 0o600);
  mkdirSync(home.at("shared"));
  chmodSync(home.at("shared"), 0o777);
  const shared = await home.command("serve", "--socket", home.at("shared", "kms.sock"));
  assert.deepEqual([shared.code, /must not be writable by its group or by others/.test(shared.stderr)], [2, true]);
  mkdirSync(home.at("volume", "..2026_01_01_00_00_00.1"), { recursive: true });
  writeFileSync(home.at("volume", "..2026_01_01_00_00_00.1", "passphrase"), "x".repeat(20), { mode: 0o600 });
  symlinkSync("..2026_01_01_00_00_00.1", home.at("volume", "..data"));
  symlinkSync("..data/passphrase", home.at("volume", "passphrase"));
  const volume = home.at("volume", "passphrase");
  const circular = await run(home, "kms-plugin", "serve", "--dir", home.folder, "--passphrase-file", volume);
  assert.deepEqual([circular.code, /must not come from a volume of the cluster/.test(circular.stderr)], [2, true]);
});

test("kms-plugin serves one at a time, and its socket is for its owner alone", async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve();
  assert.equal(statSync(home.socket).mode & 0o777, 0o600);
  const second = await home.command("serve", "--socket", home.socket);
  assert.deepEqual([second.code, /must not be in use/.test(second.stderr)], [4, true]);
  using client = home.client();
  assert.equal((await client.status()).healthz, "ok");
  program.kill("SIGTERM");
});

test("kms-plugin goes on under connections that send garbage, nothing, or too much", async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve();
  using client = home.client();
  const { keyId } = await client.status();
  const silent = Array.from({ length: 20 }, () => connect(home.socket));
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const garbage = ["GET / HTTP/1.1\r\n\r\n", "\0".repeat(1000), Buffer.concat([preface, Buffer.alloc(5000, 255)])];
  for (const bytes of garbage) {
    const socket = connect(home.socket);
    socket.on("error", () => {}); // it may be reset
    socket.end(bytes);
    await once(socket.resume(), "close");
  }
  using large = new GrpcClient({ connect: () => connect(home.socket), messageBytesMax: 1000 });
  await assert.rejects(large.unary(kmsMethods.encrypt, Buffer.alloc(1024 * 1024), 3000), { code: 8 });
  await assert.rejects(large.unary("/v2.KeyManagementService/Export", Buffer.alloc(0), 3000), { code: 12 });
  assert.equal((await client.status()).keyId, keyId);
  for (const socket of silent) socket.destroy();
  program.kill("SIGTERM");
  assert.equal((await program.ended).code, 0);
});

test("kms-plugin tells its health and metrics, also that its socket was replaced and its key file is another's", async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve("--health-listen", "127.0.0.1:0");
  const url = (await program.printed(/^health (http:\S+)\/readyz$/m))[1] ?? "";
  using client = home.client();
  await client.status();
  assert.deepEqual(await get(`${url}/readyz`), [200, "ok\n"]);
  const [, metrics] = await get(`${url}/metrics`);
  assert.match(metrics, /^strongroom_kms_plugin_calls_total\{method="Status",status="0"\} 1$/m);
  assert.match(metrics, /^strongroom_kms_plugin_keys 1$/m);
  rmSync(home.socket);
  writeFileSync(home.socket, "");
  assert.deepEqual(await get(`${url}/readyz`), [503, "socket: the path of the socket must lead to this plugin\n"]);
  program.kill("SIGTERM");
  await program.ended;
});

test("kms-plugin keeps its keys while the file on the disk is missing, damaged or another's, and says so", async () => {
  using home = new PluginHome();
  await home.init();
  await using program = await home.serve("--health-listen", "127.0.0.1:0");
  const url = (await program.printed(/^health (http:\S+)\/readyz$/m))[1] ?? "";
  using client = home.client();
  const wrapped = await client.encrypt(seed);
  writeFileSync(`${home.folder}/keys.json`, "{}");
  program.kill("SIGHUP");
  let health = await get(`${url}/readyz`);
  while (health[0] === 200) health = await get(`${url}/readyz`);
  assert.match(health[1], /^keys: StrongroomError: the key file must be a KmsPluginKeys/);
  assert.deepEqual(Buffer.from(await client.decrypt(wrapped)), seed);
  assert.equal((await client.status()).keyId, wrapped.keyId);
  program.kill("SIGTERM");
});

function get(url: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve([answer.statusCode ?? 0, text]));
    });
    asked.on("error", reject);
    asked.end();
  });
}

function noProc(): string | false {
  return process.platform === "linux" ? false : "sockets of a process are looked up in /proc";
}

/** The TCP and UDP sockets of a process. */
function internetSockets(pid: number): readonly string[] {
  const ofProcess = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed meanwhile
    }
  });
  const inodes = new Set(ofProcess);
  const listed = ["tcp", "tcp6", "udp", "udp6"].flatMap((protocol) =>
    readFileSync(`/proc/${pid}/net/${protocol}`, "utf8").split("\n").slice(1),
  );
  return listed.filter((line) => inodes.has(line.trim().split(/\s+/)[9] ?? ""));
}
