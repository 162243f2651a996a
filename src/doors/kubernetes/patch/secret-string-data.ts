/**
 * `stringData` of a Secret: plain text on the way in, never stored nor returned.
 *
 * Where upstream lets a key dropped from stringData survive in data, here it goes. The door calls, for a Secret:
 *
 * 1. {@link removeDroppedStringData} on a merge or strategic merge patch, before it is applied;
 * 2. {@link mergeStringData} on every decoded Secret (create, update, the result of any patch).
 *
 * Source of step 2: k/k pkg/apis/core/v1/conversion.go (Convert_v1_Secret_To_core_Secret).
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";

/**
 * Folds `stringData` into `data`: each text, as UTF-8 in base64, replaces the same
 * key of data; then stringData is gone. Changes `secret`. Nulls are passed over.
 */
export function mergeStringData(secret: JsonObject): void {
  const stringData = secret["stringData"];
  delete secret["stringData"];
  if (!isJsonObject(stringData)) return;
  const texts = Object.entries(stringData).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  if (texts.length === 0) return;
  const current = secret["data"];
  const data = isJsonObject(current) ? current : jsonObject();
  for (const [key, text] of texts) data[key] = encodeText(text);
  secret["data"] = data;
}

/** A text of stringData as data holds it: UTF-8 in base64. */
export function encodeText(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/**
 * The patch with `data[k]: null` for every `stringData[k]: null`, unless the same
 * patch says something of data[k]. Both kinds of merge patch read that null as
 * removal, and kubectl apply sends it for a key dropped from the manifest.
 *
 * A new patch when something is added, the same one otherwise; `patch` is not
 * changed. A `$patch` directive on the whole or on data already says what
 * becomes of data, so nothing is added beside it.
 */
export function removeDroppedStringData(patch: JsonValue): JsonValue {
  if (!isJsonObject(patch) || "$patch" in patch) return patch;
  const stringData = patch["stringData"];
  const data = patch["data"] ?? jsonObject();
  const clearsData = "data" in patch && patch["data"] === null;
  if (!isJsonObject(stringData) || !isJsonObject(data) || clearsData || "$patch" in data) return patch;
  const dropped = Object.keys(stringData).filter((key) => stringData[key] === null && !(key in data));
  if (dropped.length === 0) return patch;
  const removals = dropped.map((key): [string, null] => [key, null]);
  return jsonObject([...Object.entries(patch), ["data", jsonObject([...Object.entries(data), ...removals])]]);
}
