/**
 * The annotation in which kubectl's client-side apply keeps the whole
 * configuration, and by which its server-side apply takes over from it.
 *
 * Source: apimachinery pkg/util/managedfields/internal/{lastapplied,lastappliedmanager,lastappliedupdater}.go.
 */
import { sortKeys } from "../codec/canonical-object.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { parseJson } from "../codec/json-parser.ts";
import { writeJson } from "../codec/json-writer.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { byteLength } from "../validation/go-format.ts";
import { metadataOf, objectField, stringField } from "../validation/object-fields.ts";
import { annotationsBytesMax } from "../validation/object-meta.ts";
import { checkShape } from "./check-shape.ts";
import { compareFields } from "./compare-fields.ts";
import { difference, union } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { fieldsOf } from "./owned-fields.ts";
import type { OwnershipRules } from "./ownership-rules.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";

/** Whether client-side apply has left its configuration on an object. */
export function hasLastApplied(object: JsonObject): boolean {
  return lastAppliedOf(object) !== "";
}

/**
 * The fields of the configuration that client-side apply left, as far as the live
 * object still has them so; undefined when there is none, or none of this type.
 */
export function lastAppliedFields(rules: OwnershipRules, live: JsonObject): FieldSet | undefined {
  const configuration = parsed(lastAppliedOf(live));
  if (configuration === undefined) return undefined;
  if (configuration["apiVersion"] !== rules.apiVersion || configuration["kind"] !== rules.kind) return undefined;
  const { shape } = rules;
  if (checkShape(shape, configuration).length > 0 || checkShape(shape, live).length > 0) return undefined;
  const applied = rules.prepareApplied(configuration);
  const changes = compareFields(shape, applied, live);
  return difference(fieldsOf(shape, applied), union(union(changes.added, changes.modified), changes.removed));
}

/**
 * Keeps the annotation what was applied last, for whoever goes back to
 * client-side apply; drops it when all annotations would become too large.
 */
export function setLastApplied(object: JsonObject, configuration: JsonObject): void {
  const annotations = jsonObject(Object.entries(objectField(metadataOf(object), "annotations")));
  annotations[annotation] = `${writeJson(sorted(withoutAnnotation(configuration)))}\n`;
  let sizeBytes = 0;
  for (const key of Object.keys(annotations)) sizeBytes += byteLength(key) + byteLength(stringField(annotations, key));
  if (sizeBytes > annotationsBytesMax) delete annotations[annotation];
  ownMetadata(object)["annotations"] = annotations;
}

function lastAppliedOf(object: JsonObject): string {
  return stringField(objectField(metadataOf(object), "annotations"), annotation);
}

function parsed(text: string): JsonObject | undefined {
  if (text === "") return undefined;
  try {
    const { value } = parseJson(Buffer.from(text, "utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined; // somebody else's annotation
    throw error;
  }
}

function withoutAnnotation(configuration: JsonObject): JsonObject {
  const annotations = metadataOf(configuration)["annotations"];
  const copy = jsonObject(Object.entries(configuration));
  const metadata = jsonObject(Object.entries(metadataOf(configuration)));
  copy["metadata"] = metadata;
  if (isJsonObject(annotations)) {
    metadata["annotations"] = jsonObject(Object.entries(annotations).filter(([key]) => key !== annotation));
  } else delete metadata["annotations"];
  return copy;
}

/** As Go prints maps: keys in the order of their bytes. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return jsonObject(sortKeys(Object.keys(value)).map((key) => [key, sorted(value[key] ?? null)]));
}
