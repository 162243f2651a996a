import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { appendFiles, bufferedAppendFiles } from "../append-file.ts";
import { AuditLogFile } from "./audit-log-file.ts";
import type { AuditLogOptions } from "./audit-log-options.ts";
import { formerLogs, listSegments } from "./log-directory.ts";
import { formerLogsEvent } from "./log-events.ts";
import { recoverLog } from "./log-recovery.ts";
import { LogReserve, openReserveFile } from "./log-reserve.ts";
import type { ReserveFile } from "./log-reserve.ts";
import { LogTail } from "./log-tail.ts";

/**
 * Opens the log, and makes it when there is none: what a crash left at its end is taken out, what was done to it by others is told
 * and on record. Rejects with what the file system says when that is not possible: a server that cannot record does not start.
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLogFile> {
  const { directory, keys, heads, now } = options;
  const files = options.files ?? (options.reads === "batched" ? bufferedAppendFiles : appendFiles);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const known = await heads.load();
  const lastSegment = (await listSegments(directory)).at(-1)?.first;
  const { at, reports } = await recoverLog(directory, keys, known);
  const tailOptions = { directory, keys, files, now };
  const isNew = !("segment" in at);
  const tail = await (isNew
    ? LogTail.begin(tailOptions, { ...at, dictionary: undefined })
    : LogTail.resume(tailOptions, at));
  const reserve = await openReserve(options);
  const segments = await listSegments(directory);
  const log = new AuditLogFile(options, { tail, reserve, first: segments.at(0)?.first ?? tail.end });
  reserve.fill();
  for (const report of reports) await log.put(report);
  await log.findOpenIntents(known?.openFrom ?? lastSegment ?? tail.end);
  const former = isNew && at.first === 0 ? await formerLogs(directory) : [];
  if (former.length > 0) await log.write(formerLogsEvent(former, { now, uuid: randomUUID }));
  if (isNew && at.gap !== undefined) log.countDamage();
  return log;
}

async function openReserve({
  directory,
  reserveFile,
  reserveBytes,
  now,
  report,
}: AuditLogOptions): Promise<LogReserve> {
  const file: ReserveFile = reserveFile ?? (await openReserveFile(join(directory, "reserve")));
  return new LogReserve(file, {
    wantedBytes: reserveBytes ?? file.sizeBytes,
    now: () => now().getTime(),
    onError: (error) => report({ message: "Space for the audit log could not be set aside", fields: {}, error }),
  });
}
