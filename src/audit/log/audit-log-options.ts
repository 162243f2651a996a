/** What a log is opened with. */
import type { AppendFiles } from "../append-file.ts";
import type { AuditKeys, ChainHeadStorage, LogReport } from "./log-keys.ts";
import type { ReserveFile } from "./log-reserve.ts";

/** How long records of reads may be on their way to the disk where reads are batched. */
export const batchedSyncMs = 200;

export interface AuditLogOptions {
  /** Created 0700 when missing. */
  readonly directory: string;
  readonly keys: AuditKeys;
  readonly heads: ChainHeadStorage;
  readonly now: () => Date;
  /** Told what people must hear of; it is on record too. */
  readonly report: (report: LogReport) => void;
  /** Length from which a segment is followed by the next. Default 16 MiB. */
  readonly segmentBytes?: number;
  /** Space that is set aside on the disk. Default: as much as is. */
  readonly reserveBytes?: number;
  /**
   * `synced` (default): no answer leaves before its record is on the disk. `batched`: that of a read may leave when the system has
   * the record, which is on the disk within {@link batchedSyncMs}. `kill -9` loses nothing either way; the loss of power may lose
   * the records of so long.
   */
  readonly reads?: "synced" | "batched";
  /** For tests. */
  readonly files?: AppendFiles;
  readonly reserveFile?: ReserveFile;
}
