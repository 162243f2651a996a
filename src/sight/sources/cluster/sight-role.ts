/** Roles for whoever reads a cluster for sight: what each level takes, and nothing more. */
import { groupsOfKind, resourceOf } from "../../facts/fact-kind.ts";
import { allKinds } from "../../facts/facts.ts";
import { metadataResource } from "./level.ts";
import type { Level } from "./level.ts";

export interface SightRoleOptions {
  readonly level: Level;
  /** Whether answers are to be verified by access reviews. */
  readonly verifies: boolean;
}

/** Of what is followed, too. Getting single objects is never needed. */
const verbs = ["list", "watch"];

/** Groups that moved: no server that is still maintained serves kinds there. */
const formerGroups: ReadonlySet<string> = new Set(["extensions"]);

/** A ClusterRole as YAML. Kinds that a cluster does not have do no harm in it. */
export function sightRole({ level, verifies }: SightRoleOptions): string {
  const name = `strongroom-sight-${level}`;
  return [
    ...headingOf(level),
    `# Bind it: kubectl create clusterrolebinding ${name} --clusterrole=${name} --serviceaccount=NAMESPACE:NAME`,
    "apiVersion: rbac.authorization.k8s.io/v1",
    "kind: ClusterRole",
    "metadata:",
    `  name: ${name}`,
    "rules:",
    ...ruleLines(rolesByGroup()),
    "  # ConfigMaps are looked through for credentials, of which marks are kept. Without this rule, they are unknown.",
    ...ruleLines(new Map([["", ["configmaps"]]])),
    ...secretLines(level),
    ...(verifies ? reviewLines : []),
    "",
  ].join("\n");
}

function headingOf(level: Level): string[] {
  switch (level) {
    case "references":
      return ["# Reads what leads to secrets, and nothing of Secrets."];
    case "metadata":
      return [
        "# Reads what leads to secrets, and the metadata of Secrets: a Strongroom server gives no value by it. Kubernetes has no",
        "# such right; there it is the same as the level references.",
      ];
    case "full":
      return [
        "# Reads what leads to secrets, and all Secrets with their values: whoever has it is a reader of every secret. Values",
        "# are dropped where they are decoded.",
      ];
    default:
      return level satisfies never;
  }
}

function rolesByGroup(): Map<string, string[]> {
  const byGroup = new Map<string, string[]>();
  for (const kind of allKinds) {
    if (kind === "Secret" || kind === "ConfigMap") continue;
    for (const group of groupsOfKind(kind)) {
      if (!formerGroups.has(group)) byGroup.set(group, [...(byGroup.get(group) ?? []), resourceOf(kind)]);
    }
  }
  return byGroup;
}

function ruleLines(byGroup: ReadonlyMap<string, readonly string[]>, allowed: readonly string[] = verbs): string[] {
  return Array.from(byGroup).flatMap(([group, resources]) => [
    `  - apiGroups: [${JSON.stringify(group)}]`,
    `    resources: [${resources.map((resource) => JSON.stringify(resource)).join(", ")}]`,
    `    verbs: [${allowed.join(", ")}]`,
  ]);
}

function secretLines(level: Level): string[] {
  if (level === "references") return [];
  return ruleLines(new Map([["", [level === "full" ? "secrets" : metadataResource]]]));
}

const reviewLines: readonly string[] = [
  "  # Asks what the cluster itself decides for a sample of the answers, and changes nothing.",
  ...ruleLines(new Map([["authorization.k8s.io", ["subjectaccessreviews"]]]), ["create"]),
];
