/** Records as events of OCSF: of what happened, not of intents, which would count twice. */
import type { AuditEntry } from "../audit-log.ts";
import { ocsfEvent } from "../ocsf/ocsf-event.ts";
import { safeJson } from "../safe-json.ts";
import { parts } from "./disclosure-parts.ts";
import type { RenderEntry } from "./destination.ts";

export function renderOcsf(transform: (entry: AuditEntry) => AuditEntry, version: string): RenderEntry {
  return (entry) => {
    if (entry.event.stage === "RequestReceived") return [];
    return parts(transform(entry)).map((part) => safeJson(ocsfEvent(part, version)));
  };
}
