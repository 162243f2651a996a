import { StrongroomError } from "../../errors/strongroom-error.ts";
import { createPrivateFile } from "../private-file.ts";
import { decodeKeyFile, decodeKeyFileBytes, encodeKeyFile, keyFileFieldNames } from "./key-file-format.ts";
import type { KeyFileFields } from "./key-file-format.ts";
import { readKeyFile } from "./key-file.ts";
import { checkInstanceId } from "./root-key-custody.ts";
import type { RootKeyCustody } from "./root-key-custody.ts";
import { generateRootKeyBytes, RootKey, rootKeyBytes } from "./root-key.ts";

const fieldNames = ["instance", "key-id", "key"] as const;

/**
 * Keeps the root key as it is in a file of the user (mode 0600): whoever can read
 * the file and the data directory can read everything. See `PassphraseCustody` for a
 * file that is useless alone.
 */
export class FileCustody implements RootKeyCustody {
  readonly #pathOf: (instanceId: string) => string;

  /** `pathOf` gives the file of an instance, e.g. by `defaultKeyFilePath`, or one configured path. */
  constructor(pathOf: (instanceId: string) => string) {
    this.#pathOf = pathOf;
  }

  describe(instanceId: string): string {
    return this.#pathOf(instanceId);
  }

  async load(instanceId: string): Promise<RootKey> {
    checkInstanceId(instanceId);
    const text = await readKeyFile(this.#pathOf(instanceId));
    if (keyFileFieldNames(text).includes("wrapped-key")) {
      throw new StrongroomError("sealed", "the root key file is protected by a passphrase, which must be given");
    }
    const fields = decodeKeyFile(text, fieldNames);
    const rootKey = new RootKey(decodeKeyFileBytes(fields.get("key") ?? "", rootKeyBytes));
    checkKeyFileOwner(fields, instanceId, rootKey);
    return rootKey;
  }

  async create(instanceId: string): Promise<RootKey> {
    checkInstanceId(instanceId);
    const bytes = generateRootKeyBytes();
    const encoded = bytes.toString("base64");
    const rootKey = new RootKey(bytes); // zeroes the bytes
    const fields = new Map([
      ["instance", instanceId],
      ["key-id", rootKey.id],
      ["key", encoded],
    ]);
    await createPrivateFile(this.#pathOf(instanceId), encodeKeyFile(fields));
    return rootKey;
  }
}

/** Raises `sealed` unless the file says that it is of this instance and its key has the id it names. */
export function checkKeyFileOwner(fields: KeyFileFields, instanceId: string, rootKey: RootKey): void {
  const owner = fields.get("instance");
  if (owner !== instanceId) {
    throw new StrongroomError(
      "sealed",
      `the root key file must be the one of instance ${instanceId}, it is of ${owner}`,
    );
  }
  rootKey.verify(fields.get("key-id") ?? "");
}
