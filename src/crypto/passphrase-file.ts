import { constants, open } from "node:fs/promises";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { errorCodeOf } from "./private-file.ts";
import { Redacted } from "./redacted.ts";

/** Longer passphrases are not read. */
const passphraseFileBytesMax = 64 * 1024;
const groupAndOthers = 0o077;

/**
 * The passphrase in a file: its bytes without the last line end. Raises `sealed`, saying what to do, when there is no such file, or when
 * its group or others have any right to it; `what` is what messages call it. A pipe is read too (`--passphrase-file <(...)`), since it belongs to whoever made it.
 */
export async function readPassphraseFile(path: string, what = "the passphrase file"): Promise<Redacted<Uint8Array>> {
  await using file = await openFile(path, what);
  const { mode, size } = await file.stat();
  const isRegular = (mode & constants.S_IFMT) === constants.S_IFREG;
  if (isRegular && (mode & groupAndOthers) !== 0) {
    throw new StrongroomError("sealed", `${what} ${path} must be closed to group and others; run: chmod 600 ${path}`);
  }
  if (size > passphraseFileBytesMax) throw new StrongroomError("invalid", `${what} ${path} must be short`);
  const bytes = await file.readFile();
  const end = bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? -2 : -1) : bytes.length;
  return new Redacted(bytes.subarray(0, end));
}

async function openFile(path: string, what: string) {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    const code = errorCodeOf(error);
    throw new StrongroomError("sealed", `${what} ${path} must be readable (${code})`, { cause: error });
  }
}
