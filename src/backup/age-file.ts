/**
 * The envelope of a backup: a file of age (age-encryption.org/v1), so that one can also be opened with `age --decrypt`.
 *
 * It is encrypted to recipients (X25519 or the hybrid of age), of whom each can open it alone, or to one passphrase. Its
 * chunks of 64 KiB are numbered, and the last one says that it is the last: none can be changed, left out, put elsewhere or cut off
 * unnoticed. Who made it is not part of it: whoever knows a recipient can make a file for them (see backup-signature.ts).
 */
import { createCipheriv, randomBytes, scrypt } from "node:crypto";
import { promisify } from "node:util";
import type { Decrypter, Recipient, Stanza } from "age-encryption";
import { recipientInWords } from "../crypto/age-recipient.ts";
import { Redacted } from "../crypto/redacted.ts";
import { decryptPayload, encryptPayload, PayloadError } from "./age-payload.ts";
import { BackupError } from "./backup-error.ts";

/** For whom a backup is made. */
export type BackupLock =
  | { readonly type: "recipients"; readonly recipients: readonly string[] }
  | { readonly type: "passphrase"; readonly passphrase: Redacted<string> };

/** What opens one: identities of recipients (`AGE-SECRET-KEY-1...`), or the passphrase. */
export type BackupKey =
  | { readonly type: "identities"; readonly identities: Redacted<readonly string[]> }
  | { readonly type: "passphrase"; readonly passphrase: Redacted<string> };

/** A passphrase is guessed offline, by whoever has the file. */
export const backupPassphraseLengthMin = 12;
/** What the age command line takes for a passphrase, too: about a second and 256 MiB. */
const scryptLogN = 18;
const headerBytesMax = 64 * 1024;
const fileKeyBytes = 16;
const macLine = "\n--- ";
const macLineWhole = /\n--- [^\n]*\n/;
/** Loaded when it is needed: most servers and commands have no backup to make at the moment. */
const loadAge = () => import("age-encryption");
const firstLine = "age-encryption.org/v1\n";
const armored = "-----BEGIN AGE ENCRYPTED FILE-----";

/** A new identity with its recipient. */
export async function newIdentity(): Promise<{ readonly identity: Redacted<string>; readonly recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await loadAge();
  const identity = await generateX25519Identity();
  return { identity: new Redacted(identity), recipient: await identityToRecipient(identity) };
}

/** Rejects with `invalid` unless something can be encrypted for them. */
export async function checkBackupLock(lock: BackupLock): Promise<void> {
  if (lock.type === "passphrase") {
    if (lock.passphrase.reveal().length >= backupPassphraseLengthMin) return;
    throw new BackupError(
      "invalid",
      `the passphrase of a backup must have at least ${backupPassphraseLengthMin} characters`,
    );
  }
  if (lock.recipients.length === 0) throw new BackupError("invalid", "a backup must have a recipient");
  const { Encrypter } = await loadAge();
  const encrypter = new Encrypter();
  for (const [index, recipient] of lock.recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // Without the library's words, which may quote it.
      throw new BackupError("invalid", `${recipientInWords(recipient, index)} must be one of age: age1...`);
    }
  }
}

/** Encrypts a stream. Raises `invalid` as {@link checkBackupLock}; what `plain` raises is passed on. */
export async function* encryptAge(plain: AsyncIterable<Uint8Array>, lock: BackupLock): AsyncGenerator<Buffer> {
  await checkBackupLock(lock);
  const { header, fileKey } = await newHeader(lock);
  try {
    yield header;
    yield* encryptPayload(plain, fileKey);
  } finally {
    fileKey.fill(0);
  }
}

/** The header is the library's, of a file without contents; what is in it comes by {@link encryptPayload}. */
async function newHeader(lock: BackupLock): Promise<{ readonly header: Buffer; readonly fileKey: Buffer }> {
  const age = await loadAge();
  const encrypter = new age.Encrypter();
  if (lock.type === "passphrase") encrypter.addRecipient(new PassphraseRecipient(lock.passphrase, age.Stanza));
  else for (const recipient of lock.recipients) encrypter.addRecipient(recipient);
  const fileKey = Buffer.alloc(fileKeyBytes);
  encrypter.addRecipient({
    async wrapFileKey(key) {
      fileKey.set(key);
      return []; // one who adds nothing to the file
    },
  });
  const empty = bufferOf(await encrypter.encrypt(new Uint8Array(0)));
  return { header: empty.subarray(0, headerBytesOf(empty)), fileKey };
}

/** Where the header ends: behind the line of its MAC. */
function headerBytesOf(file: Buffer): number {
  return file.indexOf("\n", file.indexOf(macLine) + macLine.length) + 1;
}

/** As the library's own, but the second that it takes passes in another thread. Source: C2SP age.md, "scrypt recipient stanza". */
class PassphraseRecipient implements Recipient {
  readonly #passphrase: Redacted<string>;
  readonly #Stanza: typeof Stanza;

