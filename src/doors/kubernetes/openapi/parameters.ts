/**
 * The path and query parameters of operations, in our words.
 *
 * Source of names and types: apimachinery pkg/apis/meta/v1/types.go (GetOptions to
 * PatchOptions) as apiserver pkg/endpoints/installer.go lists them.
 */
import { filterAllowed, filterParameter } from "../access/lesser-rights.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

function query(name: string, type: Parameter["type"], description: string): Parameter {
  return { name, in: "query", type, description };
}

export function nameParameter(kind: string): Parameter {
  return { name: "name", in: "path", type: "string", description: `Name of the ${kind}.` };
}
export const namespaceParameter: Parameter = {
  name: "namespace",
  in: "path",
  type: "string",
  description: "Namespace of the object.",
};
export const prettyParameter = query("pretty", "string", "If `true`, the answer is indented.");

const dryRun = query(
  "dryRun",
  "string",
  "`All` runs every check and answers as if the change had been made, without making it.",
);
const fieldManager = query(
  "fieldManager",
  "string",
  "Name of who makes the change, at most 128 printable characters. Default: the first part of the User-Agent.",
);
const fieldValidation = query(
  "fieldValidation",
  "string",
  "What to do with unknown and duplicate fields: `Ignore` drops them silently, `Warn` (the default) with a warning, `Strict` refuses the request.",
);
const resourceVersion = query(
  "resourceVersion",
  "string",
  "Reads at or after this version; how, resourceVersionMatch says. For a watch, the version after which it begins.",
);

/** Of GET of one object. */
export const getParameters: readonly Parameter[] = [resourceVersion];

/** Of lists, watches and deletions of collections. */
export const listParameters: readonly Parameter[] = [
  query("allowWatchBookmarks", "boolean", "Whether the watch may send BOOKMARK events, which carry only a version."),
  query("continue", "string", "Where to read on: the token of the previous page."),
  query("fieldSelector", "string", "Only objects whose fields have these values."),
  query("labelSelector", "string", "Only objects whose labels match."),
  query("limit", "integer", "Most objects per page; with more, the answer has a `continue` token."),
  resourceVersion,
  query("resourceVersionMatch", "string", "`NotOlderThan` or `Exact`: how resourceVersion is meant."),
  query("sendInitialEvents", "boolean", "Whether a watch begins with events for what exists, ended by a bookmark."),
  query("timeoutSeconds", "integer", "After how many seconds the list or watch ends."),
  query("watch", "boolean", "Follow the changes instead of listing."),
];

/** Of lists and watches of kinds with values. */
export const filterListParameter: Parameter = query(
  filterParameter,
  "string",
  `Only \`${filterAllowed}\`: whoever may not list all of it is answered with the objects that they may get, instead of 403. Such an answer says that it is filtered.`,
);

/** Of lists that the storage itself finds: names with what they are. */
export function foundParameters(parameters: ReadonlyMap<string, string> = new Map()): Parameter[] {
  return [...parameters].map(([name, description]) => query(name, "string", description));
}

/** Of POST and PUT. */
export const writeParameters: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];

export const patchParameters: readonly Parameter[] = [
  ...writeParameters,
  query("force", "boolean", "Whether an apply takes over fields that another manager owns."),
];

/** Of DELETE; the body may say the same. */
export const deleteParameters: readonly Parameter[] = [
  dryRun,
  query("gracePeriodSeconds", "integer", "How long the object may take to end; 0 deletes at once."),
  query("orphanDependents", "boolean", "Deprecated by propagationPolicy: whether dependents lose their owner."),
  query("propagationPolicy", "string", "`Orphan`, `Background` or `Foreground`: what happens to dependents."),
];
