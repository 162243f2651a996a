/**
 * Backups for whoever may open the data directory: each is on record before its first byte, as a disclosure of everything, and each
 * secret in it before its values leave. While a server runs it makes them, asked by the control socket; else the command does, which then
 * has the data directory.
 */
import { randomUUID } from "node:crypto";
import { microsecondsOf } from "../audit/audit-event.ts";
import type { AuditEvent, AuditSink, Disclosure } from "../audit/audit-event.ts";
import { inRecord } from "../audit/disclosures.ts";
import type { BackupLock } from "../backup/age-file.ts";
import type { BackupHead } from "../backup/backup-manifest.ts";
import { backupSigner } from "../backup/backup-signature.ts";
import { createBackup } from "../backup/create-backup.ts";
import { encodePublicKey } from "../audit/log/checkpoint.ts";
import { Redacted } from "../crypto/redacted.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { OpenedSnapshots } from "../store/encrypted-store.ts";
import type { Store } from "../store/store.ts";
import { hostAdministratorName } from "./audited-issuance.ts";
import { openAuditKeys } from "./audit-keys.ts";
import type { Instance } from "./instance.ts";
import { productVersion } from "./product-version.ts";

/** By which way a backup was asked for: the `door` of its records. */
export type BackupDoor = "control-socket" | "data-directory" | "schedule";

/** A lock as it is sent to the server of this host. */
export type BackupRequest = { readonly recipients: readonly string[] } | { readonly passphrase: string };

/** A backup for a lock, in pieces. Rejects, before the first, for a lock that is none and where there can be no record. */
export type MakeBackup = (lock: BackupLock) => AsyncGenerator<Buffer>;

/** Raises `invalid` for what is no such request. */
export function readBackupRequest(asked: unknown): BackupLock {
  const { recipients, passphrase } = Object(asked) as { recipients?: unknown; passphrase?: unknown }; // checked next
  const isList = Array.isArray(recipients) && recipients.every((recipient) => typeof recipient === "string");
  if (isList === (typeof passphrase === "string")) {
    throw new StrongroomError("invalid", "a backup must be for recipients or for a passphrase");
  }
  if (isList) return { type: "recipients", recipients };
  return { type: "passphrase", passphrase: new Redacted(String(passphrase)) };
}

export function backupRequestOf(lock: BackupLock): BackupRequest {
  return lock.type === "recipients" ? { recipients: lock.recipients } : { passphrase: lock.passphrase.reveal() };
}

export interface BackupSource {
  readonly instance: Pick<Instance, "id" | "rootKey">;
  readonly store: Store & OpenedSnapshots;
  readonly audit: AuditSink;
  readonly door: BackupDoor;
  readonly now: () => Date;
  /** Told of what ended a backup that had begun. */
  readonly onError?: (error: unknown) => void;
}

/** Backups of a store that is open. */
export function auditedBackups(source: BackupSource): MakeBackup {
  return async function* (lock) {
    const { instance, store, audit, door, now, onError } = source;
    const { signingKey, publicKey } = await openAuditKeys(instance, store);
    const record = new BackupRecord(door, lock, now);
    const sign = backupSigner(signingKey, encodePublicKey(publicKey));
    const options = { store, lock, instance: instance.id, productVersion: productVersion(), now, sign };
    const pieces = createBackup(options, (head) => audit.write(record.started(head)));
    let isWhole = false;
    try {
      for await (const { bytes, disclosed } of pieces) {
        if (disclosed.length > 0) await audit.write(record.disclosed(disclosed));
        yield bytes;
      }
      isWhole = true;
    } catch (error) {
      if (record.hasStarted) onError?.(error);
      throw error;
    } finally {
      if (record.hasStarted) await audit.write(record.ended(isWhole));
    }
  };
}

/** The records of one backup. */
class BackupRecord {
  readonly #door: BackupDoor;
  readonly #now: () => Date;
  readonly #auditID = randomUUID();
  readonly #receivedAt: string;
  readonly #annotations: Record<string, string>;
  hasStarted = false;

  constructor(door: BackupDoor, lock: BackupLock, now: () => Date) {
    this.#door = door;
    this.#now = now;
    this.#receivedAt = microsecondsOf(now());
    this.#annotations = {
      "strongroom.dev/backup-for": lock.type === "passphrase" ? "a passphrase" : lock.recipients.join(" "),
    };
  }

  started({ revision }: BackupHead): AuditEvent {
    this.hasStarted = true;
    this.#annotations["strongroom.dev/backup-revision"] = String(revision);
    return this.#event("ResponseStarted", { responseStatus: { code: 200 } });
  }

  disclosed(secrets: readonly Disclosure[]): AuditEvent {
    return this.#event("Disclosed", { disclosed: inRecord(secrets) });
  }

  ended(isWhole: boolean): AuditEvent {
    return this.#event("ResponseComplete", { responseStatus: { code: 200 }, ...(!isWhole && { cut: true }) });
  }

  #event(stage: AuditEvent["stage"], more: Partial<AuditEvent>): AuditEvent {
    return {
      auditID: this.#auditID,
      stage,
      door: this.#door,
      verb: "create",
      requestURI: "/backup",
      user: { username: hostAdministratorName, groups: [] },
      sourceIPs: [],
      userAgent: "",
      objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1", resource: "backups" },
      requestReceivedTimestamp: this.#receivedAt,
      stageTimestamp: microsecondsOf(this.#now()),
      annotations: this.#annotations,
      ...more,
    };
  }
}

/** The record with which the audit log of a restored directory begins. */
export function restoreEvent(head: BackupHead, now: Date): AuditEvent {
  const time = microsecondsOf(now);
  return {
    auditID: randomUUID(),
    stage: "ResponseComplete",
    door: "data-directory",
    verb: "create",
    requestURI: "/restore",
    user: { username: hostAdministratorName, groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1", resource: "restores" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: {
      "strongroom.dev/backup-created": head.created,
      "strongroom.dev/backup-instance": head.instance,
      "strongroom.dev/backup-revision": String(head.revision),
    },
  };
}
