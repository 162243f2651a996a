import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import type { TestServer } from "../running-server.ts";

/** Everything that is on record at a server, in order. */
export async function auditEvents(server: Pick<TestServer, "dataDir">): Promise<AuditEvent[]> {
  const text = await readFile(join(server.dataDir, "audit", "audit.log"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as AuditEvent); // as the server wrote them
}
