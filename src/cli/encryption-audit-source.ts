/** What `strongroom encryption audit` reads: a file of an etcd, or one that runs. */
import { resolve } from "node:path";
import type { EncryptionAudit } from "../encryption-audit/encryption-audit.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { EtcdReader } from "../etcd-client/etcd-reader.ts";
import type { EtcdTarget } from "../etcd-client/etcd-target.ts";
import { EtcdSnapshot } from "../etcd-snapshot/etcd-snapshot.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { etcdFlag, etcdTargets, etcdTlsFlags, isInTheClear } from "./etcd-flags.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";

export const snapshotFlag = valueFlag(
  "etcd-snapshot",
  "FILE",
  "What etcdctl snapshot save wrote, or the file member/snap/db of an etcd that does not run.",
);
export const auditedSourceFlags: readonly Flag[] = [snapshotFlag, etcdFlag, ...etcdTlsFlags];

/** What was read, and what of it cannot be seen. */
export type AuditedSource = AuditedFile | AuditedEtcd;

interface AuditedFile {
  readonly kind: "snapshot" | "database";
  readonly name: string;
  readonly bytes: number;
  /** Whether a hash of the file was there and was right. */
  readonly hash: "verified" | "none";
  readonly pages: { readonly total: number; readonly free: number };
  readonly pageBytes: number;
}

interface AuditedEtcd {
  readonly kind: "etcd";
  /** The member that answered. */
  readonly name: string;
  /** At which revisions it was read: one, unless that was compacted meanwhile. */
  readonly revisions: { readonly first: number; readonly last: number };
}

/** Gives the audit what there is, by the flags. */
export async function readAuditedSource(invocation: Invocation, audit: EncryptionAudit): Promise<AuditedSource> {
  const { flags, environment } = invocation;
  const [name, urls] = [flags.one(snapshotFlag), flags.many(etcdFlag)];
  if ((name === undefined) === (urls === undefined)) {
    throw usageError(
      "one source must be named",
      "Name a snapshot with --etcd-snapshot FILE, or an etcd with --etcd URL.",
    );
  }
  if (urls !== undefined) {
    const targets = await etcdTargets(invocation, urls);
    if (targets.some(isInTheClear))
      invocation.output.tell("The etcd is asked without TLS: values pass the network in the clear.");
    return await readEtcd(targets, audit);
  }
  if (etcdTlsFlags.some((flag) => flags.has(flag)))
    throw usageError("--cacert, --cert and --key must come with --etcd");
  return readSnapshot(resolve(environment.workingDirectory, name ?? ""), name ?? "", audit);
}

function readSnapshot(path: string, name: string, audit: EncryptionAudit): AuditedFile {
  try {
    using snapshot = EtcdSnapshot.open(path);
    for (const revision of snapshot.revisions()) audit.add(revision);
    for (const bytes of snapshot.freeBytes()) audit.addFreeBytes(bytes);
    const { hasHash, sizeBytes, pages } = snapshot;
    return {
      kind: hasHash ? "snapshot" : "database",
      name,
      bytes: sizeBytes,
      hash: hasHash ? "verified" : "none",
      pages: { total: pages.total, free: pages.unreached },
      pageBytes: pages.pageSizeBytes,
    };
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    throw new CommandFailure(`${name}: ${error.message}`, {
      exitCode: exitCodes.usage,
      advice: "Nothing is said of a file that is not whole. Take a new one with etcdctl snapshot save.",
      cause: error,
    });
  }
}

const otherKeysLookedAt = 100;

async function readEtcd(targets: readonly EtcdTarget[], audit: EncryptionAudit): Promise<AuditedEtcd> {
  using reader = new EtcdReader(targets);
  const current = { isCurrent: true, isDeletion: false };
  let isEmpty = true;
  for await (const { key, value, modRevision } of reader.below(audit.prefix)) {
    isEmpty = false;
    audit.add({ key, value, modRevision, ...current });
  }
  // So that a wrong prefix is told from an empty etcd.
  const others = isEmpty ? await reader.firstKeys(otherKeysLookedAt) : [];
  for (const key of others) audit.add({ key, value: Buffer.alloc(0), modRevision: 0, ...current });
  return { kind: "etcd", name: reader.url, revisions: reader.revisions };
}

/** What an answer from this source cannot say. */
export function limitsOf(source: AuditedSource): string[] {
  if (source.kind === "etcd") {
    const { first, last } = source.revisions;
    const moved = `What was written between revisions ${first} and ${last} may be missing: etcd compacted the first while it was read.`;
    const unseen =
      "Superseded revisions and free pages were not examined: an etcd does not give them out; its snapshot has them.";
    return first === last ? [unseen] : [moved, unseen];
  }
  const { free, total } = source.pages;
  const searched =
    `${free} of ${total} pages are free. At least so many copies were left behind in them as are counted; ` +
    "what was cut up, or JSON in the clear, is not found there.";
  return [
    ...(free === 0 ? [] : [searched]),
    ...(source.hash === "verified" ? [] : ["The file has no hash: that nobody changed it is not known."]),
  ];
}
