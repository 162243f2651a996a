/**
 * Every way from an identity to a secret that is known here, one row each, in the tables of `rules/`.
 *
 * The conditions are those of the API server, not of custom: for instance `patch` reads, since its answer is the whole
 * object. What is not here yet: docs/adr/0015.
 */
import { edgeIds } from "./edge-rule.ts";
import type { EdgeId, EdgeRule, ServerKind } from "./edge-rule.ts";
import { admissionRules } from "./rules/admission.ts";
import { certificatesRules } from "./rules/certificates.ts";
import { identitiesRules } from "./rules/identities.ts";
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
  ...identitiesRules,
  ...certificatesRules,
  ...rolesRules,
  ...nodesRules,
  ...admissionRules,
  ...scopesRules,
};

/** The table, in the order in which equally good ways are preferred. */
export const edgeRules: readonly EdgeRule[] = edgeIds.map((id) => ({
  free: false,
  direct: false,
  servers: everyServer,
  since: undefined,
  until: undefined,
  ...rows[id],
  id,
}));

const numbers: ReadonlyMap<EdgeId, number> = new Map(edgeIds.map((id, index) => [id, index]));

/** The place of a rule in the table. */
export function edgeNumber(id: EdgeId): number {
  const number = numbers.get(id);
  if (number === undefined) throw new RangeError(`there must be an edge rule ${id}`);
  return number;
}
