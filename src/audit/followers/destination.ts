/** Where a follower brings what is on record. */
import type { AuditEntry } from "../audit-log.ts";
import type { AuditEvent } from "../audit-event.ts";

/** A record in the form that it goes out in. */
export interface OutgoingRecord {
  /** JSON, or a line of text; without a newline and without characters that end lines or hide text. */
  readonly text: string;
  readonly position: number;
  /** What it is about; undefined for a checkpoint of the log. */
  readonly event: AuditEvent | undefined;
}

/** What an entry is to others: nothing, one record or several. */
export type RenderEntry = (entry: AuditEntry) => readonly string[];

export interface Destination {
  /**
   * Resolves when the records have arrived, as far as the protocol can say that; rejects when they may not have, and is then given
   * them again. Called one at a time.
   */
  deliver(records: readonly OutgoingRecord[], signal: AbortSignal): Promise<void>;
  /** Makes what was delivered durable, before it is noted as delivered. */
  flush?(): Promise<void>;
  close(): Promise<void>;
}
