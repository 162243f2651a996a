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
export function waySentence({ message, path, secrets }: ReportFinding): string {
  return path.length > 0 ? `${pathSentence(path)}${moreSecrets(secrets)}` : message;
}

/** ` and 3 more secrets`, of how many a way leads to; nothing for one. */
export function moreSecrets(secrets = 1): string {
  return secrets > 1 ? ` and ${secrets - 1} more secret${secrets > 2 ? "s" : ""}` : "";
}

/** Checks of grants are about ways too, of one step. */
const accessCheck = /^SR-ACC-00/;

/**
 * The worst ways, at most so many and each once; the findings are sorted already, and of those of one score each kind of way
 * comes before a second of its kind. A grant that one of them stands on is no
 * further way, nor is the way of one step by a grant that is there.
 */
export function worstPaths(findings: readonly ReportFinding[], countMax: number): ReportFinding[] {
  const found = new Map<string, ReportFinding>();
  const grants = new Set<string>();
  const ways = findings.filter(({ path, check }) => path.length > 0 || accessCheck.test(check));
  for (const finding of varied(ways)) {
    if (found.size === countMax) break;
    const sentence = waySentence(finding);
    const grant = grantOf(finding);
    if (found.has(sentence) || (grant !== undefined && grants.has(grant))) continue;
    found.set(sentence, finding);
    for (const each of grant === undefined ? grantsIn(finding) : [grant]) grants.add(each);
  }
  return Array.from(found.values());
}

/** In the order of their scores; of one score first the first of each kind, then the second of each. */
function varied(findings: readonly ReportFinding[]): ReportFinding[] {
  const counts = new Map<string, number>();
  const placed = findings.map((finding) => {
    const { score, path, check } = finding;
    const kind = JSON.stringify([score.value, path.length === 0 ? check : path.map(({ edge }) => edge)]);
    const before = counts.get(kind) ?? 0;
    counts.set(kind, before + 1);
    return { finding, before };
  });
  placed.sort((a, b) => b.finding.score.value - a.finding.score.value || a.before - b.before);
  return placed.map(({ finding }) => finding);
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
