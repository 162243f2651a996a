import { auditLines } from "../audit/audit-lines.ts";
import type { ClusterOrigin, Verification } from "../facts/fact-set.ts";
import { placeText } from "../facts/provenance.ts";
import type { ReportCoverage, ReportNeed } from "./report.ts";

/** What the scan does not know, as sentences, all of them. Not escaped. */
export function coverageSentences(coverage: ReportCoverage): string[] {
  return [readSentence(coverage), ...unknownSentences(coverage)];
}

/** What was read, and how far its answers agree with the cluster's own: what is known. */
export function readSentence({ source, files, objects, origin, verified, audit }: ReportCoverage): string {
  const count = Object.values(objects).reduce((sum, each) => sum + each, 0);
  const cluster = origin === undefined ? "the cluster" : originText(origin);
  const read = `${files} file${files === 1 ? "" : "s"}${origin === undefined ? "" : ` of ${cluster}`}`;
  const sentences = [`Read: ${count} object${count === 1 ? "" : "s"} from ${source === "cluster" ? cluster : read}.`];
  if (source === "manifests")
    sentences.push("A cluster may hold more than its manifests: this says what they declare.");
  if (verified !== undefined && verified.asked > 0) {
    sentences.push(`Verified: ${verified.agreed} of ${verified.asked} agree with what the cluster decides.`);
  }
  if (audit !== undefined) sentences.push(...auditLines(audit, []).slice(0, 1));
  return sentences.join(" ");
}

function originText({ id, version, level }: ClusterOrigin): string {
  return `the cluster ${id}${version === "" ? "" : ` (${version})`}, secrets at the level ${level}`;
}

/** The others. Of several kinds that are unknown for one reason, `kindsMax` are named. */
export function unknownSentences(
  { needs, verified, unresolved, problems, audit }: ReportCoverage,
  kindsMax = Infinity,
): string[] {
  const refused = new Set(refusals(needs, kindsMax));
  const alike = Map.groupBy(needs, (need) => {
    const { because, namespace, reason } = need;
    return JSON.stringify([refused.has(need) ? "" : because, namespace, reason]);
  });
  return [
    ...Array.from(alike.values(), (each) => needSentence(each, kindsMax)),
    ...(verified === undefined ? [] : disagreements(verified)),
    ...unresolved.map(({ binding, role }) => `Unknown: what ${binding} gives, since ${role} is not there.`),
    ...problems.map(({ message, at }) => `Problem at ${placeText(at)}: ${message}.`),
    ...(audit === undefined ? [] : auditLines(audit, audit.limits).slice(1)),
  ];
}

function disagreements(verified: Verification): string[] {
  if (verified.asked === 0) return [`Not verified: ${verified.reason}.`];
  return verified.disagreements.map(({ question, graph, cluster, reason }) => {
    const why = reason === "" ? "" : ` (${reason})`;
    return `Disagreement: ${question}: by its roles the cluster ${graph} it, itself it ${cluster} it${why}.`;
  });
}

/** From so many on, refusals are told together where kinds are counted: the cluster's words are alike. */
const refusalsMin = 4;

function refusals(needs: readonly ReportNeed[], kindsMax: number): readonly ReportNeed[] {
  const refused = needs.filter(({ reason }) => reason === "forbidden");
  return kindsMax < Infinity && refused.length >= refusalsMin ? refused : [];
}

/** Several kinds may be unknown for one reason in one place. */
function needSentence(needs: readonly ReportNeed[], kindsMax: number): string {
  const [{ kind = "", namespace = "", because = "", right = "", reason = "" } = {}] = needs;
  const where = namespace === "" ? "" : ` in ${namespace}`;
  const word = reason === "partial" ? "Known in part" : "Unknown";
  if (needs.length === 1) return `${word}: ${kind}${where}, since ${because}; to know it takes ${right}.`;
  const kinds = needs.slice(0, kindsMax).map((need) => `${need.kind} (${need.right})`);
  const more = needs.length > kinds.length ? ` and ${needs.length - kinds.length} more kinds; -o json has all` : "";
  const isSame = needs.every((need) => need.because === because);
  const why = isSame ? because : `the cluster refused it (as in: ${because})`;
  return `${word}${where}, since ${why}: ${kinds.join(", ")}${more}. In brackets is the right that it takes${isSame ? "" : "; strongroom sight role prints a role with all of them"}.`;
}
