/** What the log puts on record of itself. */
import { microsecondsOf } from "../audit-event.ts";
import type { AuditEvent } from "../audit-event.ts";
import type { FormerLog } from "./log-directory.ts";
import type { LogReport } from "./log-keys.ts";

/** The door of what the log says of itself, by which nobody comes. */
export const auditLogDoor = "audit-log";
export const serverName = "strongroom:server";

export interface Sources {
  readonly now: () => Date;
  readonly uuid: () => string;
}

/** Something that people must hear of. */
export function reportEvent({ message, fields }: LogReport, sources: Sources): AuditEvent {
  const details = Object.entries(fields).map(([name, value]) => [`strongroom.dev/${name}`, String(value)] as const);
  return logEvent("report", { "strongroom.dev/report": message, ...Object.fromEntries(details) }, sources);
}

/** The files of JSON lines in which the log was kept before, with what is in them. */
export function formerLogsEvent(former: readonly FormerLog[], sources: Sources): AuditEvent {
  const files = former.map(({ name, sizeBytes, sha256 }) => `${name} ${sizeBytes} bytes sha256:${sha256}`);
  return logEvent("begin", { "strongroom.dev/former-logs": files.join("\n") }, sources);
}

function logEvent(verb: string, annotations: Readonly<Record<string, string>>, { now, uuid }: Sources): AuditEvent {
  const time = microsecondsOf(now());
  return {
    auditID: uuid(),
    stage: "ResponseComplete",
    door: auditLogDoor,
    verb,
    requestURI: "",
    user: { username: serverName, groups: [] },
    sourceIPs: [],
    userAgent: "",
    objectRef: { apiGroup: "strongroom.dev", apiVersion: "v1alpha1", resource: "auditlogs" },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations,
  };
}
