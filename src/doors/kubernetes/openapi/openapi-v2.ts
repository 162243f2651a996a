/**
 * OpenAPI 2.0: one document for everything, for clients up to 1.28.
 *
 * Source: kube-openapi pkg/builder and the published document of release 1.34.
 */
import type { DescribedKind } from "../kinds/kind.ts";
import { compatibleVersion } from "../discovery/version-info.ts";
import { definitions, reference } from "./definitions.ts";
import type { JsonTree } from "./definitions.ts";
import { statusTexts } from "./openapi-v3.ts";
import { groupWord, paths, produces, watchable } from "./operations.ts";
import type { Operation, Path } from "./operations.ts";
import type { Parameter } from "./parameters.ts";

export function openApiV2(kinds: readonly DescribedKind[]): JsonTree {
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: compatibleVersion },
    paths: Object.fromEntries(paths(kinds).map((path) => [path.path, pathItem(path)])),
    definitions: Object.fromEntries(definitions(kinds, 2)),
  };
}

function pathItem({ parameters, operations }: Path): JsonTree {
  return {
    ...Object.fromEntries(operations.map((operation) => [operation.method, writeOperation(operation)])),
    parameters: parameters.map(writeParameter),
  };
}

function writeOperation(operation: Operation): JsonTree {
  const { kind, body, bodyRequired } = operation;
  const bodyParameter: JsonTree[] =
    body === undefined
      ? []
      : [{ name: "body", in: "body", ...(bodyRequired ? { required: true } : {}), schema: reference(body, 2) }];
  return {
    description: operation.description,
    consumes: [...operation.consumes],
    produces: operation.action === "list" ? [...produces, ...watchable] : [...produces],
    schemes: ["https"],
    tags: [`${groupWord(kind.group)}_${kind.version}`],
    operationId: operation.operationId,
    parameters: [...bodyParameter, ...operation.parameters.map(writeParameter)],
    responses: responses(operation),
    "x-kubernetes-action": operation.action,
    "x-kubernetes-group-version-kind": { group: kind.group, version: kind.version, kind: kind.kind },
  };
}

function responses({ answers }: Operation): JsonTree {
  const written: JsonTree = {};
  for (const [code, definition] of answers) {
    written[code] = { description: statusTexts[code] ?? "", schema: reference(definition, 2) };
  }
  written[401] = { description: "Unauthorized" };
  return written;
}

function writeParameter({ name, in: place, type, description }: Parameter): JsonTree {
  const required = place === "path" ? { required: true } : {};
  return { uniqueItems: true, type, description, name, in: place, ...required };
}
