/**
 * OpenAPI 3.0: one document per group and version.
 *
 * Source: kube-openapi pkg/builder3 and the published documents of release 1.34.
 */
import type { DescribedKind } from "../kinds/kind.ts";
import { compatibleVersion } from "../discovery/version-info.ts";
import { definitions, reference } from "./definitions.ts";
import type { JsonTree } from "./definitions.ts";
import { groupWord, paths, produces, watchable } from "./operations.ts";
import type { Operation, Path } from "./operations.ts";
import type { Parameter } from "./parameters.ts";

/** The document of the kinds, which must be of one group and version. */
export function openApiV3(kinds: readonly DescribedKind[]): JsonTree {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: compatibleVersion },
    paths: Object.fromEntries(paths(kinds).map((path) => [path.path, pathItem(path)])),
    components: { schemas: Object.fromEntries(definitions(kinds, 3)) },
  };
}

function pathItem({ parameters, operations }: Path): JsonTree {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, writeOperation(operation)])),
    parameters: parameters.map(writeParameter),
  };
}

function writeOperation(operation: Operation): JsonTree {
  const { kind, body } = operation;
  return {
    tags: [`${groupWord(kind.group)}_${kind.version}`],
    description: operation.description,
    operationId: operation.operationId,
    parameters: operation.parameters.map(writeParameter),
    ...(body === undefined ? {} : { requestBody: requestBody(operation, body) }),
    responses: responses(operation),
    "x-kubernetes-action": operation.action,
    "x-kubernetes-group-version-kind": { group: kind.group, version: kind.version, kind: kind.kind },
  };
}

function requestBody({ bodyRequired, consumes }: Operation, body: string): JsonTree {
  const content = Object.fromEntries(consumes.map((type) => [type, { schema: reference(body, 3) }]));
  return bodyRequired ? { required: true, content } : { content };
}

function responses({ action, answers }: Operation): JsonTree {
  const types = action === "list" ? [...produces, ...watchable] : produces;
  const written: JsonTree = {};
  for (const [code, definition] of answers) {
    const content = Object.fromEntries(types.map((type) => [type, { schema: reference(definition, 3) }]));
    written[code] = { description: statusTexts[code] ?? "", content };
  }
  written[401] = { description: "Unauthorized" };
  return written;
}

export const statusTexts: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

function writeParameter({ name, in: place, type, description }: Parameter): JsonTree {
  const required = place === "path" ? { required: true } : {};
  return { name, in: place, description, ...required, schema: { type, uniqueItems: true } };
}
