/** Keys of a plugin are removed by proof from a snapshot that a real etcd wrote, and not otherwise. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { KmsV2Transformer } from "../../src/crypto/kms-v2/kms-v2-transformer.ts";
import { run } from "../cli/program.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import { PluginHome } from "./plugin-fixture.ts";

test("kms-plugin remove takes a key away when nothing in the snapshot needs it, and says what does until then", async () => {
  using home = new PluginHome();
  await home.init();
  const plugin = await home.serve();
  await using _ = plugin;
  await using etcd = await startRealEtcd();
  const key = "/registry/secrets/default/db";
  const write = async () => {
    using client = home.client();
    const transformer = await KmsV2Transformer.create("plugin", client);
    await etcd.put(key, transformer.toStorage(Buffer.from("value"), { key, revision: undefined }));
    return (await client.status()).keyId;
  };
  const snapshot = home.at("etcd.db");
  const save = async (laterMs: number) => {
    await etcd.etcdctl("snapshot", "save", snapshot);
    const time = new Date(Date.now() + laterMs);
    utimesSync(snapshot, time, time);
  };
  const remove = async (id: string) => {
    const { code, stdout, stderr } = await home.command("remove", id, "--etcd-snapshot", snapshot);
    return `${code} ${stdout}${stderr}`;
  };
  const later = 6 * 60_000;
  const keys = () => readFileSync(`${home.folder}/keys.json`, "utf8");

  await save(later);
  const former = await write();
  assert.match(await remove(former), /^1 .*it writes, or will/);
  const id = await home.rotate("escrow-2.age");
  plugin.kill("SIGHUP");
  while ((await write()) !== id); // until it writes with the new key
  await etcd.put(key, "x".repeat(10)); // in the clear
  await save(0);
  const before = keys();
  assert.match(await remove("0".repeat(32)), /^1 .*must be one of the ring/);
  assert.match(await remove(former), /^1 .*snapshot must be from after/);
  await save(later);
  assert.match(await remove(former), /^1 .*\d+ superseded revisions in the snapshot need it: compact the etcd/);
  const [revision = ""] = /"revision":\d+/.exec(await etcd.etcdctl("endpoint", "status", "-w", "json")) ?? [];
  await etcd.etcdctl("compact", revision.split(":")[1] ?? "", "--physical");
  await save(later);
  assert.match(await remove(former), /^1 .*no record under a later key/);
  await etcd.put("/registry/secrets/default/odd", "k8s:enc:other:v1:a:");
  await save(later);
  assert.match(await remove(former), /^1 .*1 revisions in the snapshot are in no form that is known/);
  await etcd.etcdctl("del", "/registry/secrets/default/odd");
  const now = await write();
  assert.equal(now, id);
  await etcd.etcdctl("compact", String(Number(revision.split(":")[1]) + 3), "--physical");
  await save(later);
  const asked = {
    time: new Date(Date.now() + 2 * later).toISOString(),
    event: "decrypt",
    keyId: former,
    outcome: "ok",
  };
  appendFileSync(`${home.folder}/records.jsonl`, `torn {"event":"decrypt\n${JSON.stringify(asked)}\n`);
  assert.match(await remove(former), /^1 .*the plugin was asked for it at .*, after the snapshot/);
  assert.equal(keys(), before);
  await save(3 * later);
  const records = `${home.folder}/records.jsonl`;
  const text = readFileSync(records, "utf8");
  const ours = { time: new Date().toISOString(), event: "encrypt", keyId: former, uid: "strongroom-1", outcome: "ok" };
  appendFileSync(records, `${JSON.stringify(ours)}\n`);
  assert.match(await remove(former), /^1 .*a Strongroom server had its root key or a seed encrypted under it/);
  assert.equal(keys(), before);
  writeFileSync(records, text);
  assert.equal(await remove(former), `0 key ${former} removed\n`);
  const { stdout } = await run(home, "kms-plugin", "keys", "--dir", home.folder);
  assert.match(stdout, new RegExp(`^${id}  writes  from [^\n]*\n$`));
  plugin.kill("SIGHUP");
  using client = home.client();
  assert.equal((await client.status()).keyId, id);
  plugin.kill("SIGTERM");
});

test("kms-plugin remove refuses what is no snapshot, and kms-plugin status says whether a plugin answers", async () => {
  using home = new PluginHome();
  await home.init();
  const { keyId } = await home.rotate("escrow-2.age").then(async () => {
    const { stdout } = await run(home, "kms-plugin", "keys", "--dir", home.folder, "--json");
    const [first] = JSON.parse(stdout) as { id: string }[];
    return { keyId: first?.id ?? "" };
  });
  const none = await home.command("remove", keyId);
  assert.deepEqual([none.code, /--etcd-snapshot must name/.test(none.stderr)], [2, true]);
  const missing = await home.command("remove", keyId, "--etcd-snapshot", home.at("missing"));
  assert.deepEqual([missing.code, /must be readable \(ENOENT\)/.test(missing.stderr)], [2, true]);
  const later = new Date(Date.now() + 6 * 60_000);
  utimesSync(home.at("identity"), later, later);
  const other = await home.command("remove", keyId, "--etcd-snapshot", home.at("identity"));
  assert.deepEqual([other.code, other.stdout], [2, ""]);

  const status = () => run(home, "kms-plugin", "status", "--socket", home.socket);
  const away = await status();
  assert.deepEqual([away.code, /must answer Status: .*/.test(away.stderr)], [4, true]);
  await using plugin = await home.serve();
  const well = await status();
  assert.match(well.stdout, /^"ok", version "v2", key "[0-9a-f]{32}"\n$/);
  assert.equal(well.code, 0);
  plugin.kill("SIGSTOP"); // it hangs
  const hanging = await status();
  assert.deepEqual([hanging.code, /within 3000 ms/.test(hanging.stderr)], [4, true]);
  plugin.kill("SIGCONT");
  assert.equal((await status()).code, 0);
  plugin.kill("SIGTERM");
});
