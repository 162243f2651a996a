/** Verifying the audit log of a data directory, or a bundle of one, by its ciphertext; a server may run on the directory. */
import type { KeyObject } from "node:crypto";
import { decodePublicKey, encodePublicKey } from "../audit/log/checkpoint.ts";
import type { Checkpoint } from "../audit/log/checkpoint.ts";
import { readSegmentHeader } from "../audit/log/block-walk.ts";
import { readBundle, writeBundle } from "../audit/log/log-bundle.ts";
import { listSegments } from "../audit/log/log-directory.ts";
import { segmentsToVerify, verifyLog } from "../audit/log/verify-log.ts";
import type { LogVerdict, SegmentToVerify } from "../audit/log/verify-log.ts";
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import { auditDirectory } from "./audit-log.ts";
import { auditPublicKey } from "./audit-reading.ts";
import type { DataDirectory } from "./audit-reading.ts";

export interface AuditVerification {
  /** Where the log is. */
  readonly place: DataDirectory | { readonly bundle: string };
  /** The key that whoever verifies has from elsewhere. */
  readonly publicKey: KeyObject | undefined;
  /** Checkpoints that whoever verifies has from elsewhere. */
  readonly outside: readonly Checkpoint[];
  readonly from: number;
  readonly to: number;
}

/**
 * Who says that the key is the server's: whoever verifies, a checkpoint that they kept, the server (or its sealed store), or only
 * the log itself, which whoever rewrote all of it would have made to say so.
 */
export type KeyOrigin = "given" | "checkpoint" | "server" | "log";

export interface AuditVerdict extends LogVerdict {
  readonly keyOrigin: KeyOrigin;
  readonly publicKey: string;
}

/** Raises `not-found` where no log is, `invalid` for checkpoints of another instance, and what reading raises. */
export async function verifyAudit(asked: AuditVerification): Promise<AuditVerdict> {
  const { segments, claimedKey } = await segmentsOf(asked);
  const { publicKey, origin } = await keyOf(asked, claimedKey);
  const verdict = await verifyLog(segments, { ...asked, publicKey });
  requireSameInstance(asked.outside, verdict.instance);
  return { ...verdict, keyOrigin: origin, publicKey: encodePublicKey(publicKey) };
}

/** Writes a bundle of what was verified, for others to verify. Raises `already-exists`. */
export async function exportAuditBundle(
  dataDir: string,
  path: string,
  verdict: AuditVerdict,
  now: Date,
): Promise<void> {
  await writeBundle(path, await listSegments(auditDirectory(dataDir)), {
    instance: verdict.instance ?? "",
    publicKey: verdict.publicKey,
    createdAt: now.toISOString(),
    checkpoint: verdict.signed,
  });
}

async function segmentsOf({
  place,
  outside,
}: AuditVerification): Promise<{ segments: readonly SegmentToVerify[]; claimedKey: () => Promise<string> }> {
  if ("bundle" in place) {
    const { header, segments } = await readBundle(place.bundle);
    return { segments, claimedKey: async () => header.publicKey };
  }
  const directory = auditDirectory(place.dataDir);
  const segments = await segmentsToVerify(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const [first] = segments;
  // Who kept a checkpoint knows that there was a log: that all of it is gone is what is found then.
  if (first === undefined && outside.length > 0) return { segments, claimedKey: async () => "" };
  if (first === undefined) {
    throw new StrongroomError(
      "not-found",
      `${directory} must hold an audit log: all of it is gone, or none was ever there`,
    );
  }
  return { segments, claimedKey: () => headerKey(first) };
}

async function headerKey(segment: SegmentToVerify): Promise<string> {
  await using source = await segment.open();
  return (await readSegmentHeader(source)).header.publicKey;
}

async function keyOf(
  { place, publicKey, outside }: AuditVerification,
  claimedKey: () => Promise<string>,
): Promise<{ publicKey: KeyObject; origin: KeyOrigin }> {
  if (publicKey !== undefined) return { publicKey, origin: "given" };
  const [kept] = outside;
  if (kept !== undefined) return { publicKey: decodePublicKey(kept.publicKey), origin: "checkpoint" };
  const served = "bundle" in place ? undefined : await serverKey(place);
  if (served !== undefined) return { publicKey: decodePublicKey(served), origin: "server" };
  return { publicKey: decodePublicKey(await claimedKey()), origin: "log" };
}

/** Undefined where no server runs and the store cannot be opened: without the root key, or on another machine. */
async function serverKey(place: DataDirectory): Promise<string | undefined> {
  try {
    return await auditPublicKey(place);
  } catch (error) {
    const isAway = (["sealed", "not-found", "unavailable"] as const).some((code) => isStrongroomError(error, code));
    if (isAway) return undefined;
    throw error;
  }
}

function requireSameInstance(outside: readonly Checkpoint[], instance: string | undefined): void {
  if (instance === undefined || outside.every((checkpoint) => checkpoint.instance === instance)) return;
  throw new StrongroomError("invalid", `the checkpoints must be of the instance ${instance}, whose log this is`);
}
