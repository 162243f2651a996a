/** The folder of a plugin on a node of the control plane: its sealed keys and its records. */
import { mkdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readPassphraseFile } from "../../crypto/passphrase-file.ts";
import { errorCodeOf } from "../../crypto/private-file.ts";
import type { Redacted } from "../../crypto/redacted.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";

const writableByOthers = 0o022;
const stickyBit = 0o1000;

/** The sealed keys. */
export function keyFilePath(folder: string): string {
  return join(folder, "keys.json");
}

/** The records of what was asked. */
export function recordFilePath(folder: string): string {
  return join(folder, "records.jsonl");
}

/** Raises `sealed` when there is none. */
export async function readKeyFileText(folder: string): Promise<string> {
  const path = keyFilePath(folder);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const remedy =
      "make it with `strongroom kms-plugin init`, or from an escrow copy with `strongroom kms-plugin restore`";
    const must = `the key file ${path} must be readable (${errorCodeOf(error)}); ${remedy}`;
    throw new StrongroomError("sealed", must, { cause: error });
  }
}

/**
 * The passphrase of the keys. Raises `invalid` for a file that a kubelet has put there out of a Secret, a ConfigMap or a token: the cluster
 * needs this plugin before it can give any of them, so that after a power failure neither would come up.
 */
export async function readLocalPassphrase(path: string): Promise<Redacted<Uint8Array>> {
  await requireNotFromCluster(path);
  return await readPassphraseFile(path);
}

/** Raises `invalid` for a file that a kubelet has put there. A volume of a kubelet has its files behind a link `..data` to a folder of a name that begins with two dots. */
export async function requireNotFromCluster(path: string): Promise<void> {
  const real = await realpath(path).catch(() => path); // its absence is told by who reads it
  if (
    !dirname(real)
      .split("/")
      .some((name) => /^\.\.[^/]+$/.test(name))
  )
    return;
  throw new StrongroomError(
    "invalid",
    `${path} must not come from a volume of the cluster that the keys protect: without this plugin the cluster could not give it`,
  );
}

/** Makes a folder for its owner alone, or raises `invalid` when others may write to the one that is there. */
export async function ensureClosedFolder(path: string, what: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { mode, uid } = await stat(path);
  const self = process.geteuid?.();
  if (self !== undefined && uid !== self && uid !== 0)
    throw new StrongroomError("invalid", `the folder ${path} of ${what} must belong to the user of the plugin or root`);
  if ((mode & writableByOthers) === 0) return;
  const hint =
    (mode & stickyBit) === 0 ? `run chmod go-w ${path}` : "choose one of its own, such as /run/strongroom-kms";
  throw new StrongroomError(
    "invalid",
    `the folder ${path} of ${what} must not be writable by its group or by others: ${hint}`,
  );
}
