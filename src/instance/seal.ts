/** The seal of a data directory: how its root key is kept, and the change from one custody to another. No data are touched. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import { custodyLimits } from "../crypto/root-key/root-key-custody.ts";
import type { CustodyFacts } from "../crypto/root-key/root-key-custody.ts";
import { RootKey } from "../crypto/root-key/root-key.ts";
import { custodyOf, readRecord, requireClosedToOthers, rootKeyPath } from "./instance.ts";
import type { RootKeyConfig } from "./root-key-config.ts";
import { noteSealChange } from "./seal-record.ts";

export interface SealFacts extends CustodyFacts {
  readonly instanceId: string;
  readonly rootKeyId: string;
  /** Against whom it does not protect. */
  readonly limit: string;
}

/** How the root key of a directory is kept; nothing is opened. Raises `not-found` for a directory without an instance, and `sealed`. */
export async function inspectSeal(dataDir: string, config: RootKeyConfig): Promise<SealFacts> {
  const { instanceId, rootKeyId } = await requireRecord(dataDir);
  const facts = await custodyOf(config).inspect(instanceId);
  return { ...facts, instanceId, rootKeyId, limit: custodyLimits[facts.custody] };
}

/** What became of a changed seal. */
export interface SealChange {
  readonly seal: SealFacts;
  /** The file from before, which still opens the data; undefined when the new one stands in its place. */
  readonly formerFile: string | undefined;
}

/**
 * Keeps the root key in another custody. The key is the same, so that a server that runs goes on and its next start takes the new custody.
 * The new file is opened once before the former one is replaced; a file at another place is never replaced. Raises what both custodies
 * raise, and then nothing is changed.
 */
export async function changeSeal(dataDir: string, from: RootKeyConfig, to: RootKeyConfig): Promise<SealChange> {
  const { instanceId, rootKeyId } = await requireRecord(dataDir);
  const [before, after] = [from, to].map((config) => rootKeyPath(config, instanceId));
  const replacing = before === after;
  const { custody } = await custodyOf(from).inspect(instanceId);
  const bytes = await custodyOf(from).release(instanceId);
  try {
    new RootKey(Uint8Array.from(bytes)).verify(rootKeyId); // zeroes the copy
    // Before the change: one that is not made after all is on record as a start with the custody from before.
    await noteSealChange(dataDir, { from: custody, to: to.type, changedAt: new Date().toISOString() });
    await custodyOf(to).take(instanceId, bytes, { replacing });
  } finally {
    bytes.fill(0);
  }
  return { seal: await inspectSeal(dataDir, to), formerFile: replacing ? undefined : before };
}

async function requireRecord(dataDir: string) {
  await requireClosedToOthers(dataDir);
  const record = await readRecord(dataDir);
  if (record !== undefined) return record;
  throw new StrongroomError("not-found", `the data directory ${dataDir} must be one that a server has made`);
}
