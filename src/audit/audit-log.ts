/** The log that the server writes and others read behind it: followers, the index of questions, whoever looks on. */
import type { AuditEvent, AuditSink } from "./audit-event.ts";

export interface AuditEntry {
  /** The number of the entry, from 0; no number is used twice, and none is left out but where entries were lost. */
  readonly position: number;
  readonly event: AuditEvent;
}

/**
 * Reads durable entries only: what is read has been on the disk, and can no longer be taken back. Who reads keeps a position of
 * their own; nothing of the log waits for them.
 */
export interface AuditLogReader {
  /** The position of the oldest entry that is kept; `end` when there is none. */
  readonly first: number;
  /** One after the position of the last durable entry. */
  readonly end: number;
  /**
   * The entries from a position, before `to` or up to the end as it is when the reading begins. From before `first`, it
   * begins at `first`: compare the position of the first entry to see what is gone.
   */
  entries(from: number, to?: number): AsyncIterable<AuditEntry>;
  /** Resolves when there is an entry at the position; rejects with the signal's reason when it is aborted before. */
  reached(position: number, signal: AbortSignal): Promise<void>;
  /**
   * Calls `listener` with entries that became durable, in their order and none twice, soon after and not within the write of
   * any. Some may be left out: compare positions. It must not raise.
   */
  onEntries(listener: (entries: readonly AuditEntry[]) => void): Disposable;
}

export interface AuditLog extends AuditSink, AuditLogReader {}
