/**
 * Discovery as clients before 1.26 read it: one document per group and version.
 *
 * Source: apimachinery pkg/apis/meta/v1/types.go (APIVersions, APIGroupList,
 * APIGroup, APIResourceList); apiserver pkg/endpoints/installer.go.
 */
import { createHash } from "node:crypto";
import type { JsonValue } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";

/** The answer to /api. `serverAddress` is what clients should connect to, `host:port`. */
export function apiVersions(kinds: readonly DescribedKind[], serverAddress: string): JsonValue {
  const versions = [...new Set(kinds.filter((kind) => kind.group === "").map((kind) => kind.version))];
  return {
    kind: "APIVersions",
    versions,
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** The answer to /apis: every group but the core one. */
export function apiGroupList(kinds: readonly DescribedKind[]): JsonValue {
  return { kind: "APIGroupList", apiVersion: "v1", groups: namedGroups(kinds).map((group) => groupOf(kinds, group)) };
}

/** The answer to /apis/GROUP. */
export function apiGroup(kinds: readonly DescribedKind[], group: string): JsonValue {
  return { kind: "APIGroup", apiVersion: "v1", ...groupOf(kinds, group) };
}

/** The answer to /api/VERSION or /apis/GROUP/VERSION. */
export function apiResourceList(kinds: readonly DescribedKind[], group: string, version: string): JsonValue {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version);
  return {
    kind: "APIResourceList",
    // Upstream leaves it out for the core group, and some clients compare.
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: served.flatMap(resources),
  };
}

/** The groups other than the core one, in the order of their first kind. */
export function namedGroups(kinds: readonly DescribedKind[]): string[] {
  return [...new Set(kinds.map((kind) => kind.group))].filter((group) => group !== "");
}

/** The versions of a group, in order of preference: that of the table of kinds. */
export function versionsOf(kinds: readonly DescribedKind[], group: string): string[] {
  return [...new Set(kinds.filter((kind) => kind.group === group).map((kind) => kind.version))];
}

function groupOf(kinds: readonly DescribedKind[], group: string) {
  const versions = versionsOf(kinds, group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] ?? { groupVersion: "", version: "" } };
}

function resources(kind: DescribedKind): JsonValue[] {
  const main = {
    name: kind.resource,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: [...kind.verbs],
    ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
    ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
    ...(kind.listSchema === undefined ? {} : { storageVersionHash: storageVersionHash(kind) }),
  };
  const subresources = kind.subresources.map(({ name, verbs, creation, answer }) => ({
    name: `${kind.resource}/${name}`,
    singularName: "",
    namespaced: kind.namespaced,
    ...(answer === undefined ? {} : { group: answer.group, version: answer.version }),
    kind: answer?.kind ?? creation?.kind ?? kind.kind,
    verbs: [...verbs],
  }));
  return [main, ...subresources];
}

/** Source: apiserver pkg/endpoints/discovery/storageversionhash.go. */
function storageVersionHash(kind: DescribedKind): string {
  const digest = createHash("sha256").update(`${kind.group}/${kind.version}/${kind.kind}`).digest();
  return digest.subarray(0, 8).toString("base64");
}
