/**
 * Owner references given twice are dropped with a warning, not refused.
 *
 * Source: apiserver pkg/endpoints/handlers/rest.go (dedupOwnerReferences).
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { objectsField, stringField } from "./object-fields.ts";

/** All fields of an OwnerReference, which are scalars. */
const referenceFields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];

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
  const kept = new Set<string>();
  const result: JsonObject[] = [];
  const duplicates: string[] = [];
  for (const reference of objectsField(meta, "ownerReferences")) {
    const identity = JSON.stringify(referenceFields.map((name) => reference[name] ?? null));
    if (kept.has(identity)) duplicates.push(stringField(reference, "uid"));
    else result.push(reference);
    kept.add(identity);
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
