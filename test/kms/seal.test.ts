/** The root key changes hands - file, passphrase, KMS plugin and back - and the data stay as they are. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { run, Program } from "../cli/program.ts";
import { filesWith, PluginHome } from "./plugin-fixture.ts";

/** Starts a server, does something, and stops it; what it said of its custody. */
async function serve(home: PluginHome, ...args: readonly string[]): Promise<string> {
  const program = new Program(home, ["serve", "--data-dir", home.at("data"), "--listen", "127.0.0.1:0", ...args]);
  await using _ = program;
  await program.ready();
  const custody = await program.printed(/^custody .*$/m);
  program.kill("SIGTERM");
  assert.equal((await program.ended).code, 0);
  return custody[0];
}

test("seal change keeps the root key in another custody; each start takes the new one, and nothing else opens it", async () => {
  using home = new PluginHome();
  await home.init();
  const plugin = await home.serve();
  await using _ = plugin;
  const file = ["--root-key-file", home.at("root.key")];
  const passphrase = [...file, "--passphrase-file", home.at("passphrase")];
  const change = (...args: readonly string[]) => run(home, "seal", "change", "--data-dir", home.at("data"), ...args);
  const ended = async (...args: readonly string[]) => {
    const { code, stderr } = await run(home, "serve", "--data-dir", home.at("data"), ...args);
    return [code, stderr.split("\n")[0]];
  };
  assert.match(await serve(home, ...file), /^custody file, not protected against: whoever can read the root key file/);
  const { rootKeyId } = JSON.parse(readFileSync(home.at("data", "instance.json"), "utf8")) as { rootKeyId: string };

  const [, encoded = ""] = /^key: (.*)$/m.exec(readFileSync(home.at("root.key"), "utf8")) ?? [];
  const rootKey = Buffer.from(encoded, "base64");
  assert.deepEqual(filesWith(home.path, rootKey), ["root.key"]);
  const first = await change(...file, "--to", "passphrase", "--new-passphrase-file", home.at("passphrase"));
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^custody passphrase: .*root\.key \(with a passphrase\)\nnot protected against: /);
  assert.match(first.stderr, /^From now on: strongroom serve .*--passphrase-file/);
  assert.match(await serve(home, ...passphrase), /^custody passphrase, /);
  const open = await ended(...file);
  assert.deepEqual(open, [3, "strongroom: the root key file is protected by a passphrase, which must be given"]);

  assert.deepEqual(filesWith(home.path, rootKey), [], "the key in the clear is nowhere any more");

  const second = await change(...passphrase, "--to", "kms", "--new-root-key-kms", home.endpoint);
  assert.equal(second.code, 0, second.stderr);
  assert.match(await serve(home, ...file), /^custody kms, not protected against: whoever may use the socket/);
  assert.match(await serve(home, ...file, "--root-key-kms", home.endpoint), /^custody kms, /);
  assert.match(readFileSync(home.at("root.key"), "utf8"), new RegExp(`^kms-endpoint: ${home.endpoint}$`, "m"));
  plugin.kill("SIGKILL");
  await plugin.ended;
  assert.deepEqual(filesWith(home.path, rootKey), []);
  const without = await ended(...file);
  assert.deepEqual(without, [4, `strongroom: the KMS plugin at ${home.socket} must answer Decrypt`]);

  const third = await change(...file, "--to", "file");
  assert.equal(third.code, 4, "the key cannot be released without the plugin");
  await using again = await home.serve();
  const elsewhere = await change(...file, "--to", "file", "--new-root-key-file", home.at("new.key"));
  assert.deepEqual([elsewhere.code, /root\.key still opens the data/.test(elsewhere.stderr)], [0, true]);
  assert.match(await serve(home, "--root-key-file", home.at("new.key")), /^custody file, /);
  const { stdout: exported } = await run(
    home,
    "audit",
    "export",
    "--data-dir",
    home.at("data"),
    "--root-key-file",
    home.at("new.key"),
  );
  const changes = exported
    .split("\n")
    .filter((line) => line.includes('"/seal"'))
    .map((line) => (JSON.parse(line) as { annotations: Record<string, string> }).annotations);
  const ways = changes.map(
    (change) => `${change["strongroom.dev/custody-before"]} to ${change["strongroom.dev/custody"]}`,
  );
  assert.deepEqual(ways, ["file to passphrase", "passphrase to kms", "kms to file"]);
  const occupied = await change(...file, "--to", "file", "--new-root-key-file", home.at("new.key"));
  assert.deepEqual([occupied.code, /must not exist yet/.test(occupied.stderr)], [1, true]);
  const args = ["--data-dir", home.at("data"), "--root-key-file", home.at("new.key"), "--json"];
  const status = JSON.parse((await run(home, "seal", "status", ...args)).stdout) as Record<string, string>;
  assert.deepEqual([status["custody"], status["rootKeyId"]], ["file", rootKeyId]);
  again.kill("SIGTERM");
});

test("serve makes a new root key that a plugin wraps from the start, and none when the plugin is away", async () => {
  using home = new PluginHome();
  await home.init();
  const args = ["--root-key-file", home.at("root.key"), "--root-key-kms", home.endpoint];
  const away = await run(home, "serve", "--data-dir", home.at("data"), ...args);
  assert.equal(away.code, 4, away.stderr);
  await using plugin = await home.serve();
  assert.match(await serve(home, ...args), /^custody kms, /);
  assert.ok(!readFileSync(home.at("root.key"), "utf8").includes("\nkey: "));
  plugin.kill("SIGTERM");
});

test("seal change refuses what does not fit together, and a short passphrase, and changes nothing", async () => {
  using home = new PluginHome();
  const file = ["--root-key-file", home.at("root.key")];
  await serve(home, ...file);
  const before = readFileSync(home.at("root.key"));
  writeFileSync(home.at("short"), "short\n", { mode: 0o600 });
  const rows: [readonly string[], number, RegExp][] = [
    [[], 2, /--to must be file, passphrase or kms/],
    [["--to", "shares"], 2, /--to must be file, passphrase or kms/],
    [["--to", "passphrase"], 2, /--new-passphrase-file must be given/],
    [["--to", "file", "--new-root-key-kms", home.endpoint], 2, /--new-root-key-kms must be given for --to kms/],
    [["--to", "kms", "--new-root-key-kms", "tcp://127.0.0.1:1"], 2, /must be unix:\/\//],
    [["--to", "kms", "--new-root-key-kms", home.endpoint], 4, /must answer Status/],
    [["--to", "passphrase", "--new-passphrase-file", home.at("short")], 2, /at least 12 bytes/],
    [["--to", "file", "--passphrase-file", home.at("short"), "--root-key-kms", home.endpoint], 2, /not by both/],
  ];
  for (const [args, code, text] of rows) {
    const ended = await run(home, "seal", "change", "--data-dir", home.at("data"), ...file, ...args);
    assert.deepEqual([ended.code, text.test(ended.stderr)], [code, true], `${args.join(" ")}: ${ended.stderr}`);
  }
  assert.deepEqual(readFileSync(home.at("root.key")), before);
});
