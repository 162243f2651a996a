import { placeNote } from "../facts/provenance.ts";
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

/** Checks of grants are about ways too, of one step. */
const accessCheck = /^SR-ACC-00/;

/**
 * The worst ways, at most so many and each once; the findings are sorted already. A grant that one of them stands on is no
 * further way, nor is the way of one step by a grant that is there.
 */
export function worstPaths(findings: readonly ReportFinding[], countMax: number): ReportFinding[] {
  const found = new Map<string, ReportFinding>();
  const grants = new Set<string>();
  for (const finding of findings) {
    if (found.size === countMax) break;
    if (finding.path.length === 0 && !accessCheck.test(finding.check)) continue;
    const sentence = waySentence(finding);
    const grant = grantOf(finding);
    if (found.has(sentence) || (grant !== undefined && grants.has(grant))) continue;
    found.set(sentence, finding);
    for (const each of grant === undefined ? grantsIn(finding) : [grant]) grants.add(each);
  }
  return Array.from(found.values());
}

/** The binding by which a finding is a way of one step; undefined for other ways. */
function grantOf({ path, object: { kind, namespace, name } }: ReportFinding): string | undefined {
  const [step] = path;
  if (step !== undefined) return path.length === 1 ? step.proof.map(({ object }) => object).find(isBinding) : undefined;
  const shown = `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
  return isBinding(shown) ? shown : undefined;
}

function grantsIn({ path }: ReportFinding): string[] {
  return path.flatMap(({ proof }) => proof.map(({ object }) => object)).filter(isBinding);
}

function isBinding(object: string): boolean {
  return /^(?:Cluster)?RoleBinding /.test(object);
}

/** `OBJECT (PLACE) FIELD: what is seen there`; a place that the object says itself is left out. */
export function evidenceText({ object, place, field, text }: ReportFinding["evidence"][number]): string {
  return `${object}${placeNote(place, object)}${field === "" ? "" : ` ${field}`}: ${text}`;
}
