/**
 * The fields of `metadata` that the server sets, or keeps against the client.
 *
 * Source: apiserver pkg/registry/rest/meta.go and update.go (BeforeUpdate).
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import type { Kind } from "./kind.ts";

/** A time as metav1.Time prints it: UTC, in seconds. */
export function apiTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** On create: uid and creationTimestamp are the server's, and whatever speaks of a deletion is cleared. */
export function fillSystemFields(object: JsonObject, facts: { readonly uid: string; readonly now: Date }): void {
  const meta = ownMetadata(object);
  for (const name of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"]) delete meta[name];
  meta["uid"] = facts.uid;
  meta["creationTimestamp"] = apiTime(facts.now);
}

/**
 * On update: what a client left empty inherits the stored value, and what no
 * client may set is the stored value. After this, a difference in one of the
 * immutable fields is an error (validateObjectMetaUpdate).
 */
export function inheritSystemFields(
  next: JsonObject,
  previous: JsonObject,
  kind: Pick<Kind, "namespaced"> & { readonly strategy: Pick<Kind["strategy"], "allowUnconditionalUpdate"> },
): void {
  const meta = ownMetadata(next);
  const stored = metadataOf(previous);
  const always = ["generation", "creationTimestamp", "selfLink"];
  if (stringField(stored, "deletionTimestamp") !== "") always.push("deletionTimestamp");
  for (const name of always) copyField(meta, stored, name);
  if (!kind.namespaced) delete meta["namespace"];
  const whenEmpty = ["name", "namespace", "uid"];
  if (kind.strategy.allowUnconditionalUpdate) whenEmpty.push("resourceVersion");
  for (const name of whenEmpty) if (stringField(meta, name) === "") copyField(meta, stored, name);
  if (meta["deletionGracePeriodSeconds"] === undefined) copyField(meta, stored, "deletionGracePeriodSeconds");
}

/** `metadata` to write to; made when the object has none. */
export function ownMetadata(object: JsonObject): JsonObject {
  const meta = object["metadata"];
  if (isJsonObject(meta)) return meta;
  const created = jsonObject();
  object["metadata"] = created;
  return created;
}

function copyField(meta: JsonObject, stored: Readonly<JsonObject>, name: string): void {
  const value = stored[name];
  if (value === undefined) delete meta[name];
  else meta[name] = value;
}
