import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { isStrongroomError } from "../../errors/strongroom-error.ts";
import type { ErrorCode } from "../../errors/strongroom-error.ts";
import { Redacted } from "../redacted.ts";
import { KeyFileCustody } from "./key-file-custody.ts";
import { decodeKeyFile, encodeKeyFile } from "./key-file-format.ts";
import { defaultKeyFilePath } from "./key-file.ts";
import { passphraseForm } from "./passphrase-form.ts";
import { plainForm } from "./plain-form.ts";
import type { RootKeyCustody } from "./root-key-custody.ts";

const root = await mkdtemp(join(tmpdir(), "strongroom-root-key-"));
after(async () => await rm(root, { recursive: true }));

let directories = 0;
function newPath(): string {
  return join(root, `case-${directories++}`, "strongroom", "keys", "i-1.key");
}

async function readPassphrase(passphrase: string): Promise<Redacted<Uint8Array>> {
  return await Promise.resolve(new Redacted(Buffer.from(passphrase)));
}

function passphraseCustody(path: string, passphrase: string): KeyFileCustody {
  return new KeyFileCustody(
    () => path,
    passphraseForm(async () => await readPassphrase(passphrase), 14),
  );
}

const forms: [string, (path: string) => RootKeyCustody][] = [
  ["FileCustody", (path) => new KeyFileCustody(() => path, plainForm)],
  ["PassphraseCustody", (path) => passphraseCustody(path, "correct horse battery")],
];

async function refuses(action: () => Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(isStrongroomError(error, code), String(error));
    assert.match(error.message, text);
    return true;
  });
}

for (const [name, custodyAt] of forms) {
  test(`${name} loads the key that it created, from a file of mode 0600 in directories of mode 0700`, async () => {
    const path = newPath();
    const created = await custodyAt(path).create("i-1");
    const loaded = await custodyAt(path).load("i-1");
    assert.equal(loaded.id, created.id);
    assert.ok(loaded.derive("a").equals(created.derive("a")));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    for (const directory of [dirname(path), dirname(dirname(path))])
      assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(dirname(path)), ["i-1.key"]);
  });

  test(`${name} never replaces a key, and leaves no temporary file when it refuses`, async () => {
    const path = newPath();
    await custodyAt(path).create("i-1");
    const before = await readFile(path);
    await refuses(async () => await custodyAt(path).create("i-1"), "already-exists", /never replaced/);
    assert.deepEqual(await readFile(path), before);
    assert.deepEqual(await readdir(dirname(path)), ["i-1.key"]);
  });

  test(`${name} is sealed, with what to do, when the file is missing, open to others, of another instance or no file`, async () => {
    const path = newPath();
    await refuses(async () => await custodyAt(path).load("i-1"), "sealed", /must exist; put your copy of it back/);
    await custodyAt(path).create("i-1");
    await refuses(async () => await custodyAt(path).load("i-2"), "sealed", /of instance i-2, it is of i-1/);
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      await chmod(path, mode);
      await refuses(async () => await custodyAt(path).load("i-1"), "sealed", /closed to group and others.*chmod 600/);
    }
    await chmod(path, 0o400);
    await custodyAt(path).load("i-1");
    await refuses(async () => await custodyAt(dirname(path)).load("i-1"), "sealed", /regular file|readable/);
  });

  test(`${name} is sealed for every cut, every changed character and anything appended`, async () => {
    const path = newPath();
    await custodyAt(path).create("i-1");
    const text = await readFile(path, "utf8");
    const damaged = [text.slice(0, -1), `${text}\n`, `${text}x`, `\n${text}`, "", text.replaceAll("\n", "\r\n")];
    const step = Math.floor(text.length / 25);
    for (let at = 0; at < text.length - 1; at += step) {
      damaged.push(text.slice(0, at), `${text.slice(0, at)}${text[at] === "a" ? "b" : "a"}${text.slice(at + 1)}`);
    }
    for (const content of damaged) {
      await writeFile(path, content);
      await refuses(async () => await custodyAt(path).load("i-1"), "sealed", /^the root key file must/);
    }
  });

  test(`${name} refuses instance ids that are no plain name`, async () => {
    for (const id of ["", "../x", "A", "a/b", "-a", "a-", "a".repeat(64), "a\n"]) {
      await refuses(async () => await custodyAt(newPath()).load(id), "invalid", /instance id/);
      await refuses(async () => await custodyAt(newPath()).create(id), "invalid", /instance id/);
    }
  });
}

test("FileCustody follows a symbolic link to a file that is closed to others", async () => {
  const path = newPath();
  const created = await new KeyFileCustody(() => path, plainForm).create("i-1");
  const alias = join(root, "alias.key");
  await symlink(path, alias);
  assert.equal((await new KeyFileCustody(() => alias, plainForm).load("i-1")).id, created.id);
});

test("FileCustody does not accept another key under a recomputed checksum", async () => {
  const path = newPath();
  await new KeyFileCustody(() => path, plainForm).create("i-1");
  const fields = new Map(decodeKeyFile(await readFile(path, "utf8"), ["instance", "key-id", "key"]));
  fields.set("key", Buffer.alloc(32, 7).toString("base64"));
  await writeFile(path, encodeKeyFile(fields));
  await refuses(async () => await new KeyFileCustody(() => path, plainForm).load("i-1"), "sealed", /expected key id/);
  fields.set("key", Buffer.alloc(31, 7).toString("base64"));
  await writeFile(path, encodeKeyFile(fields));
  await refuses(
    async () => await new KeyFileCustody(() => path, plainForm).load("i-1"),
    "sealed",
    /32 bytes in canonical base64/,
  );
});

