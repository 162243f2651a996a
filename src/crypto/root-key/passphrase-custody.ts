import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import {
  checkPassphrase,
  decodeCost,
  encodeCost,
  logNDefault,
  passphraseSaltBytes,
  scryptCost,
  stretchPassphrase,
} from "../passphrase-key.ts";
import type { ScryptCost } from "../passphrase-key.ts";
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
const nonceBytes = 12;
const tagBytes = 16;
const wrappedKeyBytes = nonceBytes + rootKeyBytes + tagBytes;

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
    this.#cost = scryptCost(logN);
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
    checkPassphrase(passphrase);
    const { rootKey, fields } = await wrapNew(instanceId, passphrase, this.#cost);
    await createPrivateFile(this.#pathOf(instanceId), encodeKeyFile(fields));
    return rootKey;
  }

  async #unwrap(fields: KeyFileFields): Promise<RootKey> {
    const cost = decodeCost(fields.get("kdf") ?? "", "the root key file");
    const salt = decodeKeyFileBytes(fields.get("salt") ?? "", passphraseSaltBytes);
    const wrapped = decodeKeyFileBytes(fields.get("wrapped-key") ?? "", wrappedKeyBytes);
    const wrappingKey = await stretchPassphrase(await this.#readPassphrase(), salt, cost);
    return new RootKey(open(wrapped, wrappingKey, authenticatedDataOf(fields)));
  }
}

async function wrapNew(
  instanceId: string,
  passphrase: Redacted<Uint8Array>,
  cost: ScryptCost,
): Promise<{ rootKey: RootKey; fields: KeyFileFields }> {
  const salt = randomBytes(passphraseSaltBytes);
  const wrappingKey = await stretchPassphrase(passphrase, salt, cost);
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
