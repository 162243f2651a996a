/** Everything that is found in a source, the worst first. */
import type { SecurityGraph } from "../graph/security-graph.ts";
import { answerCoverage } from "../questions/who-can.ts";
import type { AnswerCoverage } from "../questions/who-can.ts";
import { broadGrants } from "./broad-grants.ts";
import type { Finding } from "./finding.ts";
import { issuedCertificates } from "./issued-certificates.ts";
import { missingReferences } from "./missing-references.ts";
import { observedFaults } from "./observed-faults.ts";
import { idleTokens } from "./idle-tokens.ts";
import { narrowGrants } from "./narrow-grants.ts";
import { sharedSecrets } from "./shared-secrets.ts";
import { strongerAccounts } from "./stronger-accounts.ts";
import { secretLifecycle } from "./secret-lifecycle.ts";
import { secretsAtRisk, toxicSecrets } from "./secrets-at-risk.ts";
import { SecretRanking } from "../risk/rank-secrets.ts";
import type { RefusalsInFact } from "../risk/rank-secrets.ts";
import type { UseInFact } from "./secret-lifecycle.ts";
import type { SensitivityRule } from "../risk/sensitivity.ts";
import { wideReach } from "./wide-reach.ts";

export interface ScanAnswer {
  readonly coverage: AnswerCoverage;
  readonly findings: readonly Finding[];
}

export interface ScanOptions {
  /** Milliseconds since 1970, by which ages and expiries are judged; without it they are not. */
  readonly now?: number;
  /** What the owner knows of how sensitive secrets are. */
  readonly sensitivities?: readonly SensitivityRule[];
  /** What audit logs show; without them nothing is known of use. */
  readonly signs?: RefusalsInFact & UseInFact;
}

/** Of equal scores by their weights, then in the order of their ids. */
export function scan(graph: SecurityGraph, { now, sensitivities = [], signs }: ScanOptions = {}): ScanAnswer {
  const ranking = new SecretRanking(graph, sensitivities, signs);
  const findings = [
    ...toxicSecrets(graph, ranking, { now }),
    ...secretsAtRisk(graph, ranking),
    ...wideReach(graph),
    ...broadGrants(graph.facts),
    ...narrowGrants(graph.facts),
    ...sharedSecrets(graph),
    ...strongerAccounts(graph),
    ...idleTokens(graph.facts),
    ...issuedCertificates(graph.facts, now),
    ...missingReferences(graph.facts),
    ...observedFaults(graph.facts),
    ...secretLifecycle(graph, now, signs),
  ];
  findings.sort((a, b) => b.score.value - a.score.value || b.weight - a.weight || (a.id < b.id ? -1 : 1));
  return { coverage: answerCoverage(graph), findings };
}