test("PassphraseCustody is sealed under another passphrase and when any field of its file was exchanged", async () => {
  const path = newPath();
  await passphraseCustody(path, "correct horse battery").create("i-1");
  await refuses(
    async () => await passphraseCustody(path, "correct horse batterz").load("i-1"),
    "sealed",
    /passphrase must be the one/,
  );
  const names = ["instance", "key-id", "kdf", "salt", "wrapped-key"];
  const original = decodeKeyFile(await readFile(path, "utf8"), names);
  const exchanges: [string, string][] = [
    ["instance", "i-2"],
    ["key-id", "0".repeat(32)],
    ["salt", Buffer.alloc(16).toString("base64")],
    ["wrapped-key", Buffer.alloc(60).toString("base64")],
    ["kdf", "scrypt log-n=15 r=8 p=1"],
  ];
  for (const [name, value] of exchanges) {
    await writeFile(path, encodeKeyFile(new Map([...original, [name, value]])));
    const instance = name === "instance" ? "i-2" : "i-1";
    await refuses(
      async () => await passphraseCustody(path, "correct horse battery").load(instance),
      "sealed",
      /passphrase must be the one/,
    );
  }
});

test("PassphraseCustody does not let its file choose a cost that is too low or exhausts memory", async () => {
  const path = newPath();
  await passphraseCustody(path, "correct horse battery").create("i-1");
  const original = decodeKeyFile(await readFile(path, "utf8"), ["instance", "key-id", "kdf", "salt", "wrapped-key"]);
  for (const kdf of [
    "scrypt log-n=13 r=8 p=1",
    "scrypt log-n=21 r=8 p=1",
    "scrypt log-n=17 r=16 p=1",
    "scrypt log-n=017 r=8 p=1",
    "none",
  ]) {
    await writeFile(path, encodeKeyFile(new Map([...original, ["kdf", kdf]])));
    await refuses(
      async () => await passphraseCustody(path, "correct horse battery").load("i-1"),
      "sealed",
      /log-n from 14 to 20/,
    );
  }
});

test("PassphraseCustody wants a passphrase of 12 bytes and makes no file without one", async () => {
  const path = newPath();
  await refuses(async () => await passphraseCustody(path, "elevenbytes").create("i-1"), "invalid", /at least 12 bytes/);
  await assert.rejects(async () => await stat(path), /ENOENT/);
  await passphraseCustody(path, "twelve bytes").create("i-1");
});

test("PassphraseCustody writes new files at N = 2^17 unless told otherwise", async () => {
  const path = newPath();
  const read = readPassphrase.bind(undefined, "twelve bytes");
  await new KeyFileCustody(() => path, passphraseForm(read)).create("i-1");
  assert.match(await readFile(path, "utf8"), /^kdf: scrypt log-n=17 r=8 p=1$/m);
  for (const logN of [13, 21, 17.5]) assert.throws(() => passphraseForm(read, logN), RangeError);
});

test("FileCustody and PassphraseCustody say so when the file is of the other form", async () => {
  const [plain, wrapped] = [newPath(), newPath()];
  await new KeyFileCustody(() => plain, plainForm).create("i-1");
  await passphraseCustody(wrapped, "correct horse battery").create("i-1");
  await refuses(
    async () => await new KeyFileCustody(() => wrapped, plainForm).load("i-1"),
    "sealed",
    /protected by a passphrase/,
  );
  await refuses(
    async () => await passphraseCustody(plain, "correct horse battery").load("i-1"),
    "sealed",
    /has no passphrase/,
  );
});

test("FileCustody says that its directory must be writable when it is not", async () => {
  const blocked = join(root, "a-file");
  await writeFile(blocked, "");
  await refuses(
    async () => await new KeyFileCustody(() => join(blocked, "i-1.key"), plainForm).create("i-1"),
    "unavailable",
    /must be writable \(ENOTDIR|EEXIST\)/,
  );
});

test("FileCustody refuses a file of more than 16 KiB before it reads it", async () => {
  const path = newPath();
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "x".repeat(16_385), { mode: 0o600 });
  await refuses(
    async () => await new KeyFileCustody(() => path, plainForm).load("i-1"),
    "sealed",
    /at most 16384 bytes/,
  );
});

test("defaultKeyFilePath lies in the config home and ignores a relative XDG_CONFIG_HOME", () => {
  const rows: [string | undefined, string][] = [
    [undefined, "/home/u/.config/strongroom/keys/i-1.key"],
    ["/etc/xdg", "/etc/xdg/strongroom/keys/i-1.key"],
    ["relative", "/home/u/.config/strongroom/keys/i-1.key"],
    ["", "/home/u/.config/strongroom/keys/i-1.key"],
  ];
  for (const [xdgConfigHome, expected] of rows)
    assert.equal(defaultKeyFilePath({ xdgConfigHome, home: "/home/u" }, "i-1"), expected);
});
