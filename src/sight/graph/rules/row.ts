/** How rules are written in the tables. */
import type { CapabilityKind } from "../capability.ts";
import type { Ask, EdgeCondition, EdgeRule, RightsLimits } from "../edge-rule.ts";

/** A rule without what most have: no detour, every server, every version. */
export type Row = Pick<EdgeRule, "name" | "condition" | "ease" | "attack" | "explanation" | "fix" | "source"> &
  Partial<EdgeRule>;

export const structure: EdgeCondition = { type: "structure" };

/** How a pod template is changed: made anew, or in one that is there. */
export const workloadResources =
  "deployments.apps,statefulsets.apps,daemonsets.apps,replicasets.apps,jobs.batch,cronjobs.batch,replicationcontrollers";

/** `verbs resources[.group][/subresource]`, comma lists: one request each. */
export function asks(text: string, named: Ask["named"], clusterWide = false): readonly Ask[] {
  const [verbs = "", resources = ""] = text.split(" ");
  return verbs.split(",").flatMap((verb) =>
    resources.split(",").map((written): Ask => {
      const [full = "", subresource = ""] = written.split("/");
      const dot = full.indexOf(".");
      const [resource, group] = dot < 0 ? [full, ""] : [full.slice(0, dot), full.slice(dot + 1)];
      return { verb, group, resource, subresource, clusterWide, named };
    }),
  );
}

/** To make an object of a kind, or to change one that is there. */
export function writes(resources: string, clusterWide = false): readonly Ask[] {
  return [
    ...asks(`create ${resources}`, "none", clusterWide),
    ...asks(`update,patch ${resources}`, "any", clusterWide),
  ];
}

/** Of each list one request must be allowed. */
export function rights(gives: CapabilityKind, ...needs: readonly (readonly Ask[])[]): EdgeCondition {
  return { type: "rights", gives, needs };
}

/** As `rights`, with limits. */
export function limitedRights(
  limits: RightsLimits,
  gives: CapabilityKind,
  ...needs: readonly (readonly Ask[])[]
): EdgeCondition {
  return { type: "rights", gives, needs, ...limits };
}
