/** The file of a key under which names of objects go out as hashes. */
import { createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { usageError } from "./command-failure.ts";
import { valueFlag } from "./flags.ts";

export const hashKeyFileFlag = valueFlag(
  "hash-key-file",
  "FILE",
  "Names of objects are hashes under the key in this file, as followers with a hashKeyFile have them.",
);

const hashKeyBytesMin = 16;

/** `place` is what names it, for messages. Raises a usage error for what cannot be read or is too short to be a secret. */
export async function readHashKey(path: string, place: string): Promise<KeyObject> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${place} must name a file that can be read (${error.code ?? "unknown"})`);
  });
  if (bytes.length < hashKeyBytesMin) {
    throw usageError(`${place} must name a file of at least ${hashKeyBytesMin} bytes that nobody can guess`);
  }
  return createSecretKey(bytes);
}
