/** The mark of an answer whose values were withheld: an object with it is no secret that could be written back. */
import type { JsonObject } from "../codec/json.ts";
import { forbidden } from "./field-error-constructors.ts";
import type { FieldError } from "./field-error.ts";
import { metadataOf, objectField } from "./object-fields.ts";

/** The annotation and its only value. */
export const withheldAnnotation = "strongroom.dev/values";
export const withheldValue = "withheld";

/** Whether values were withheld from an object: it has the mark. */
export function isWithheld(object: JsonObject): boolean {
  return withheldAnnotation in objectField(metadataOf(object), "annotations");
}

/** Whoever writes back an answer without values would wipe them. */
export function withheldAnnotationErrors(object: JsonObject): FieldError[] {
  if (!isWithheld(object)) return [];
  const detail = "marks an answer without values, which must not be written back";
  return [forbidden(`metadata.annotations[${withheldAnnotation}]`, detail)];
}
