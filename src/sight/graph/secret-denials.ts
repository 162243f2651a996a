/**
 * What policies of a Strongroom server take from somebody who has a right to secrets. Only what is certain closes a way:
 * who is in a group is not known beyond the groups that everybody of a kind is in, nor are labels and conditions.
 */
import { concerns } from "../../access/policy/secret-policy.ts";
import { fitsOneOf } from "../../access/policy/name-pattern.ts";
import type { FactReader } from "../facts/fact-set.ts";
import { secretPolicyKinds } from "../facts/secret-policy-facts.ts";
import type { SecretDenial, SecretPolicyFact } from "../facts/secret-policy-facts.ts";
import type { EdgeId } from "./edge-rule.ts";
import { groupsOf } from "./graph-node.ts";
import type { PrincipalNode } from "./graph-node.ts";

/** The verbs of the ways that policies may close. */
export const deniableVerbs: ReadonlyMap<EdgeId, string> = new Map([
  ["get-secret", "get"],
  ["list-secrets", "list"],
  ["watch-secrets", "watch"],
  ["get-secret-version", "get"],
]);

export type Denial = "none" | "in-part" | "all";

/** What is asked for; "" for all namespaces, and for all names. */
export interface AskedSecrets {
  readonly verb: string;
  readonly namespace: string;
  readonly name: string;
}

/** Whether policies deny somebody all of it, some of it or at some times, or nothing. */
export function denialOf(facts: FactReader, who: PrincipalNode, asked: AskedSecrets): Denial {
  if (facts.server.kind !== "strongroom" || who.name === "system:masters") return "none";
  let found: Denial = "none";
  for (const kind of secretPolicyKinds) {
    for (const policy of facts.of(kind)) {
      if (!policy.enforces || !isAbout(policy, who)) continue;
      for (const denial of policy.denials) {
        const denied = denialBy(denial, asked);
        if (denied === "all" && !hasExempted(who)) return "all";
        if (denied !== "none") found = "in-part";
      }
    }
  }
  return found;
}

function isAbout({ whom: subjects }: SecretPolicyFact, { type, name }: PrincipalNode): boolean {
  switch (type) {
    case "user":
      return concerns({ subjects }, { name, groups: groupsOf(name) });
    case "group":
      return concerns({ subjects }, { name: "", groups: [name, "system:authenticated"] });
    case "node":
      return concerns({ subjects }, { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] });
    default:
      return type satisfies never;
  }
}

const mixedGroups: ReadonlySet<string> = new Set(["system:authenticated", "system:serviceaccounts"]);

/** Groups in which nodes and controllers are, too, whom policies for everybody do not mean. */
function hasExempted({ type, name }: PrincipalNode): boolean {
  return type === "group" && mixedGroups.has(name);
}

function denialBy({ verbs, namespaces, names, isLimited }: SecretDenial, asked: AskedSecrets): Denial {
  if (!verbs.includes(asked.verb) && !verbs.includes("*")) return "none";
  const parts = new Set([covering(namespaces, asked.namespace), covering(names, asked.name)]);
  if (parts.has("none")) return "none";
  return isLimited || parts.has("in-part") ? "in-part" : "all";
}

/** Of a word, or with "" of all words, what patterns cover. */
function covering(patterns: readonly string[], word: string): Denial {
  if (patterns.length === 0 || patterns.includes("*")) return "all";
  if (word === "") return "in-part";
  return fitsOneOf(patterns, word) ? "all" : "none";
}
