import { randomBytes } from "node:crypto";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { unwrapKey, wrapKey } from "../key-wrapping.ts";
import {
  checkPassphrase,
  decodeCost,
  encodeCost,
  logNDefault,
  passphraseSaltBytes,
  scryptCost,
  stretchPassphrase,
} from "../passphrase-key.ts";
import type { Redacted } from "../redacted.ts";
import type { KeyFileForm } from "./key-file-custody.ts";
import { decodeKeyFileBytes } from "./key-file-format.ts";
import type { KeyFileFields } from "./key-file-format.ts";
import { rootKeyBytes } from "./root-key.ts";

const nonceBytes = 12;
const tagBytes = 16;
const wrappedKeyBytes = nonceBytes + rootKeyBytes + tagBytes;

/**
 * The root key, encrypted (AES-256-GCM) under a key made from a passphrase by scrypt: the file and the data directory together
 * are useless without the passphrase. Opening takes part of a second and 128 MiB, which are given back.
 *
 * `readPassphrase` gets the bytes of the passphrase from a file or a prompt - never from the
 * command line or the environment, which other processes can read - without the line end; `seal` raises `invalid` for fewer than 12 bytes.
 * `logN` is the cost of new files: 14 (16 MiB) to 20 (1 GiB), else RangeError; each step doubles memory and time.
 */
export function passphraseForm(
  readPassphrase: () => Promise<Redacted<Uint8Array>>,
  logN: number = logNDefault,
): KeyFileForm {
  const cost = scryptCost(logN);
  return {
    custody: "passphrase",
    fieldNames: ["kdf", "salt", "wrapped-key"],
    async seal(bytes, owner) {
      const passphrase = await readPassphrase();
      checkPassphrase(passphrase);
      const salt = randomBytes(passphraseSaltBytes);
      const wrappingKey = await stretchPassphrase(passphrase, salt, cost);
      const fields = new Map([
        ["kdf", encodeCost(cost)],
        ["salt", salt.toString("base64")],
      ]);
      const wrapped = wrapKey(wrappingKey, bytes, authenticatedDataOf(new Map([...owner, ...fields])));
      return fields.set("wrapped-key", wrapped.toString("base64"));
    },
    async open(fields) {
      const cost = decodeCost(fields.get("kdf") ?? "", "the root key file");
      const salt = decodeKeyFileBytes(fields.get("salt") ?? "", passphraseSaltBytes);
      const wrapped = decodeKeyFileBytes(fields.get("wrapped-key") ?? "", wrappedKeyBytes);
      const wrappingKey = await stretchPassphrase(await readPassphrase(), salt, cost);
      try {
        return unwrapKey(wrappingKey, wrapped, authenticatedDataOf(fields));
      } catch (cause) {
        const must = "the passphrase must be the one that this root key file was made with";
        throw new StrongroomError("sealed", must, { cause });
      }
    },
    remark: () => " (with a passphrase)",
  };
}

/** Everything of the file that stands above the wrapped key, so that no field can be exchanged. */
function authenticatedDataOf(fields: KeyFileFields): Buffer {
  const bound = Array.from(fields).filter(([name]) => name !== "wrapped-key");
  return Buffer.from(bound.map(([name, value]) => `${name}: ${value}\n`).join(""));
}
