import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { AuditSink } from "./audit-event.ts";
import { openAuditFile } from "./file-sink.ts";

/** Opens the audit log of a data directory, `audit/audit.log` in it. Rejects as {@link openAuditFile}. */
export async function openAuditDirectory(dataDir: string): Promise<AuditSink> {
  const directory = join(dataDir, "audit");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return openAuditFile({ path: join(directory, "audit.log") });
}
