/**
 * Discovery in one document per root: everything under /api, everything under
 * /apis. Clients from 1.27 on ask for it first.
 *
 * Source: kubernetes/api apidiscovery/v2/types.go, whose JSON v2beta1 shares.
 */
import type { JsonValue } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import { namedGroups, versionsOf } from "./resource-lists.ts";

/** The versions of apidiscovery.k8s.io that are served; v2beta1 for clients 1.27 to 1.29. */
export const aggregatedVersions = ["v2", "v2beta1"] as const;
export type AggregatedVersion = (typeof aggregatedVersions)[number];

/** `root` "/api" tells of the core group, "/apis" of all the others. */
export function aggregatedDiscovery(
  kinds: readonly DescribedKind[],
  root: "/api" | "/apis",
  version: AggregatedVersion,
): JsonValue {
  const groups = root === "/api" ? [""] : namedGroups(kinds);
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => groupDiscovery(kinds, group)),
  };
}

function groupDiscovery(kinds: readonly DescribedKind[], group: string): JsonValue {
  return {
    metadata: group === "" ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
    versions: versionsOf(kinds, group).map((version) => ({
      version,
      resources: kinds.filter((kind) => kind.group === group && kind.version === version).map(resourceDiscovery),
      freshness: "Current",
    })),
  };
}

function resourceDiscovery(kind: DescribedKind): JsonValue {
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind };
  const subresources = kind.subresources.map(({ name, verbs, creation, answer }) => ({
    subresource: name,
    responseKind:
      answer === undefined
        ? { ...responseKind, kind: creation?.kind ?? kind.kind }
        : { group: answer.group, version: answer.version, kind: answer.kind },
    verbs: [...verbs],
  }));
  return {
    resource: kind.resource,
    responseKind,
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: [...kind.verbs],
    ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
    ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}
