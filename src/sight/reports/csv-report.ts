/** RFC 4180: a row for each finding, suppressed finding and thing that is not known. */
import { unknownSentences } from "./coverage-text.ts";
import type { Report, ReportFinding } from "./report.ts";
import { visible } from "./visible.ts";

const columns = [
  "record",
  "severity",
  "score",
  "check",
  "kind",
  "namespace",
  "name",
  "place",
  "message",
  "path",
  "fix",
  "verify",
  "frameworks",
  "fingerprint",
  "reason",
  "expires",
] as const;

type Row = Partial<Record<(typeof columns)[number], string>>;

/** With a line of names first; `record` is `new`, `known` or `finding`, `suppressed`, `gone` or `unknown`. */
export function* writeCsv(report: Report): Generator<string> {
  yield `${columns.join(",")}\r\n`;
  for (const finding of report.findings) yield line({ record: finding.state ?? "finding", ...rowOf(finding) });
  for (const finding of report.suppressed) {
    const { reason, expires } = finding.exception;
    yield line({ record: "suppressed", ...rowOf(finding), reason, expires });
  }
  for (const { check, fingerprint, id } of report.gone ?? []) {
    yield line({ record: "gone", check, fingerprint, message: id });
  }
  for (const message of unknownSentences(report.coverage)) yield line({ record: "unknown", message });
}

function rowOf({ severity, score, check, object, message, path, fix, verify, frameworks, fingerprint }: ReportFinding) {
  const listed = Object.entries(frameworks).flatMap(([name, ids]: [string, readonly string[]]) =>
    ids.map((id) => `${name} ${id}`),
  );
  return {
    severity,
    score: String(score.value),
    check,
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    place: object.place,
    message,
    path: path.map(({ from, verb, to }) => `${from} ${verb} ${to}`).join("; "),
    fix,
    verify: verify.command,
    frameworks: listed.join("; "),
    fingerprint,
  };
}

function line(row: Row): string {
  return `${columns.map((name) => field(row[name] ?? "")).join(",")}\r\n`;
}

/**
 * A spreadsheet takes what begins with one of these for a formula, also after blanks; the apostrophe makes it a text
 * (OWASP, CSV Injection). Tabs and line breaks are shown as `\u{HEX}`.
 */
function field(text: string): string {
  const shown = visible(text);
  const safe = /^\s*[=+\-@|%＝＋－＠]/u.test(shown) ? `'${shown}` : shown;
  return `"${safe.replaceAll('"', '""')}"`;
}
