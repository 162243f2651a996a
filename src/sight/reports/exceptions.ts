/** What somebody decided to live with: a YAML file of exceptions, each with a reason and a last day. */
import { isMap, isSeq, LineCounter, parseDocument } from "yaml";
import type { Node } from "yaml";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { reportObjectText, reportVersion } from "./report.ts";
import type { AppliedException, ReportFinding } from "./report.ts";

/** One of the file. It is for a finding by fingerprint, or for those of a check whose object fits. */
export interface FindingException extends AppliedException {
  readonly fingerprint: string | undefined;
  readonly check: string | undefined;
  /** `KIND NAMESPACE/NAME`, where a `*` stands for any characters. */
  readonly object: string | undefined;
}

const fieldNames = ["fingerprint", "check", "object", "reason", "expires", "owner"] as const;
const sizeMaxBytes = 4 * 1024 * 1024;

/**
 * Reads `{apiVersion: strongroom.dev/v1, kind: ScanExceptions, exceptions: [{check, object, reason, expires}]}`. Raises
 * `invalid`, with the place, for whatever is not exactly so: an exception that is misread would hide something. `file` is
 * how the person named it.
 */
export function readExceptions(text: string, file: string): FindingException[] {
  if (text.length > sizeMaxBytes) throw invalid(`${file} must have at most 4 MiB`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(`${file}:${lines.linePos(error.pos[0]).line} must be YAML: ${error.code}`);
  const root: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isRecord(root) || root["apiVersion"] !== reportVersion || root["kind"] !== "ScanExceptions") {
    throw invalid(`${file} must begin with apiVersion: ${reportVersion} and kind: ScanExceptions`);
  }
  const list: unknown = root["exceptions"];
  const unknown = Object.keys(root).find((key) => !["apiVersion", "kind", "exceptions"].includes(key));
  if (unknown !== undefined) throw invalid(`${file} must have no field ${JSON.stringify(unknown)}`);
  if (!Array.isArray(list)) throw invalid(`${file} must have a list named exceptions`);
  const sequence = isMap(document.contents) ? document.contents.get("exceptions", true) : undefined;
  return list.map((item, index) => {
    const node = isSeq(sequence) ? (sequence.items[index] as Node | undefined) : undefined; // items of a document are nodes
    const line = lines.linePos(node?.range?.[0] ?? 0).line;
    return exceptionOf(item, `${file}:${line}`);
  });
}

function exceptionOf(item: unknown, place: string): FindingException {
  if (!isRecord(item)) throw invalid(`${place}: an exception must be a mapping`);
  for (const [name, value] of Object.entries(item)) {
    if (!fieldNames.some((known) => known === name))
      throw invalid(`${place}: there is no field ${JSON.stringify(name)}`);
    if (typeof value !== "string" || value.trim() === "") throw invalid(`${place}: ${name} must be a text`);
  }
  const fields = item as Partial<Record<(typeof fieldNames)[number], string>>; // checked above
  const { fingerprint, check, object, reason, expires, owner } = fields;
  if ((fingerprint === undefined) === (check === undefined && object === undefined)) {
    throw invalid(`${place}: an exception must have a fingerprint, or else a check and an object`);
  }
  if (fingerprint === undefined && (check === undefined || object === undefined)) {
    throw invalid(`${place}: an exception must have both a check and an object; object: "*" is any`);
  }
  if (reason === undefined) throw invalid(`${place}: an exception must have a reason`);
  if (expires === undefined || !isDay(expires)) throw invalid(`${place}: expires must be a day, as in 2026-12-31`);
  return { fingerprint, check, object, reason, expires, place, ...(owner === undefined ? {} : { owner }) };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Whether its last day is over, in UTC. */
export function isExpired({ expires }: AppliedException, now: Date): boolean {
  return now.toISOString().slice(0, 10) > expires;
}

/** A test of findings that is made once for each exception. */
export function matcherOf({ fingerprint, check, object }: FindingException): (finding: ReportFinding) => boolean {
  if (fingerprint !== undefined) return (finding) => finding.fingerprint === fingerprint;
  const parts = (object ?? "").split("*");
  return (finding) => finding.check === check && fits(reportObjectText(finding.object), parts);
}

/** In one pass, whatever the pattern: the parts between the asterisks must follow one another. */
function fits(text: string, parts: readonly string[]): boolean {
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): StrongroomError {
  return new StrongroomError("invalid", message);
}
