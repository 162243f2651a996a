/** Everything that is found in a source, the worst first. */
import type { SecurityGraph } from "../graph/security-graph.ts";
import { answerCoverage } from "../questions/who-can.ts";
import type { AnswerCoverage } from "../questions/who-can.ts";
import { broadGrants } from "./broad-grants.ts";
import type { Finding } from "./finding.ts";
import { missingReferences } from "./missing-references.ts";
import { wideReach } from "./wide-reach.ts";

export interface ScanAnswer {
  readonly coverage: AnswerCoverage;
  readonly findings: readonly Finding[];
}

/** Of equal scores in the order of their ids. */
export function scan(graph: SecurityGraph): ScanAnswer {
  const findings = [...wideReach(graph), ...broadGrants(graph.facts), ...missingReferences(graph.facts)];
  findings.sort((a, b) => b.score.value - a.score.value || (a.id < b.id ? -1 : 1));
  return { coverage: answerCoverage(graph), findings };
}
