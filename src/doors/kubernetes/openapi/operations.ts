/**
 * The operations of the served kinds, apart from any version of OpenAPI:
 * openapi-v2.ts and openapi-v3.ts write them down.
 *
 * What clients read of them: from 1.29 on kubectl leaves validation to the server
 * if the PATCH operation of a kind lists the query parameter `fieldValidation`;
 * older ones believe in a server-side dry run if it lists `dryRun`.
 *
 * Source: apiserver pkg/endpoints/installer.go.
 */
import type { DescribedKind, ResourceVerb, Subresource } from "../kinds/kind.ts";
import { deleteOptionsDefinition, patchDefinition, statusDefinition } from "./definitions.ts";
import {
  deleteParameters,
  filterListParameter,
  foundParameters,
  getParameters,
  listParameters,
  nameParameter,
  namespaceParameter,
  patchParameters,
  prettyParameter,
  writeParameters,
} from "./parameters.ts";
import type { Parameter } from "./parameters.ts";

export type Method = "get" | "put" | "post" | "patch" | "delete";

export interface Operation {
  readonly method: Method;
  readonly operationId: string;
  readonly description: string;
  /** x-kubernetes-action: the verb in the words of OpenAPI. */
  readonly action: "get" | "list" | "post" | "put" | "patch" | "delete" | "deletecollection";
  readonly kind: DescribedKind;
  readonly parameters: readonly Parameter[];
  /** Definition of the request body, if the operation takes one. */
  readonly body: string | undefined;
  readonly bodyRequired: boolean;
  /** Media types of the body; PATCH has its own. */
  readonly consumes: readonly string[];
  /** Definition of the answer's body by status code. */
  readonly answers: ReadonlyMap<number, string>;
}

export interface Path {
  readonly path: string;
  /** What all its operations share. */
  readonly parameters: readonly Parameter[];
  readonly operations: readonly Operation[];
}

/** Media types of answers; lists can also be watched. */
export const produces = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"] as const;
export const watchable = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"] as const;
/** Media types of bodies. */
const consumes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

