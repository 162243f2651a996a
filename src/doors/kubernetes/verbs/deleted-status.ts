import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { VerbContext } from "./verb-context.ts";

/**
 * The Status of a finished deletion: it has no code and no object. Without one that was deleted, of a collection; without a uid, of
 * what could not be read.
 */
export function deletedStatus(
  { kind }: VerbContext,
  deleted?: { readonly name: string; readonly uid?: string },
): JsonObject {
  const details = jsonObject(deleted === undefined ? [] : [["name", deleted.name]]);
  if (kind.group !== "") details["group"] = kind.group;
  details["kind"] = kind.resource;
  if (deleted?.uid !== undefined) details["uid"] = deleted.uid;
  return jsonObject([
    ["kind", "Status"],
    ["apiVersion", "v1"],
    ["metadata", jsonObject()],
    ["status", "Success"],
    ["details", details],
  ]);
}
