import { dirname, join } from "node:path";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { instanceAuditReader } from "../../src/instance/audit-log.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import type { Answer } from "../running-server.ts";

/** Where a log is, and the key that opens it; as {@link startTestServer} has it when no key is named. */
export interface LogPlace {
  readonly dataDir: string;
  readonly rootKeyFile?: string;
}

/** Everything that is on record at a server, in order; it may run or not. */
export async function auditEvents({ dataDir, rootKeyFile }: LogPlace): Promise<AuditEvent[]> {
  const path = rootKeyFile ?? join(dirname(dataDir), "root.key");
  const instance = await openExistingInstance(dataDir, { type: "file", path });
  const events: AuditEvent[] = [];
  const reader = instanceAuditReader(dataDir, instance, async ({ from, before }) => {
    throw new Error(`entries ${from} to ${before - 1} must be there to be read`);
  });
  for await (const { event } of reader.entries(0, Infinity)) events.push(event);
  return events;
}

/** The same, for tests that look at what may not be there. */
export async function looseAuditEvents(place: LogPlace): Promise<Answer["json"][]> {
  return auditEvents(place);
}
