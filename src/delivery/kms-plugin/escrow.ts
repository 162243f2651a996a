/**
 * Escrow copies of a key ring: files of age (age-encryption.org/v1), which `age --decrypt` opens too, so that the keys outlive
 * the node and this program. Within is JSON: the facts of the ring, and the bytes of the keys in base64.
 */
import { armor, Decrypter, Encrypter } from "age-encryption";
import { recipientInWords } from "../../crypto/age-recipient.ts";
import type { Redacted } from "../../crypto/redacted.ts";
import { checkPassphrase } from "../../crypto/passphrase-key.ts";
import { rootKeyBytes } from "../../crypto/root-key/root-key.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { RingFacts } from "./key-ring-file.ts";

/** For whom a copy is made: each recipient of age can open it alone; or for who knows a passphrase. */
export type EscrowLock =
  | { readonly type: "recipients"; readonly recipients: readonly string[] }
  | { readonly type: "passphrase"; readonly passphrase: Redacted<Uint8Array> };

/** What opens one: an identity of age (`AGE-SECRET-KEY-1...`), or the passphrase. */
export interface EscrowKey {
  readonly type: "identity" | "passphrase";
  readonly secret: Redacted<Uint8Array>;
}

const kind = "KmsPluginEscrow";

/** The text of a copy. Raises `invalid` for a recipient that is none. */
export async function sealEscrow(facts: RingFacts, bytes: Buffer, lock: EscrowLock): Promise<string> {
  const encrypter = encrypterFor(lock);
  const keys = facts.keys.map(({ id, madeAt, writesFrom }, index) => ({
    id,
    madeAt,
    writesFrom,
    key: bytes.subarray(index * rootKeyBytes, (index + 1) * rootKeyBytes).toString("base64"),
  }));
  const content = { apiVersion: "strongroom.dev/v1", kind, escrowRecipients: facts.escrowRecipients, keys };
  const plain = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
  try {
    return armor.encode(await encrypter.encrypt(plain));
  } finally {
    plain.fill(0);
  }
}

function encrypterFor(lock: EscrowLock): Encrypter {
  const encrypter = new Encrypter();
  if (lock.type === "passphrase") {
    checkPassphrase(lock.passphrase);
    encrypter.setPassphrase(textOf(lock.passphrase));
    return encrypter;
  }
  if (lock.recipients.length === 0) throw new StrongroomError("invalid", "an escrow copy must have a recipient");
  for (const [index, recipient] of lock.recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // Without the library's words, which may quote it.
      throw new StrongroomError("invalid", `${recipientInWords(recipient, index)} must be one of age: age1...`);
    }
  }
  return encrypter;
}

/** The ring of a copy; the caller zeroes the bytes. Raises `sealed` for a key that does not open it, and for what is no copy. */
export async function openEscrow(
  text: string,
  key: EscrowKey,
): Promise<{ readonly facts: RingFacts; readonly bytes: Buffer }> {
  const plain = await decrypt(text, key);
  try {
    return readContent(JSON.parse(Buffer.from(plain).toString("utf8")));
  } catch (cause) {
    if (cause instanceof StrongroomError) throw cause;
    // Without the parser's words, which quote what was decrypted.
    throw noCopy();
  } finally {
    plain.fill(0);
  }
}

async function decrypt(text: string, key: EscrowKey): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  try {
    if (key.type === "passphrase") decrypter.addPassphrase(textOf(key.secret));
    else for (const line of identityLines(textOf(key.secret))) decrypter.addIdentity(line);
    return await decrypter.decrypt(armor.decode(text));
  } catch (cause) {
    const what = key.type === "passphrase" ? "the passphrase" : "an identity of one of the recipients";
    throw new StrongroomError("sealed", `the escrow copy must be opened with ${what}, and be as it was written`, {
      cause,
    });
  }
}

/** A file of `age-keygen` has comments too. */
function identityLines(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function readContent(content: unknown): { readonly facts: RingFacts; readonly bytes: Buffer } {
  const { kind: found, keys, escrowRecipients } = Object(content) as Readonly<Record<string, unknown>>;
  if (found !== kind || !Array.isArray(keys) || !Array.isArray(escrowRecipients)) throw noCopy();
  const entries = keys.map((entry: unknown) => {
    const { id, madeAt, writesFrom, key } = Object(entry) as Readonly<Record<string, unknown>>;
    const bytes = Buffer.from(String(key), "base64");
    if (bytes.length !== rootKeyBytes) throw noCopy();
    return { facts: { id: String(id), madeAt: dateOf(madeAt), writesFrom: dateOf(writesFrom) }, bytes };
  });
  const facts = {
    keys: entries.map((entry) => entry.facts),
    escrowRecipients: escrowRecipients.map(String),
    removed: [],
  };
  return { facts, bytes: Buffer.concat(entries.map((entry) => entry.bytes)) };
}

function dateOf(value: unknown): Date {
  const date = new Date(String(value));
  if (Number.isNaN(date.getTime())) throw noCopy();
  return date;
}

function noCopy(): StrongroomError {
  return new StrongroomError("sealed", "the file must be an escrow copy of the keys of a KMS plugin");
}

function textOf(secret: Redacted<Uint8Array>): string {
  return Buffer.from(secret.reveal()).toString("utf8");
}
