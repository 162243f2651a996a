/**
 * Server-side printing: meta.k8s.io Table.
 * Source: apiserver pkg/endpoints/handlers/response.go; apimachinery meta/v1 types.
 */
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { apiVersionOf, partialMetadataTree, withType } from "./encode-object.ts";
import type { OutputFormat } from "./output-format.ts";

/** The column definitions of a kind. */
export function columnDefinitions(kind: Kind): JsonValue[] {
  return kind.columns.map((column) =>
    jsonObject([
      ["name", column.name],
      ["type", column.type],
      ["format", column.format],
      ["description", column.description],
      ["priority", column.priority],
    ]),
  );
}

/** The row of one object. */
export function tableRow(kind: Kind, object: StoredObject, format: OutputFormat, now: Date): JsonObject {
  const tree = object.tree();
  const row = jsonObject([["cells", kind.columns.map((column) => column.cell(tree, now))]]);
  if (format.includeObject === "Metadata") row["object"] = partialMetadataTree(object, format);
  if (format.includeObject === "Object") row["object"] = withType(kind.kind, apiVersionOf(kind), tree);
  return row;
}

/** A Table with these rows; `columns` false leaves the definitions out (all but the first event of a watch). */
export function tableTree(table: {
  readonly kind: Kind;
  readonly format: OutputFormat;
  readonly rows: JsonValue[];
  readonly metadata: JsonObject;
  readonly columns: boolean;
}): JsonObject {
  return jsonObject([
    ["kind", "Table"],
    ["apiVersion", `meta.k8s.io/${table.format.viewVersion}`],
    ["metadata", table.metadata],
    ["columnDefinitions", table.columns ? columnDefinitions(table.kind) : []],
    ["rows", table.rows],
  ]);
}