/** The paths of the kinds of one group and version, in order of path. */
export function paths(kinds: readonly DescribedKind[]): Path[] {
  return kinds.flatMap(pathsOf).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function pathsOf(kind: DescribedKind): Path[] {
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced ? `${base}/namespaces/{namespace}` : base;
  const scopeParameters = kind.namespaced ? [namespaceParameter, prettyParameter] : [prettyParameter];
  const collection = `${scope}/${kind.resource}`;
  const itemParameters = [nameParameter(kind.kind), ...scopeParameters];
  const found: Path[] = [
    { path: collection, parameters: scopeParameters, operations: collectionOperations(kind) },
    { path: `${collection}/{name}`, parameters: itemParameters, operations: itemOperations(kind) },
    ...kind.subresources.map((subresource) => ({
      path: `${collection}/{name}/${subresource.name}`,
      parameters: itemParameters,
      operations: subresourceOperations(kind, subresource),
    })),
  ];
  if (kind.namespaced && kind.verbs.includes("list")) {
    const everywhere = { ...listOperation(kind), operationId: operationId("list", kind, "", "ForAllNamespaces") };
    found.push({ path: `${base}/${kind.resource}`, parameters: [prettyParameter], operations: [everywhere] });
  }
  return found.filter(({ operations }) => operations.length > 0);
}

function collectionOperations(kind: DescribedKind): Operation[] {
  const all: readonly (readonly [ResourceVerb, () => Operation])[] = [
    ["list", () => listOperation(kind)],
    ["create", () => createOperation(kind)],
    ["deletecollection", () => deleteCollectionOperation(kind)],
  ];
  return all.filter(([verb]) => kind.verbs.includes(verb)).map(([, make]) => make());
}

function itemOperations(kind: DescribedKind): Operation[] {
  const all: readonly (readonly [ResourceVerb, () => Operation])[] = [
    ["get", () => getOperation(kind, "")],
    ["update", () => replaceOperation(kind, "")],
    ["patch", () => patchOperation(kind, "")],
    ["delete", () => deleteOperation(kind)],
  ];
  return all.filter(([verb]) => kind.verbs.includes(verb)).map(([, make]) => make());
}

function subresourceOperations(kind: DescribedKind, { name, verbs, creation, answer }: Subresource): Operation[] {
  const body = creation?.schema ?? answer?.schema ?? kind.schema;
  const all: readonly (readonly [ResourceVerb, () => Operation])[] = [
    ["create", () => createSubresourceOperation(kind, name, body.name)],
    ["get", () => getOperation(kind, name, answer?.schema.name)],
    ["update", () => replaceOperation(kind, name)],
    ["patch", () => patchOperation(kind, name)],
  ];
  return all.filter(([verb]) => verbs.includes(verb)).map(([, make]) => make());
}

function listOperation(kind: DescribedKind): Operation {
  return {
    ...plainOperation(kind, "get", "list", `List or watch objects of kind ${kind.kind}.`),
    operationId: operationId("list", kind),
    parameters: [
      ...listParameters,
      ...(kind.valuesIn === undefined ? [] : [filterListParameter]),
      ...foundParameters(kind.found?.parameters),
    ],
    answers: new Map([[200, kind.listSchema?.name ?? kind.schema.name]]),
  };
}

function createOperation(kind: DescribedKind): Operation {
  return {
    ...plainOperation(kind, "post", "post", `Create an object of kind ${kind.kind}.`),
    operationId: operationId("create", kind),
    parameters: writeParameters,
    body: kind.schema.name,
    bodyRequired: true,
    answers: new Map([200, 201, 202].map((code) => [code, kind.schema.name])),
  };
}

function createSubresourceOperation(kind: DescribedKind, subresource: string, body: string): Operation {
  return {
    ...plainOperation(kind, "post", "post", `Create ${thing(kind, subresource)}.`),
    operationId: operationId("create", kind, subresource),
    parameters: writeParameters,
    body,
    bodyRequired: true,
    answers: new Map([200, 201, 202].map((code) => [code, body])),
  };
}

function deleteCollectionOperation(kind: DescribedKind): Operation {
  return {
    ...plainOperation(kind, "delete", "deletecollection", `Delete every object of kind ${kind.kind} that is selected.`),
    operationId: operationId("deleteCollection", kind),
    parameters: [...listParameters.filter(({ name }) => !watchOnly.has(name)), ...deleteParameters],
    body: deleteOptionsDefinition,
    answers: new Map([[200, statusDefinition]]),
  };
}

const watchOnly = new Set(["allowWatchBookmarks", "watch"]);

function getOperation(kind: DescribedKind, subresource: string, answer = kind.schema.name): Operation {
  return {
    ...plainOperation(kind, "get", "get", `Read ${thing(kind, subresource)}.`),
    operationId: operationId("read", kind, subresource),
    parameters: getParameters,
    answers: new Map([[200, answer]]),
  };
}

function replaceOperation(kind: DescribedKind, subresource: string): Operation {
  return {
    ...plainOperation(kind, "put", "put", `Replace ${thing(kind, subresource)}.`),
    operationId: operationId("replace", kind, subresource),
    parameters: writeParameters,
    body: kind.schema.name,
    bodyRequired: true,
    answers: new Map([200, 201].map((code) => [code, kind.schema.name])),
  };
}

function patchOperation(kind: DescribedKind, subresource: string): Operation {
  return {
    ...plainOperation(kind, "patch", "patch", `Change parts of ${thing(kind, subresource)}.`),
    operationId: operationId("patch", kind, subresource),
    parameters: patchParameters,
    body: patchDefinition,
    bodyRequired: true,
    consumes: patchTypes,
    answers: new Map([200, 201].map((code) => [code, kind.schema.name])),
  };
}

function deleteOperation(kind: DescribedKind): Operation {
  return {
    ...plainOperation(kind, "delete", "delete", `Delete an object of kind ${kind.kind}.`),
    operationId: operationId("delete", kind),
    parameters: deleteParameters,
    body: deleteOptionsDefinition,
    answers: new Map([200, 202].map((code) => [code, statusDefinition])),
  };
}

function plainOperation(kind: DescribedKind, method: Method, action: Operation["action"], description: string) {
  return { kind, method, action, description, body: undefined, bodyRequired: false, consumes };
}

function thing(kind: DescribedKind, subresource: string): string {
  return subresource === "" ? `an object of kind ${kind.kind}` : `the ${subresource} of an object of kind ${kind.kind}`;
}

/** e.g. `replaceCoreV1NamespacedSecret`, `patchCoreV1NamespaceStatus`, by which generated clients name their methods. */
function operationId(verb: string, kind: DescribedKind, subresource = "", suffix = ""): string {
  const scope = kind.namespaced && suffix === "" ? "Namespaced" : "";
  const collection = verb === "deleteCollection" ? "deleteCollection" : verb;
  const prefix = collection === "deleteCollection" ? "delete" : collection;
  const middle = collection === "deleteCollection" ? "Collection" : "";
  const group = `${capital(groupWord(kind.group))}${capital(kind.version)}`;
  return `${prefix}${group}${middle}${scope}${kind.kind}${capital(subresource)}${suffix}`;
}

/** A group as one word: `core`, `events`, `rbacAuthorization`. */
export function groupWord(group: string): string {
  if (group === "") return "core";
  const [first = "", ...rest] = group.replace(/\.k8s\.io$/, "").split(".");
  return first + rest.map(capital).join("");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
