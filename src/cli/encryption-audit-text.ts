/** How what an etcd holds is encrypted, for people. */
import type { FormReport, ResourceReport } from "../encryption-audit/encryption-audit.ts";
import { formText, isInTheClear } from "../encryption-audit/stored-form.ts";
import type { EncryptionAnswer } from "./encryption-audit.ts";
import type { AuditedSource } from "./encryption-audit-source.ts";
import { columns } from "./secret-source.ts";

export function encryptionLines(answer: EncryptionAnswer): string[] {
  const { resources, judged } = answer;
  const first = (report: ResourceReport) => (judged.includes(report.resource) ? 0 : isEncrypted(report) ? 1 : 2);
  const sorted = resources.toSorted((a, b) => first(a) - first(b));
  const rows = [
    ["RESOURCE", "OBJECTS", "STORED", "STALE", "SUPERSEDED", "LEFT BEHIND"],
    ...sorted.flatMap(resourceRows),
  ].map((row) => (answer.source.kind === "etcd" ? row.slice(0, -2) : row));
  return [
    headline(answer),
    "",
    ...columns(rows),
    "",
    ...judged.flatMap((name) =>
      verdictLines(
        name,
        resources.find(({ resource }) => resource === name),
      ),
    ),
    ...answer.limits,
    ...resources.flatMap(nameLines),
  ];
}

function headline({ source, newestRevision, prefix, objects }: EncryptionAnswer): string {
  return `${sourceText(source)}, up to revision ${newestRevision}: ${objects} objects below ${prefix}.`;
}

function sourceText(source: AuditedSource): string {
  if (source.kind === "etcd") return source.name;
  const hash = source.hash === "verified" ? ", its hash verified" : "";
  return `${source.name}, ${(source.bytes / 2 ** 20).toFixed(1)} MiB${hash}`;
}

function isEncrypted({ forms }: ResourceReport): boolean {
  return forms.some((form) => !isInTheClear(form));
}

function resourceRows({ resource, forms }: ResourceReport): string[][] {
  return forms.map((form, index) => [
    index === 0 ? resource : "",
    String(form.objects),
    formText(form),
    form.stale ? String(form.objects) : "0",
    String(form.superseded?.revisions ?? 0),
    String(form.leftBehind ?? 0),
  ]);
}

function verdictLines(name: string, report: ResourceReport | undefined): string[] {
  if (report === undefined) return [`${name}: there are none.`];
  const { objects, inTheClear, stale, unreadable, writtenAs, superseded, leftBehind } = report;
  const clear = inTheClear === 0 ? "none in the clear" : `${inTheClear} IN THE CLEAR`;
  const written = unreadable === undefined ? "the newest write is" : "written is";
  const more: readonly (readonly [count: number | undefined, text: string])[] = [
    [unreadable, "CANNOT BE READ with this configuration: it does not have their provider and key."],
    [superseded?.inTheClear, "superseded revisions are there IN THE CLEAR, until etcd is compacted."],
    [leftBehind?.inTheClear, "copies IN THE CLEAR were left behind in free pages, until etcd is defragmented."],
  ];
  return [
    `${name}: ${objects} objects, ${clear}, ${stale} stale; ${written} ${formText(writtenAs)}.`,
    ...more.flatMap(([count = 0, text]) => (count === 0 ? [] : [`${name}: ${count} ${text}`])),
  ];
}

function nameLines({ resource, forms }: ResourceReport): string[] {
  return forms.flatMap((form) => {
    const { names, objects } = form;
    if (names === undefined) return [];
    const more = objects > names.length ? [`  ... and ${objects - names.length} more`] : [];
    return ["", `${resource}, ${formText(form)}${staleNote(form)}:`, ...names.map((name) => `  ${name}`), ...more];
  });
}

function staleNote({ stale, unreadable }: FormReport): string {
  return `${stale ? ", stale" : ""}${unreadable === true ? ", not readable" : ""}`;
}
