import type { ReportFinding, ReportStep } from "./report.ts";

/** A way as one sentence: `A creates pods in B, which run as C, which gets D`. */
export function pathSentence(path: readonly ReportStep[]): string {
  const [first, ...rest] = path;
  if (first === undefined) return "";
  return [`${first.from} ${first.verb} ${first.to}`, ...rest.map(({ verb, to }) => `which ${verb} ${to}`)].join(", ");
}

/** What cuts the way: the finding's own advice, else that of the first step that has one. */
export function pathFix({ fix, path }: ReportFinding): string {
  return fix === "" ? (path.find((step) => step.fix !== "")?.fix ?? "") : fix;
}

/** What a finding is, as a sentence: its way, or what it says where the way has one step. */
export function waySentence({ message, path }: ReportFinding): string {
  return path.length > 0 ? pathSentence(path) : message;
}

/** Checks of access are about ways too, of one step. */
const accessCheck = /^SR-ACC-/;

/** The worst ways, at most so many and each once; the findings are sorted already. */
export function worstPaths(findings: readonly ReportFinding[], countMax: number): ReportFinding[] {
  const found = new Map<string, ReportFinding>();
  for (const finding of findings) {
    if (found.size === countMax) break;
    if (finding.path.length === 0 && !accessCheck.test(finding.check)) continue;
    const sentence = waySentence(finding);
    if (!found.has(sentence)) found.set(sentence, finding);
  }
  return Array.from(found.values());
}

/** `OBJECT (PLACE) FIELD: what is seen there`. */
export function evidenceText({ object, place, field, text }: ReportFinding["evidence"][number]): string {
  return `${object} (${place})${field === "" ? "" : ` ${field}`}: ${text}`;
}
