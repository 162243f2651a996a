/**
 * The sealed file of a key ring, as JSON:
 *
 *     {
 *       "apiVersion": "strongroom.dev/v1", "kind": "KmsPluginKeys",
 *       "escrowRecipients": ["age1..."],
 *       "keys": [{ "id": "9a41...", "madeAt": "2026-01-01T00:00:00.000Z", "writesFrom": "..." }],
 *       "removed": ["5d0e..."],
 *       "kdf": "scrypt log-n=17 r=8 p=1", "salt": "...", "sealed": "..."
 *     }
 *
 * `sealed` is nonce, AES-256-GCM ciphertext of the bytes of all keys in their order, and tag, under a key made from the passphrase; its
 * authenticated data are all other fields (`removed` is left out where there is none), so that no key can be made to write, dated back or left out without the passphrase.
 */
import { randomBytes } from "node:crypto";
import { unwrapKey, wrapKey } from "../../crypto/key-wrapping.ts";
import {
  checkPassphrase,
  decodeCost,
  encodeCost,
  logNDefault,
  passphraseSaltBytes,
  scryptCost,
  stretchPassphrase,
} from "../../crypto/passphrase-key.ts";
import type { Redacted } from "../../crypto/redacted.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { ringKeysMax } from "./key-ring.ts";
import type { KeyFacts } from "./key-ring.ts";

const kind = { apiVersion: "strongroom.dev/v1", kind: "KmsPluginKeys" } as const;

/** What stands in the file in the clear. */
export interface RingFacts {
  readonly keys: readonly KeyFacts[];
  /** Whom an escrow copy is made for at each rotation: recipients of age. None for a ring whose copies have a passphrase. */
  readonly escrowRecipients: readonly string[];
  /** Ids of keys that were taken away by proof; a ring that lacks others is not a later one. */
  readonly removed: readonly string[];
}

interface SealedFields extends RingFacts {
  readonly kdf: string;
  readonly salt: string;
}

/** The text of the file; `bytes` are those of all keys, which the caller zeroes. `logN` is the cost of its passphrase. */
export async function sealRing(
  facts: RingFacts,
  bytes: Buffer,
  passphrase: Redacted<Uint8Array>,
  logN: number = logNDefault,
): Promise<string> {
  checkPassphrase(passphrase);
  const cost = scryptCost(logN);
  const salt = randomBytes(passphraseSaltBytes);
  const fields = { ...facts, kdf: encodeCost(cost), salt: salt.toString("base64") };
  const key = await stretchPassphrase(passphrase, salt, cost);
  const sealed = wrapKey(key, bytes, authenticatedData(fields)).toString("base64");
  return `${JSON.stringify({ ...plainFields(fields), sealed }, null, 2)}\n`;
}

/** What a file says in the clear, unverified: enough to show it. Raises `sealed`. */
export function readRingFacts(text: string): RingFacts {
  return parse(text).fields;
}

/** The bytes of all keys, in a buffer that the caller zeroes. Raises `sealed` for another passphrase and for a file that was changed. */
export async function openRing(
  text: string,
  passphrase: Redacted<Uint8Array>,
): Promise<{ readonly facts: RingFacts; readonly bytes: Buffer }> {
  const { fields, sealed } = parse(text);
  const cost = decodeCost(fields.kdf, "the key file");
  const key = await stretchPassphrase(passphrase, Buffer.from(fields.salt, "base64"), cost);
  try {
    return { facts: fields, bytes: unwrapKey(key, Buffer.from(sealed, "base64"), authenticatedData(fields)) };
  } catch (error) {
    const must = "the passphrase must be the one that the key file was sealed with, and the file as it was written";
    throw new StrongroomError("sealed", must, { cause: error });
  }
}

function plainFields({ escrowRecipients, keys, removed, kdf, salt }: SealedFields) {
  const shown = keys.map(({ id, madeAt, writesFrom }) => ({
    id,
    madeAt: madeAt.toISOString(),
    writesFrom: writesFrom.toISOString(),
  }));
  return { ...kind, escrowRecipients, keys: shown, ...(removed.length > 0 && { removed }), kdf, salt };
}

function authenticatedData(fields: SealedFields): Buffer {
  return Buffer.from(JSON.stringify(plainFields(fields)));
}

function parse(text: string): { readonly fields: SealedFields; readonly sealed: string } {
  const { apiVersion, kind: found, keys, escrowRecipients, removed = [], kdf, salt, sealed } = objectOf(text);
  if (apiVersion !== kind.apiVersion || found !== kind.kind) throw damaged(`be a ${kind.kind} of ${kind.apiVersion}`);
  if (typeof kdf !== "string" || typeof salt !== "string" || typeof sealed !== "string")
    throw damaged("have kdf, salt and sealed");
  if (!isTexts(escrowRecipients)) throw damaged("have a list of escrowRecipients");
  if (!isTexts(removed)) throw damaged("have a list of removed keys, or none");
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > ringKeysMax)
    throw damaged(`have 1 to ${ringKeysMax} keys`);
  return { fields: { keys: keys.map(readKeyFacts), escrowRecipients, removed, kdf, salt }, sealed };
}

function readKeyFacts(value: unknown): KeyFacts {
  const { id, madeAt, writesFrom } = Object(value) as Readonly<Record<string, unknown>>;
  const dates = [madeAt, writesFrom].map((text) => new Date(typeof text === "string" ? text : Number.NaN));
  const [made, writes] = dates;
  if (typeof id === "string" && /^[0-9a-f]{32}$/.test(id) && made !== undefined && writes !== undefined) {
    if (dates.every((date) => !Number.isNaN(date.getTime()))) return { id, madeAt: made, writesFrom: writes };
  }
  throw damaged("name each key with its id, madeAt and writesFrom");
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    // Without the parser's words, which quote it: it may be a file of something secret, in the wrong place.
    throw damaged("be JSON");
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function damaged(must: string): StrongroomError {
  return new StrongroomError("sealed", `the key file must ${must}; restore it from an escrow copy`);
}
