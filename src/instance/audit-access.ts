/**
 * The audit log for whoever may open the data directory: what they read of it is on record before it is read. While a server
 * runs, it makes the record, asked by the control socket; else the command does, which then has the data directory.
 */
import { randomUUID } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { microsecondsOf } from "../audit/audit-event.ts";
import type { AuditEvent, AuditSink } from "../audit/audit-event.ts";
import type { AuditLogReader } from "../audit/audit-log.ts";
import type { Checkpoint } from "../audit/log/checkpoint.ts";
import type { Store } from "../store/store.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { changeSigningKey } from "./audit-keys.ts";
import { hostAdministratorName } from "./audited-issuance.ts";
import { pruneAudit, pruneBoundOf } from "./audit-pruning.ts";
import type { PrunedLog, Pruned, PruneRequest } from "./audit-pruning.ts";
import type { IssuanceDoor } from "./audited-issuance.ts";

export type AuditRequest =
  /** To be told the key of checkpoints. */
  | { readonly action: "public-key" }
  /** To have a checkpoint made about all entries, if there is none. */
  | { readonly action: "checkpoint" }
  /** To read entries; `what` says which, for the record. */
  | { readonly action: "read"; readonly what: string }
  /** To have a new key of checkpoints made. */
  | { readonly action: "change-key" }
  /** To have old entries deleted, or to be told which would be. */
  | PruneRequest;

export interface AuditAnswer {
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  /** The entries before it may be read. */
  readonly end: number;
  readonly checkpoint?: Checkpoint;
  /** What was deleted, or would be. */
  readonly pruned?: Pruned;
}

export type AskAudit = (request: AuditRequest) => Promise<AuditAnswer>;

/** Longest text of a request that is kept on record. */
const textMax = 1024;

/** Raises `invalid` for what is no such request. */
export function readAuditRequest(asked: unknown): AuditRequest {
  const { action, what, before, dryRun } = Object(asked) as Readonly<Record<string, unknown>>; // checked next
  if (action === "public-key" || action === "checkpoint" || action === "change-key") return { action };
  if (action === "read" && typeof what === "string") return { action, what };
  const bound = pruneBoundOf(before);
  if (action === "prune" && bound !== undefined && typeof dryRun === "boolean")
    return { action, before: bound, dryRun };
  const forWhat = "for the public key or another one, for a checkpoint, to read entries, or to delete old ones";
  throw new StrongroomError("invalid", `the request must be ${forWhat}`);
}

/** What is needed of a log that is open. */
interface SigningLog extends Pick<AuditLogReader, "end">, PrunedLog {
  readonly publicKey: string;
  checkpoint(): Promise<Checkpoint | undefined>;
  changeKey(signingKey: KeyObject): Promise<void>;
}

/** Answers for a log that is open. */
export function auditAnswers(log: SigningLog, audit: AuditSink, { door, dataDir, store }: AuditHost): AskAudit {
  /** One after the other: the store keeps one key that is about to sign. */
  let changed: Promise<unknown> = Promise.resolve();
  const changeKey = () => {
    const change = changed.then(changeKeyNow);
    changed = change.catch(() => undefined); // told to whoever asked for that one
    return change;
  };
  const changeKeyNow = async () => {
    await audit.write(hostEvent("update", { "strongroom.dev/audit-key-from": log.publicKey }, door));
    await changeSigningKey(log, store);
    await audit.write(hostEvent("update", { "strongroom.dev/audit-key": log.publicKey }, door));
  };
  return async (request) => {
    if (request.action === "change-key") await changeKey();
    if (request.action === "read") await audit.write(readEvent(request.what, door));
    const checkpoint = ["checkpoint", "change-key"].includes(request.action) ? await log.checkpoint() : undefined;
    const record = (what: string) => hostEvent("delete", { "strongroom.dev/audit-entries": what }, door);
    const pruned = request.action === "prune" ? await pruneAudit(log, request, { dataDir, record }) : undefined;
    const made = { ...(checkpoint !== undefined && { checkpoint }), ...(pruned !== undefined && { pruned }) };
    return { publicKey: log.publicKey, end: log.end, ...made };
  };
}

/** Where the log is, and how it is asked. */
export interface AuditHost {
  readonly door: IssuanceDoor;
  readonly dataDir: string;
  /** Keeps the key of checkpoints. */
  readonly store: Store;
}

function readEvent(what: string, door: IssuanceDoor): AuditEvent {
  return hostEvent("list", { "strongroom.dev/audit-entries": what.slice(0, textMax) }, door);
}

function hostEvent(verb: string, annotations: Readonly<Record<string, string>>, door: IssuanceDoor): AuditEvent {
  const time = microsecondsOf(new Date());
  return {
    auditID: randomUUID(),
    stage: "ResponseStarted",
    door,
    verb,
    requestURI: "/audit",
    user: { username: hostAdministratorName, groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1alpha1", resource: "auditevents" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations,
  };
}
