/**
 * All errors of an object in upstream's order. The door answers 422 when there are any.
 *
 * Upstream runs the rules of `metadata` up to four times on an update and lists
 * each finding as often among the causes; here every finding is listed once. The
 * message is the same, since upstream prints equal texts once.
 *
 * Source: apiserver pkg/registry/rest/create.go (BeforeCreate) and update.go (BeforeUpdate).
 */
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "../validation/field-error.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "../validation/object-meta.ts";
import type { Kind, Strategy } from "./kind.ts";

/** Errors of a new object; system fields are filled and prepareForCreate has run. */
export function validateCreate(kind: Kind, object: JsonObject): FieldError[] {
  const errors = kind.strategy.validate(object);
  if (kind.metadataLast === true && errors.length > 0) return errors;
  return [...validateObjectMeta(object, kind), ...errors];
}

/** Errors of an update; system fields are inherited and prepareForUpdate has run. `strategy` is a subresource's own. */
export function validateUpdate(
  kind: Kind,
  next: JsonObject,
  previous: JsonObject,
  strategy: Strategy = kind.strategy,
): FieldError[] {
  return [
    ...validateObjectMeta(next, kind),
    ...validateObjectMetaUpdate(next, previous),
    ...strategy.validateUpdate(next, previous),
  ];
}