  /** `stanza` is the library's class of that name. */
  constructor(passphrase: Redacted<string>, stanza: typeof Stanza) {
    this.#passphrase = passphrase;
    this.#Stanza = stanza;
  }

  async wrapFileKey(fileKey: Uint8Array): Promise<Stanza[]> {
    const salt = randomBytes(16);
    const N = 2 ** scryptLogN;
    const labelled = Buffer.concat([Buffer.from("age-encryption.org/v1/scrypt"), salt]);
    const options = { N, r: 8, p: 1, maxmem: 128 * N * 8 + 1024 * 1024 };
    const key = await stretch(this.#passphrase.reveal(), labelled, 32, options);
    const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
    key.fill(0);
    return [new this.#Stanza(["scrypt", salt.toString("base64").replaceAll("=", ""), String(scryptLogN)], body)];
  }
}

const stretch = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

/**
 * Decrypts a stream. Raises `invalid` for what is no file of age, `sealed` for a key that does not open it, and `corrupt` for one
 * that was changed or cut; what came out before that is as it was written. What `file` raises is passed on.
 */
export async function* decryptAge(file: AsyncIterable<Uint8Array>, key: BackupKey): AsyncGenerator<Buffer> {
  const source = new ByteCount(file);
  const start = await source.start();
  checkHeader(start.toString("latin1", 0, headerBytesMax), key);
  const headerBytes = headerBytesOf(start);
  const fileKey = await openHeader(start.subarray(0, headerBytes), key);
  try {
    yield* decryptPayload(source.after(start.subarray(headerBytes)), fileKey);
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    throw new BackupError("corrupt", source.damage(), { cause: error });
  } finally {
    fileKey.fill(0);
  }
}

async function openHeader(header: Buffer, key: BackupKey): Promise<Uint8Array> {
  const { Decrypter } = await loadAge();
  const decrypter = new Decrypter();
  if (key.type === "passphrase") decrypter.addPassphrase(key.passphrase.reveal());
  else for (const identity of key.identities.reveal()) addIdentity(decrypter, identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    throw headerError(error, key);
  }
}

function addIdentity(decrypter: Decrypter, identity: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch (cause) {
    throw new BackupError("invalid", "an identity must be one of age: AGE-SECRET-KEY-1...", { cause });
  }
}

/** What stands in the clear says how it is to be opened, and whether it is what it should be. */
function checkHeader(header: string, key: BackupKey): void {
  if (header.startsWith(armored)) throw new BackupError("invalid", "a backup must be in the binary form of age");
  if (!header.startsWith(firstLine)) {
    const isNewer = /^age-encryption\.org\/v\d+\n/.test(header);
    const must = isNewer ? "be in version 1 of the format of age" : "begin as a file of age does";
    throw new BackupError("invalid", `a backup must ${must}`);
  }
  if (!macLineWhole.test(header)) {
    throw new BackupError("corrupt", "the backup must be whole: it is cut off in its header, or that was changed");
  }
  const isForPassphrase = /\n-> scrypt /.test(header);
  if (isForPassphrase === (key.type === "passphrase")) return;
  const must = isForPassphrase ? "its passphrase" : "an identity of one of its recipients";
  throw new BackupError("sealed", `the backup must be opened with ${must}`);
}

function headerError(cause: unknown, key: BackupKey): BackupError {
  const text = cause instanceof Error ? cause.message : "";
  if (text === "no identity matched any of the file's recipients") {
    const which = key.type === "passphrase" ? "the passphrase must be the one" : "the identity must be of a recipient";
    return new BackupError("sealed", `${which} that the backup was made with`, { cause });
  }
  return new BackupError("corrupt", "the header of the backup must be as it was written", { cause });
}

/** Counts what is read of a file, for who is told where it is damaged. */
class ByteCount {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #bytes = 0;
  #ended = false;

  constructor(file: AsyncIterable<Uint8Array>) {
    this.#chunks = file[Symbol.asyncIterator]();
  }

  /** The header and whatever came with it; or what there is instead. */
  async start(): Promise<Buffer> {
    let start: Buffer = Buffer.alloc(0);
    while (start.length < headerBytesMax && !macLineWhole.test(start.toString("latin1"))) {
      const chunk = await this.#next();
      if (chunk === undefined) break;
      start = Buffer.concat([start, chunk]);
    }
    return start;
  }

  /** Everything after the header, of which `first` was read with it. */
  async *after(first: Buffer): AsyncGenerator<Uint8Array> {
    yield first;
    for (let chunk = await this.#next(); chunk !== undefined; chunk = await this.#next()) yield chunk;
  }

  /** What is to be said of bytes that do not open. */
  damage(): string {
    if (this.#ended) return "the backup must be whole: it is cut off, or was changed at its end";
    return `the backup must be as it was written: it was changed within its first ${this.#bytes} bytes`;
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#chunks.next();
    this.#ended = done === true;
    this.#bytes += value?.length ?? 0;
    return done === true ? undefined : value;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
