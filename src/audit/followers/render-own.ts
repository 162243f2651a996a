/** Records in our own form: everything that is on record, with its position. */
import type { AuditEntry } from "../audit-log.ts";
import { safeJson } from "../safe-json.ts";
import { parts } from "./disclosure-parts.ts";
import type { RenderEntry } from "./destination.ts";

export function renderOwn(transform: (entry: AuditEntry) => AuditEntry): RenderEntry {
  return (entry) =>
    parts(transform(entry)).map(({ position, event, part }) =>
      safeJson({ apiVersion: "strongroom.dev/v1", kind: "AuditEvent", position, ...part, ...event }),
    );
}
