import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";

/** Metadata as it is stored: the resourceVersion is the store's revision and not part of the record. */
export function withoutResourceVersion(metadata: JsonObject): JsonObject {
  return jsonObject(
    Object.keys(metadata)
      .filter((key) => key !== "resourceVersion")
      .map((key): [string, JsonValue] => [key, metadata[key] ?? null]),
  );
}
