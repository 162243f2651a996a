/**
 * Every way from an identity to a secret that is known here, one row each, in the tables of `rules/`.
 *
 * The conditions are those of the API server, not of custom: for instance `patch` reads, since its answer is the whole
 * object. What is not here, and why: docs/adr/0017.
 */
import type { ServerKind } from "../facts/server-profile.ts";
import { attenuators } from "./attenuator.ts";
import type { AttenuatorId } from "./attenuator.ts";
import { edgeIds } from "./edge-rule.ts";
import type { EdgeId, EdgeRule } from "./edge-rule.ts";
import { admissionRules } from "./rules/admission.ts";
import { certificatesRules } from "./rules/certificates.ts";
import { copiesRules } from "./rules/copies.ts";
import { deputiesRules } from "./rules/deputies.ts";
import { identitiesRules } from "./rules/identities.ts";
import { kubeletsRules } from "./rules/kubelets.ts";
import { newPodsRules } from "./rules/new-pods.ts";
import { nodesRules } from "./rules/nodes.ts";
import { podsThereRules } from "./rules/pods-there.ts";
import { rolesRules } from "./rules/roles.ts";
import { scopesRules } from "./rules/scopes.ts";
import { secretReadsRules } from "./rules/secret-reads.ts";
import type { Row } from "./rules/row.ts";

const everyServer: readonly ServerKind[] = ["kubernetes", "strongroom"];

const rows: Readonly<Record<EdgeId, Row>> = {
  ...secretReadsRules,
  ...newPodsRules,
  ...podsThereRules,
  ...kubeletsRules,
  ...identitiesRules,
  ...certificatesRules,
  ...rolesRules,
  ...nodesRules,
  ...admissionRules,
  ...deputiesRules,
  ...copiesRules,
  ...scopesRules,
};

/** One rule for each id, in the order in which equally good ways are preferred. */
const plainRules: readonly EdgeRule[] = edgeIds.map((id) => ({
  free: false,
  direct: false,
  tellsEquality: false,
  attenuators: [],
  servers: everyServer,
  since: undefined,
  until: undefined,
  ...rows[id],
  id,
}));

/**
 * The table: first each rule as it is, then the rules with something that makes them harder at work, which are rows of
 * their own, so that whoever walks the graph needs to know nothing of it. Numbers of edges are places in it, and fit a
 * byte.
 */
export const edgeRules: readonly EdgeRule[] = [...plainRules, ...plainRules.flatMap(attenuatedRules)];

/** A rule with some of its attenuators at work, in the order of the rule. */
export interface AttenuatedEdge {
  readonly id: EdgeId;
  readonly by: readonly AttenuatorId[];
}

function attenuatedRules(rule: EdgeRule): EdgeRule[] {
  return combinations(rule.attenuators).map((by) => ({
    ...rule,
    attenuators: by,
    ease: by.reduce((ease, id) => ease * attenuators[id].factor, rule.ease),
    explanation: [rule.explanation, ...by.map((id) => attenuators[id].text)].join("; "),
  }));
}

/** All but the empty one. */
function combinations(ids: readonly AttenuatorId[]): AttenuatorId[][] {
  const found: AttenuatorId[][] = [[]];
  for (const id of ids) found.push(...found.map((each) => [...each, id]));
  return found.slice(1);
}

const numbers = new Map<string, number>();
for (const [number, { id, attenuators: by }] of edgeRules.entries()) {
  numbers.set(number < edgeIds.length ? id : [id, ...by].join("\n"), number);
}

/** The place of a rule in the table. Raises RangeError for an attenuator that the rule does not have. */
export function edgeNumber(edge: EdgeId | AttenuatedEdge): number {
  const key = typeof edge === "string" ? edge : [edge.id, ...edge.by].join("\n");
  const number = numbers.get(key);
  if (number === undefined) throw new RangeError(`there must be an edge rule ${key.replaceAll("\n", " ")}`);
  return number;
}
