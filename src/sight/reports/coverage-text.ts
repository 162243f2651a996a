import type { ReportCoverage, ReportGap } from "./report.ts";

/** What the scan does not know, as sentences, all of them. Not escaped. */
export function coverageSentences(coverage: ReportCoverage): string[] {
  const { unknown, unresolved, problems } = coverage;
  return [
    readSentence(coverage),
    ...unknown.map(gapSentence),
    ...unresolved.map(({ binding, role }) => `Unknown: what ${binding} gives, since ${role} is not there.`),
    ...problems.map(({ message, place }) => `Problem at ${place}: ${message}.`),
  ];
}

/** The first sentence, which is about what is known. */
export function readSentence({ source, files, objects }: ReportCoverage): string {
  const count = Object.values(objects).reduce((sum, each) => sum + each, 0);
  const from = source === "cluster" ? "the cluster" : `${files} file${files === 1 ? "" : "s"}`;
  const read = `Read: ${count} object${count === 1 ? "" : "s"} from ${from}.`;
  return source === "manifests"
    ? `${read} A cluster may hold more than its manifests: this says what they declare.`
    : read;
}

function gapSentence({ kind, namespace, message, needs, knownUntil }: ReportGap): string {
  const where = namespace === "" ? "" : ` in ${namespace}`;
  const aged = knownUntil === undefined ? "" : `; what is said of it is of ${knownUntil}`;
  return `Unknown: ${kind}${where}, since ${message}${aged}; to know it takes ${needs}.`;
}
