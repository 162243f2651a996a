/**
 * What a URL and a method ask for, in the API's words.
 * Source: kubernetes/apiserver pkg/endpoints/request/requestinfo.go.
 */
import { parseFieldSelector } from "./selector/field-selector.ts";
import type { FieldRequirement, FieldSelector } from "./selector/field-selector.ts";
import { SelectorError } from "./selector/selector-error.ts";
import { nameIsPathSegment } from "./validation/names.ts";

export interface ResourceRequest {
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths the lower-case method. */
  readonly verb: string;
  readonly path: string;
  /** Present when the path is of the form /api/v1/... or /apis/GROUP/VERSION/... with a resource. */
  readonly resource: ResourceRequest | undefined;
  /**
   * The one name that a list or watch asks for by its field selector, for authorization: a right to some names is one
   * to lists of them.
   */
  readonly selectedName?: string;
  /** What a list or watch asks of fields, for authorization: nodes may list their own pods. */
  readonly fieldSelector?: readonly FieldRequirement[];
}

/** By method: the verb on a collection and on an object. Methods are the caller's text, so the table is a Map. */
const verbs: ReadonlyMap<string, { readonly collection: string; readonly object: string }> = new Map([
  ["GET", { collection: "list", object: "get" }],
  ["HEAD", { collection: "list", object: "get" }],
  ["POST", { collection: "create", object: "create" }],
  ["PUT", { collection: "update", object: "update" }],
  ["PATCH", { collection: "patch", object: "patch" }],
  ["DELETE", { collection: "deletecollection", object: "delete" }],
]);

/** Stands for every method the API does not know: the set of verbs stays closed, also as a metric's label. */
const otherVerb = "other";

/** Subresources of namespaces: /namespaces/NAME/<one of these> is not a resource inside the namespace. */
const namespaceSubresources: ReadonlySet<string> = new Set(["status", "finalize"]);

/** Parses a method and a URL. Raises URIError for a malformed percent escape. */
export function parseRequestInfo(method: string, url: URL): RequestInfo {
  const path = url.pathname;
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const located = locateResource(parts);
  if (located === undefined)
    return { verb: verbs.has(method) ? method.toLowerCase() : otherVerb, path, resource: undefined };
  const { resource, watchPath } = located;
  const verb = resourceVerb(method, url, resource, watchPath);
  const selector = verb === "list" || verb === "watch" ? selectorOf(url) : undefined;
  if (selector === undefined) return { verb, path, resource };
  const selectedName = resource.name === "" ? nameSelected(selector) : "";
  return { verb, path, resource, ...(selectedName !== "" && { selectedName }), fieldSelector: selector.requirements };
}

/** What is to be authorized: a list by one name is one of that name. */
export function authorizedResource(
  info: RequestInfo,
): (ResourceRequest & { fieldSelector?: readonly FieldRequirement[] }) | undefined {
  const { resource, selectedName, fieldSelector } = info;
  if (resource === undefined || fieldSelector === undefined) return resource;
  return { ...resource, ...(selectedName !== undefined && { name: selectedName }), fieldSelector };
}

/** A selector that cannot be read selects nothing: the request fails later, if it may be made at all. */
function selectorOf(url: URL): FieldSelector | undefined {
  const text = url.searchParams.get("fieldSelector");
  if (text === null || text === "") return undefined;
  try {
    return parseFieldSelector(text, { has: () => true });
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

function nameSelected(selector: FieldSelector): string {
  const name = selector.exactMatch("metadata.name") ?? "";
  return nameIsPathSegment(name, false).length === 0 ? name : "";
}

function locateResource(parts: readonly string[]): { resource: ResourceRequest; watchPath: boolean } | undefined {
  const [root] = parts;
  if (root !== "api" && root !== "apis") return undefined;
  const prefix = root === "api" ? 2 : 3;
  if (parts.length <= prefix) return undefined;
  const apiGroup = root === "api" ? "" : (parts[1] ?? "");
  const apiVersion = parts[prefix - 1] ?? "";
  const watchPath = parts[prefix] === "watch";
  const rest = parts.slice(watchPath ? prefix + 1 : prefix);
  if (rest.length === 0) return undefined;
  return { resource: { apiGroup, apiVersion, ...splitResource(rest) }, watchPath };
}

function splitResource(rest: readonly string[]) {
  const [first = "", second = "", third = ""] = rest;
  if (first === "namespaces" && third !== "" && !(rest.length === 3 && namespaceSubresources.has(third))) {
    return { namespace: second, resource: third, name: rest[3] ?? "", subresource: rest.slice(4).join("/") };
  }
  // A namespace is, for authorization, inside itself.
  const namespace = first === "namespaces" ? second : "";
  return { namespace, resource: first, name: second, subresource: rest.slice(2).join("/") };
}

function resourceVerb(method: string, url: URL, resource: ResourceRequest, watchPath: boolean): string {
  const known = verbs.get(method);
  if (known === undefined) return otherVerb;
  const verb = resource.name === "" ? known.collection : known.object;
  if (watchPath) return verb === "get" || verb === "list" ? "watch" : otherVerb;
  return verb === "list" && isTrue(url.searchParams.get("watch")) ? "watch" : verb;
}

/** A boolean query parameter as upstream converts it: only absence, 0 and false are false. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}
