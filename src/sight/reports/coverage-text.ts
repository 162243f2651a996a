import type { ClusterOrigin } from "../facts/fact-set.ts";
import { placeText } from "../facts/provenance.ts";
import type { ReportCoverage, ReportNeed } from "./report.ts";

/** What the scan does not know, as sentences, all of them. Not escaped. */
export function coverageSentences(coverage: ReportCoverage): string[] {
  return [readSentence(coverage), ...unknownSentences(coverage)];
}

/** The first sentence, which is about what is known. */
export function readSentence({ source, origin, files, objects }: ReportCoverage): string {
  const count = Object.values(objects).reduce((sum, each) => sum + each, 0);
  const from = source === "cluster" ? clusterText(origin) : `${files} file${files === 1 ? "" : "s"}`;
  const read = `Read: ${count} object${count === 1 ? "" : "s"} from ${from}.`;
  return source === "manifests"
    ? `${read} A cluster may hold more than its manifests: this says what they declare.`
    : read;
}

function clusterText(origin: ClusterOrigin | undefined): string {
  if (origin === undefined) return "the cluster";
  const { id, version, level } = origin;
  return `the cluster ${id}${version === "" ? "" : ` (${version})`}, secrets at the level ${level}`;
}

/** The others. */
export function unknownSentences({ needs, unresolved, problems }: ReportCoverage): string[] {
  const alike = Map.groupBy(needs, ({ because, namespace }) => JSON.stringify([because, namespace]));
  return [
    ...Array.from(alike.values(), needSentence),
    ...unresolved.map(({ binding, role }) => `Unknown: what ${binding} gives, since ${role} is not there.`),
    ...problems.map(({ message, at }) => `Problem at ${placeText(at)}: ${message}.`),
  ];
}

/** Several kinds may be unknown for one reason in one place. */
function needSentence(needs: readonly ReportNeed[]): string {
  const [{ kind = "", namespace = "", because = "", right = "" } = {}] = needs;
  const where = namespace === "" ? "" : ` in ${namespace}`;
  if (needs.length === 1) return `Unknown: ${kind}${where}, since ${because}; to know it takes ${right}.`;
  const kinds = needs.map((need) => `${need.kind} (${need.right})`);
  return `Unknown${where}, since ${because}: ${kinds.join(", ")}. In brackets is the right that it takes.`;
}
