/** How the root key is kept, by flags and the configuration file. */
import { socketPathOf } from "../crypto/kms/kms-endpoint.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { ServerConfig } from "../server/server-config.ts";
import { usageError } from "./command-failure.ts";
import { valueFlag } from "./flags.ts";

export const rootKeyKmsFlag = valueFlag(
  "root-key-kms",
  "ENDPOINT",
  "The root key is wrapped by the KMS v2 plugin at this endpoint (unix:///PATH).",
);

/** What can be said of it; undefined fields are left to the defaults. */
export interface RootKeyChoice {
  readonly path: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly kmsEndpoint: string | undefined;
}

/** Raises a usage error for a passphrase and a plugin at once. */
export function rootKeyConfig({ path, passphraseFile, kmsEndpoint }: RootKeyChoice): ServerConfig["rootKey"] {
  if (passphraseFile !== undefined && kmsEndpoint !== undefined)
    throw usageError("the root key must be protected by a passphrase or by a KMS plugin, not by both");
  if (passphraseFile !== undefined) return { type: "passphrase", path, passphraseFile };
  return kmsEndpoint === undefined ? { type: "file", path } : { type: "kms", path, endpoint: kmsEndpoint };
}

export const kmsEndpointForm = "unix:// and the absolute path of a socket, such as unix:///run/strongroom-kms/kms.sock";

/** The endpoint that a text names; undefined for anything else. */
export function parseKmsEndpoint(value: string): string | undefined {
  try {
    socketPathOf(value);
    return value;
  } catch (error) {
    if (isStrongroomError(error, "invalid")) return undefined;
    throw error;
  }
}
