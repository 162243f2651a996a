/** How rules are written in the tables. */
import type { CapabilityKind } from "../capability.ts";
import type { Ask, EdgeCondition, EdgeRule } from "../edge-rule.ts";

/** A rule without what most have: no detour, every server, every version. */
export type Row = Pick<EdgeRule, "name" | "condition" | "ease" | "attack" | "explanation" | "fix" | "source"> &
  Partial<EdgeRule>;

export const structure: EdgeCondition = { type: "structure" };

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

/** Of each list one request must be allowed. */
export function rights(gives: CapabilityKind, ...needs: readonly (readonly Ask[])[]): EdgeCondition {
  return { type: "rights", gives, needs };
}
