import type { JsonObject } from "../codec/json.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";

/** Whether the object waits for its finalizers. */
export function isTerminating(object: JsonObject): boolean {
  return stringField(metadataOf(object), "deletionTimestamp") !== "";
}
