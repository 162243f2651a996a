/**
 * Owner references given twice are dropped with a warning, not refused.
 *
 * Source: apiserver pkg/endpoints/handlers/rest.go (dedupOwnerReferences).
 */
import type { JsonObject } from "../codec/json.ts";
import { equalJson, isJsonObject } from "../codec/json.ts";
import { objectsField, stringField } from "./object-fields.ts";

/**
 * Removes equal entries of `metadata.ownerReferences` from `object` and returns
 * the text of the warning, or undefined when there were none. `moment` tells
 * upstream's two texts apart: of the request's own body (create, update), or of
 * the merged object (patch).
 */
export function dropDuplicateOwnerReferences(
  object: JsonObject,
  moment: "in-request" | "after-merge",
): string | undefined {
  const meta = object["metadata"];
  if (!isJsonObject(meta)) return undefined;
  const kept = new Map<string, JsonObject[]>();
  const result: JsonObject[] = [];
  const duplicates: string[] = [];
  for (const reference of objectsField(meta, "ownerReferences")) {
    const uid = stringField(reference, "uid");
    const sameUid = kept.get(uid) ?? [];
    if (sameUid.some((other) => equalJson(other, reference))) {
      duplicates.push(uid);
      continue;
    }
    kept.set(uid, [...sameUid, reference]);
    result.push(reference);
  }
  if (duplicates.length === 0) return undefined;
  meta["ownerReferences"] = result;
  const when = moment === "after-merge" ? " after mutating admission happens" : "";
  return (
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, ` +
    "and may reject such requests as early as 1.24; please fix your requests; " +
    `duplicate UID(s) observed: ${duplicates.join(", ")}`
  );
}
