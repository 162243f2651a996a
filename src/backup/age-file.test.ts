/** Files of age: made by the age command line and opened here, and the other way round. testdata/README.md says how they were made. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Decrypter, Encrypter } from "age-encryption";
import { Redacted } from "../crypto/redacted.ts";
import { decryptAge, encryptAge, newIdentity } from "./age-file.ts";
import type { BackupKey, BackupLock } from "./age-file.ts";

const testdata = join(import.meta.dirname, "testdata");
/** 16,500 numbers of 4 bytes: more than one chunk. */
const plaintext = Buffer.alloc(66_000);
for (let i = 0; i < 16_500; i++) plaintext.writeUInt32BE(i, i * 4);

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const passphrase = new Redacted("correct horse battery staple");
const identity = "AGE-SECRET-KEY-1KTW9ZLDRC7VKT2HH9JWHDA7T4TCJM0KWP5UGUSD3Y8LE7MTU9DGS4AWCKF";

for (const [file, key] of [
  ["by-recipient.age", { type: "identities", identities: new Redacted([identity]) }],
  ["by-passphrase.age", { type: "passphrase", passphrase }],
] as const satisfies readonly (readonly [string, BackupKey])[]) {
  test(`What the age command line has encrypted is opened: ${file}`, async () => {
    const opened = await gathered(decryptAge(createReadStream(join(testdata, file)), key));
    assert.deepEqual(opened, plaintext);
  });
}

const age = process.env["AGE"];

/** Only where there is one. */
if (age !== undefined) {
  test("The age command line opens what is encrypted here, for each recipient", () => openedBy(age));
}

async function openedBy(program: string): Promise<void> {
  const [one, two] = [await newIdentity(), await newIdentity()];
  const lock: BackupLock = { type: "recipients", recipients: [one.recipient, two.recipient] };
  const folder = await mkdtemp(join(tmpdir(), "strongroom-age-"));
  try {
    const encrypted = join(folder, "file.age");
    await writeFile(encrypted, await gathered(encryptAge(once(plaintext), lock)));
    for (const made of [one, two]) {
      const key = join(folder, "key");
      await writeFile(key, made.identity.reveal());
      const opened = spawnSync(program, ["--decrypt", "-i", key, encrypted], { maxBuffer: 1024 * 1024 });
      assert.equal(opened.status, 0, opened.stderr.toString());
      assert.deepEqual(opened.stdout, plaintext);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("An empty plaintext, and one that fills its chunks exactly, come back", async () => {
  const made = await newIdentity();
  const key: BackupKey = { type: "identities", identities: new Redacted([made.identity.reveal()]) };
  const lock: BackupLock = { type: "recipients", recipients: [made.recipient] };
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(65_536, 1), Buffer.alloc(131_072, 2)]) {
    const encrypted = await gathered(encryptAge(once(bytes), lock));
    assert.deepEqual(await gathered(decryptAge(once(encrypted), key)), bytes);
  }
});

test("The library of age opens what is encrypted here, and the other way round, at every length around a chunk's", async () => {
  const made = await newIdentity();
  const key: BackupKey = { type: "identities", identities: new Redacted([made.identity.reveal()]) };
  const lock: BackupLock = { type: "recipients", recipients: [made.recipient] };
  const encrypter = new Encrypter();
  encrypter.addRecipient(made.recipient);
  const decrypter = new Decrypter();
  decrypter.addIdentity(made.identity.reveal());
  for (const length of [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 300_000]) {
    const bytes = randomBytes(length);
    const pieces = async function* () {
      for (let at = 0; at < length; at += 50_001) yield bytes.subarray(at, at + 50_001);
    };
    const ours = await gathered(encryptAge(pieces(), lock));
    assert.deepEqual(Buffer.from(await decrypter.decrypt(ours)), bytes, String(length));
    const theirs = Buffer.from(await encrypter.encrypt(bytes));
    const inPieces = async function* () {
      for (let at = 0; at < theirs.length; at += 40_001) yield theirs.subarray(at, at + 40_001);
    };
    assert.deepEqual(await gathered(decryptAge(inPieces(), key)), bytes, String(length));
  }
});
