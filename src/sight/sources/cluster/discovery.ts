/**
 * Which of the kinds that are looked at a cluster serves, and where.
 *
 * Aggregated discovery is asked for first (two requests); servers that do not have it (before 1.26) are asked group by group,
 * and only for groups that matter. Source: kubernetes/api apidiscovery/v2/types.go, apimachinery pkg/apis/meta/v1 (APIResourceList).
 */
import { allKinds } from "../../facts/facts.ts";
import type { FactKind } from "../../facts/facts.ts";
import { field, listField, textField, textsField } from "../../facts/json-fields.ts";
import { factKindOf, groupsOfKind } from "../../facts/fact-kind.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure, mayPass } from "./api-failure.ts";

/** A kind and where it is. */
export interface ServedKind {
  readonly kind: FactKind;
  /** The kind as the cluster calls it; another than `kind` only for constraints, each of which has a kind of its own. */
  readonly objectKind: string;
  readonly group: string;
  readonly version: string;
  /** The plural in paths. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

export interface Discovered {
  /** Each kind of objects at most once. */
  readonly served: readonly ServedKind[];
  /** Kinds that the cluster does not have, and so none of. */
  readonly absent: readonly FactKind[];
  /** Kinds of groups that the cluster has and could not say anything of. */
  readonly failed: readonly { readonly kind: FactKind; readonly message: string }[];
}

const aggregated = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");

/** Raises {@link ApiFailure} when the cluster does not say what it serves. */
export async function discover(connection: ApiConnection, signal: AbortSignal): Promise<Discovered> {
  const found: Found = { served: [], failedGroups: new Map() };
  const core = await connection.ask("/api", { accept: aggregated, signal });
  const groups = await connection.ask("/apis", { accept: aggregated, signal });
  if (textField(core, "kind") === "APIGroupDiscoveryList") readAggregated(core, found);
  else await readVersion(connection, "", firstOf(textsField(core, "versions")), found, signal);
  if (textField(groups, "kind") === "APIGroupDiscoveryList") readAggregated(groups, found);
  else await readGroups(connection, groups, found, signal);
  if (found.served.length === 0 && found.failedGroups.size === 0) {
    throw new ApiFailure(
      "nonsense",
      "the cluster names no kind that Kubernetes has: it may not be the address of an API server",
    );
  }
  return summed(found);
}

interface Found {
  readonly served: ServedKind[];
  readonly failedGroups: Map<string, string>;
}

function summed({ served, failedGroups }: Found): Discovered {
  const byKind = new Map<string, ServedKind>();
  // Of a kind that is in several groups, the objects are the same; `extensions` was the first home of some.
  for (const each of served) {
    if (!byKind.has(each.objectKind) || byKind.get(each.objectKind)?.group === "extensions")
      byKind.set(each.objectKind, each);
  }
  const found = [...byKind.values()];
  const others = allKinds.filter((kind) => found.every((each) => each.kind !== kind));
  const failed = others.flatMap((kind) => {
    const group = groupsOfKind(kind).find((name) => failedGroups.has(name));
    return group === undefined ? [] : [{ kind, message: failedGroups.get(group) ?? "" }];
  });
  const absent = others.filter((kind) => failed.every((each) => each.kind !== kind));
  return { served: allKinds.flatMap((kind) => found.filter((each) => each.kind === kind)), absent, failed };
}

/** Versions stand in the order in which the server prefers them. */
function readAggregated(list: unknown, found: Found): void {
  for (const item of listField(list, "items")) {
    const group = textField(item, "metadata", "name");
    for (const version of listField(item, "versions")) {
      if (textField(version, "freshness") === "Stale") {
        found.failedGroups.set(group, `the cluster could not reach what serves ${group}`);
      }
      for (const resource of listField(version, "resources")) {
        const kind = textField(resource, "responseKind", "kind");
        const namespaced = textField(resource, "scope") === "Namespaced";
        const name = textField(resource, "resource");
        note(found, { group, version: textField(version, "version"), kind, resource: name, namespaced, of: resource });
      }
    }
  }
}

async function readGroups(connection: ApiConnection, list: unknown, found: Found, signal: AbortSignal): Promise<void> {
  const wanted = new Set(allKinds.flatMap(groupsOfKind));
  for (const item of listField(list, "groups")) {
    const group = textField(item, "name");
    if (!wanted.has(group)) continue;
    const preferred = textField(item, "preferredVersion", "version");
    const versions = listField(item, "versions").map((version) => textField(version, "version"));
    for (const version of new Set([preferred, ...versions]))
      await readVersion(connection, group, version, found, signal);
  }
}

/** One group that does not answer is unknown, and no reason to give up the others. */
async function readVersion(
  connection: ApiConnection,
  group: string,
  version: string,
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  let list: unknown;
  try {
    if (!isName(version) || (group !== "" && !isName(group))) return;
    list = await connection.ask(apiPath({ group, version }), { signal });
  } catch (error) {
    if (!mayPass(error)) throw error;
    found.failedGroups.set(group, error.message);
    return;
  }
  for (const resource of listField(list, "resources")) {
    const [kind, name] = [textField(resource, "kind"), textField(resource, "name")];
    const namespaced = field(resource, "namespaced") === true;
    note(found, { group, version, kind, resource: name, namespaced, of: resource });
  }
}

interface Noted extends Omit<ServedKind, "kind" | "objectKind" | "verbs"> {
  readonly kind: string;
  readonly of: unknown;
}

function note(found: Found, { group, version, kind: objectKind, resource, namespaced, of }: Noted): void {
  const kind = factKindOf(group === "" ? version : `${group}/${version}`, objectKind);
  // They become parts of paths; a slash would be a subresource.
  if (kind === undefined || !isName(version) || !isName(resource)) return;
  const verbs = textsField(of, "verbs");
  if (!verbs.includes("list") || found.served.some((each) => each.objectKind === objectKind && each.group === group))
    return;
  found.served.push({ kind, objectKind, group, version, resource, namespaced, verbs });
}

function isName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);
}

function firstOf(versions: readonly string[]): string {
  return versions.includes("v1") ? "v1" : (versions[0] ?? "v1");
}

/** `/api/v1`, `/apis/GROUP/VERSION`. */
export function apiPath({ group, version }: Pick<ServedKind, "group" | "version">): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** The path of all objects of a kind: in the cluster, or in one namespace. */
export function listPath(served: ServedKind, namespace: string): string {
  const within = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${apiPath(served)}${within}/${served.resource}`;
}
