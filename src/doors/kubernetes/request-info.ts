/**
 * What a URL and a method ask for, in the API's words.
 * Source: kubernetes/apiserver pkg/endpoints/request/requestinfo.go.
 */

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
}

const collectionVerbs: Readonly<Record<string, string>> = {
  GET: "list",
  HEAD: "list",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "deletecollection",
};

const objectVerbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

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
  if (located === undefined) return { verb: method.toLowerCase(), path, resource: undefined };
  const { resource, watchPath } = located;
  return { verb: resourceVerb(method, url, resource, watchPath), path, resource };
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
  const verb = (resource.name === "" ? collectionVerbs : objectVerbs)[method] ?? method.toLowerCase();
  if (watchPath && (verb === "get" || verb === "list")) return "watch";
  if (verb === "list" && isTrue(url.searchParams.get("watch"))) return "watch";
  return verb;
}

/** A boolean query parameter as upstream converts it: anything but "", 0 and false counts as true. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "0" && value.toLowerCase() !== "false" && value !== "";
}
