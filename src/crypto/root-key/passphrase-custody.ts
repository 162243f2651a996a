import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, scrypt } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { createPrivateFile } from "../private-file.ts";
import type { Redacted } from "../redacted.ts";
import { checkKeyFileOwner } from "./file-custody.ts";
import { decodeKeyFile, decodeKeyFileBytes, encodeKeyFile, keyFileFieldNames } from "./key-file-format.ts";
import type { KeyFileFields } from "./key-file-format.ts";
import { readKeyFile } from "./key-file.ts";
import { checkInstanceId } from "./root-key-custody.ts";
import type { RootKeyCustody } from "./root-key-custody.ts";
import { generateRootKeyBytes, RootKey, rootKeyBytes } from "./root-key.ts";

const fieldNames = ["instance", "key-id", "kdf", "salt", "wrapped-key"] as const;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const wrappedKeyBytes = nonceBytes + rootKeyBytes + tagBytes;

/** Fewer bytes than this are refused for a new passphrase. */
export const passphraseBytesMin = 12;

/**
 * Cost of scrypt (RFC 7914) for new files: N = 2^17, r = 8, p = 1, the strongest
 * row of OWASP's password storage recommendation; 128 MiB for about half a second.
 */
const logNDefault = 17;
/** A file may ask for no more than 1 GiB, nor for a cost that protects nothing. */
const logNMin = 14;
const logNMax = 20;

interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/**
 * Keeps the root key in a file, encrypted (AES-256-GCM) under a key made from a passphrase
 * by scrypt: the file and the data directory together are useless without the passphrase.
 * Start-up takes part of a second and 128 MiB, which are given back.
 */
export class PassphraseCustody implements RootKeyCustody {
  readonly #pathOf: (instanceId: string) => string;
  readonly #readPassphrase: () => Promise<Redacted<Uint8Array>>;
  readonly #cost: ScryptCost;

  /**
   * `readPassphrase` gets the bytes of the passphrase from a file or a prompt - never from the
   * command line or the environment, which other processes can read - without the line end. `logN` is the
   * cost of new files: 14 (16 MiB) to 20 (1 GiB), else RangeError; each step doubles memory and time.
   */
  constructor(
    pathOf: (instanceId: string) => string,
    readPassphrase: () => Promise<Redacted<Uint8Array>>,
    logN: number = logNDefault,
  ) {
    if (!isAllowed(logN)) throw new RangeError(`log-n must be from ${logNMin} to ${logNMax}`);
    this.#cost = { logN, r: 8, p: 1 };
    this.#pathOf = pathOf;
    this.#readPassphrase = readPassphrase;
  }

  describe(instanceId: string): string {
    return `${this.#pathOf(instanceId)} (with a passphrase)`;
  }

  async load(instanceId: string): Promise<RootKey> {
    checkInstanceId(instanceId);
    const text = await readKeyFile(this.#pathOf(instanceId));
    if (keyFileFieldNames(text).includes("key")) {
      throw new StrongroomError("sealed", "the root key file has no passphrase; none must be configured for it");
    }
    const fields = decodeKeyFile(text, fieldNames);
    const rootKey = await this.#unwrap(fields);
    checkKeyFileOwner(fields, instanceId, rootKey);
    return rootKey;
  }

  /** Also raises `invalid` for a passphrase of fewer than {@link passphraseBytesMin} bytes. */
  async create(instanceId: string): Promise<RootKey> {
    checkInstanceId(instanceId);
    const passphrase = await this.#readPassphrase();
    if (passphrase.reveal().length < passphraseBytesMin) {
      throw new StrongroomError("invalid", `the passphrase must have at least ${passphraseBytesMin} bytes`);
    }
    const { rootKey, fields } = await wrapNew(instanceId, passphrase, this.#cost);
    await createPrivateFile(this.#pathOf(instanceId), encodeKeyFile(fields));
    return rootKey;
  }

  async #unwrap(fields: KeyFileFields): Promise<RootKey> {
    const cost = decodeCost(fields.get("kdf") ?? "");
    const salt = decodeKeyFileBytes(fields.get("salt") ?? "", saltBytes);
    const wrapped = decodeKeyFileBytes(fields.get("wrapped-key") ?? "", wrappedKeyBytes);
    const wrappingKey = await stretch(await this.#readPassphrase(), salt, cost);
    return new RootKey(open(wrapped, wrappingKey, authenticatedDataOf(fields)));
  }
}

async function wrapNew(
  instanceId: string,
  passphrase: Redacted<Uint8Array>,
  cost: ScryptCost,
): Promise<{ rootKey: RootKey; fields: KeyFileFields }> {
  const salt = randomBytes(saltBytes);
  const wrappingKey = await stretch(passphrase, salt, cost);
  const bytes = generateRootKeyBytes();
  const rootKey = new RootKey(Buffer.from(bytes)); // zeroes the copy, not `bytes`
  const fields = new Map([
    ["instance", instanceId],
    ["key-id", rootKey.id],
    ["kdf", encodeCost(cost)],
    ["salt", salt.toString("base64")],
  ]);
  fields.set("wrapped-key", seal(bytes, wrappingKey, authenticatedDataOf(fields)).toString("base64"));
  bytes.fill(0);
  return { rootKey, fields };
}

/** Everything of the file that stands above the wrapped key, so that no field can be exchanged. */
function authenticatedDataOf(fields: KeyFileFields): Buffer {
  const bound = Array.from(fields).filter(([name]) => name !== "wrapped-key");
  return Buffer.from(bound.map(([name, value]) => `${name}: ${value}\n`).join(""));
}

function seal(bytes: Uint8Array, key: KeyObject, authenticatedData: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(authenticatedData);
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function open(wrapped: Buffer, key: KeyObject, authenticatedData: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, wrapped.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(authenticatedData).setAuthTag(wrapped.subarray(-tagBytes));
  const bytes = decipher.update(wrapped.subarray(nonceBytes, -tagBytes));
  try {
    decipher.final();
  } catch (error) {
    bytes.fill(0);
    throw new StrongroomError("sealed", "the passphrase must be the one that this root key file was made with", {
      cause: error,
    });
  }
  return bytes;
}

async function stretch(passphrase: Redacted<Uint8Array>, salt: Uint8Array, cost: ScryptCost): Promise<KeyObject> {
  const N = 2 ** cost.logN;
  const maxmem = 128 * N * cost.r + 1024 * 1024; // what the algorithm needs, and a margin for its smaller buffers
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(passphrase.reveal(), salt, 32, { N, r: cost.r, p: cost.p, maxmem }, (error, bytes) => {
    if (error) reject(error);
    else resolve(bytes);
  });
  const bytes = await promise;
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function encodeCost(cost: ScryptCost): string {
  return `scrypt log-n=${cost.logN} r=${cost.r} p=${cost.p}`;
}

function decodeCost(text: string): ScryptCost {
  const match = /^scrypt log-n=([1-9][0-9]?) r=8 p=([1-4])$/.exec(text);
  const logN = Number(match?.[1]);
  if (match === null || !isAllowed(logN)) {
    throw new StrongroomError(
      "sealed",
      `the root key file must ask for scrypt with log-n from ${logNMin} to ${logNMax}, r=8 and p from 1 to 4`,
    );
  }
  return { logN, r: 8, p: Number(match[2]) };
}

function isAllowed(logN: number): boolean {
  return Number.isInteger(logN) && logN >= logNMin && logN <= logNMax;
}
