import { constants, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { errorCodeOf } from "../private-file.ts";
import { keyFileBytesMax } from "./key-file-format.ts";
import { checkInstanceId } from "./root-key-custody.ts";

const groupAndOthers = 0o077;

/** What the default place depends on: `XDG_CONFIG_HOME` of the environment, and the home directory. */
export interface ConfigHome {
  /** Ignored unless absolute, as the XDG Base Directory Specification asks. */
  readonly xdgConfigHome: string | undefined;
  readonly home: string;
}

/** `<config home>/strongroom/keys/<instance id>.key`: outside of every data directory. Raises `invalid` for a bad id. */
export function defaultKeyFilePath(configHome: ConfigHome, instanceId: string): string {
  checkInstanceId(instanceId);
  const { xdgConfigHome, home } = configHome;
  const base = xdgConfigHome !== undefined && isAbsolute(xdgConfigHome) ? xdgConfigHome : join(home, ".config");
  return join(base, "strongroom", "keys", `${instanceId}.key`);
}

/**
 * Reads a root key file. Raises `sealed`, saying what to do, when there is none, when it is no regular
 * file, when it belongs to somebody else, when the group or others have any right to it, or when it is
 * over 16 KiB. All of it is checked on the open file, so that it cannot be exchanged in between.
 */
export async function readKeyFile(path: string): Promise<string> {
  await using file = await openKeyFile(path);
  const refusal = await refusalOf(file, path);
  if (refusal !== undefined) throw new StrongroomError("sealed", refusal);
  return await file.readFile("utf8");
}

async function openKeyFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO would block the start for ever
  } catch (error) {
    const code = errorCodeOf(error);
    const message =
      code === "ENOENT"
        ? `the root key file ${path} must exist; put your copy of it back, or name its place in the configuration`
        : `the root key file ${path} must be readable (${code})`;
    throw new StrongroomError("sealed", message, { cause: error });
  }
}

async function refusalOf(file: FileHandle, path: string): Promise<string | undefined> {
  const { mode, uid, size, isFile } = await statOf(file);
  const self = process.geteuid?.();
  if (!isFile) return `the root key file ${path} must be a regular file`;
  if ((mode & groupAndOthers) !== 0) {
    const found = (mode & 0o777).toString(8).padStart(4, "0");
    return `the root key file ${path} must be closed to group and others, its mode is ${found}; run: chmod 600 ${path}`;
  }
  if (self !== undefined && uid !== self && uid !== 0)
    return `the root key file ${path} must belong to the user of the server`;
  if (size > keyFileBytesMax) return `the root key file ${path} must have at most ${keyFileBytesMax} bytes`;
  return undefined;
}

async function statOf(file: FileHandle): Promise<{ mode: number; uid: number; size: number; isFile: boolean }> {
  const stat = await file.stat();
  return { mode: stat.mode, uid: stat.uid, size: stat.size, isFile: stat.isFile() };
}
