/** How what an etcd holds is encrypted, for people. */
import type { FormReport, ResourceReport } from "../encryption-audit/encryption-audit.ts";
import { formText, isInTheClear } from "../encryption-audit/stored-form.ts";
import type { EncryptionAnswer } from "./encryption-audit.ts";
import { columns } from "./secret-source.ts";

export function encryptionLines(answer: EncryptionAnswer): string[] {
  const { resources, judged } = answer;
  const first = (report: ResourceReport) => (judged.includes(report.resource) ? 0 : isEncrypted(report) ? 1 : 2);
  const sorted = resources.toSorted((a, b) => first(a) - first(b));
  const rows = [["RESOURCE", "OBJECTS", "STORED", "STALE", "SUPERSEDED"], ...sorted.flatMap(resourceRows)];
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
  const hash = source.hash === "verified" ? ", its hash verified" : "";
  const size = (source.bytes / 2 ** 20).toFixed(1);
  return `${source.name}, ${size} MiB${hash}, up to revision ${newestRevision}: ${objects} objects below ${prefix}.`;
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
    String(form.superseded.revisions),
  ]);
}

function verdictLines(name: string, report: ResourceReport | undefined): string[] {
  if (report === undefined) return [`${name}: there are none.`];
  const { objects, inTheClear, stale, writtenAs, superseded } = report;
  const clear = inTheClear === 0 ? "none in the clear" : `${inTheClear} IN THE CLEAR`;
  return [
    `${name}: ${objects} objects, ${clear}, ${stale} stale; the newest write is ${formText(writtenAs)}.`,
    ...(superseded.inTheClear === 0
      ? []
      : [
          `${name}: ${superseded.inTheClear} superseded revisions are in the file IN THE CLEAR, until etcd is compacted and defragmented.`,
        ]),
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

function staleNote({ stale }: FormReport): string {
  return stale ? ", stale" : "";
}
