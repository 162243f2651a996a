/** What the URL says about an object's place, checked against its body. */
import { badRequest } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { stringField } from "../validation/object-fields.ts";
import type { VerbContext } from "./verb-context.ts";

/**
 * Fills an empty namespace from the URL and refuses another one. Cluster-scoped
 * kinds are left to validation.
 */
export function requireNamespace(context: VerbContext, tree: JsonObject): void {
  if (!context.kind.namespaced) return;
  const metadata = ownMetadata(tree);
  const namespace = stringField(metadata, "namespace");
  if (namespace === "") {
    metadata["namespace"] = context.target.namespace;
  } else if (namespace !== context.target.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** Fills an empty name from the URL and refuses another one. */
export function requireName(context: VerbContext, tree: JsonObject): void {
  const metadata = ownMetadata(tree);
  const name = stringField(metadata, "name");
  if (name === "") {
    metadata["name"] = context.target.name;
  } else if (name !== context.target.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${context.target.name})`);
  }
}
