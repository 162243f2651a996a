/**
 * A record as a syslog message (RFC 5424), framed by its length (RFC 6587, RFC 5425): whatever is in it, it ends where its length
 * says. The message is ASCII, so that it needs no byte order mark.
 */
import { hostname } from "node:os";
import type { OutgoingRecord } from "./destination.ts";

export interface SyslogNames {
  readonly host: string;
  readonly application: string;
  readonly processId: string;
  /** Of this product, for the receiver to tell its versions apart. */
  readonly version: string;
}

export function syslogNames(version: string): SyslogNames {
  return { host: hostname(), application: "strongroom", processId: String(process.pid), version };
}

/** The facility "log audit". */
const auditFacility = 13;
const severities = { warning: 4, notice: 5, informational: 6 } as const;
/** `sequenceId` goes round there (RFC 5424, 7.3.1). */
const sequenceMax = 2_147_483_647;

export function syslogFrame(record: OutgoingRecord, names: SyslogNames, now: Date): string {
  const message = syslogMessage(record, names, now);
  return `${message.length} ${message}`;
}

function syslogMessage({ text, position, event }: OutgoingRecord, names: SyslogNames, now: Date): string {
  const priority = auditFacility * 8 + severities[severityOf(event?.responseStatus?.code)];
  const time = event?.stageTimestamp ?? now.toISOString();
  const header = [
    `<${priority}>1`,
    time,
    printable(names.host, 255),
    printable(names.application, 48),
    printable(names.processId, 128),
    event === undefined ? "checkpoint" : printable(event.stage, 32),
  ].join(" ");
  const data =
    `[meta sequenceId="${(position % sequenceMax) + 1}"]` +
    `[origin software="strongroom" swVersion="${parameter(names.version)}"]`;
  return `${header} ${data} ${asciiJson(text)}`;
}

function severityOf(code: number | undefined): keyof typeof severities {
  if (code === undefined || code < 400) return "informational";
  return code === 401 || code === 403 || code >= 500 ? "warning" : "notice";
}

/** Names are printable ASCII; the nil value stands for none. */
function printable(text: string, charactersMax: number): string {
  const clean = text.replace(/[^!-~]/g, "_").slice(0, charactersMax);
  return clean === "" ? "-" : clean;
}

function parameter(text: string): string {
  return printable(text, 32).replace(/["\\\]]/g, "\\$&");
}

function asciiJson(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
