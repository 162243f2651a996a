/**
 * Objects as expressions see them. Of a secret they see keys, sizes, type and metadata, never a value: what an expression sees
 * can come out in a message, a warning or the audit log.
 */
import type { PlainValue } from "../../../cel/cel-values.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { secretKind } from "../kinds/secret.ts";
import { apiVersionOf, withType } from "../response/encode-object.ts";
import { metadataWithoutValues } from "../storage/without-values.ts";

/** The object with kind and apiVersion; of a secret each value is as many asterisks as it has bytes. */
export function expressionObject(tree: Readonly<JsonObject> | undefined, kind: Kind | undefined): PlainValue {
  if (tree === undefined) return null;
  if (kind === undefined) return plain(tree);
  return plain(withType(kind.kind, apiVersionOf(kind), kind === secretKind ? masked(tree) : { ...tree }));
}

function masked(secret: Readonly<JsonObject>): JsonObject {
  const { stringData: _written, data, metadata, ...rest } = secret;
  return jsonObject([
    ...Object.entries(rest),
    ...(isJsonObject(metadata) ? [["metadata", metadataWithoutValues(metadata)] as const] : []),
    ...(isJsonObject(data) ? [["data", mapValues(data, maskedValue)] as const] : []),
  ]);
}

function mapValues(object: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return jsonObject(Object.entries(object).map(([key, value]) => [key, change(value)] as const));
}

function maskedValue(value: JsonValue): JsonValue {
  return typeof value === "string" ? "*".repeat(Buffer.from(value, "base64").length) : null;
}

/** JSON is what expressions take; the types differ only in what may be changed. */
function plain(tree: Readonly<JsonObject>): PlainValue {
  return tree as PlainValue;
}
