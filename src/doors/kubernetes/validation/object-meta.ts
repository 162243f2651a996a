/**
 * The rules of `metadata` that hold for every kind.
 *
 * Source: apimachinery pkg/api/validation/objectmeta.go and
 * pkg/apis/meta/v1/validation/validation.go; for core kinds also
 * k/k pkg/apis/core/validation/validation.go (ValidateObjectMeta).
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { equalJson, jsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, invalidPrinted, required, tooLong } from "./field-error-constructors.ts";
import { byteLength, goJson } from "./go-format.ts";
import { fieldManagerErrors } from "./field-manager.ts";
import { labelValueErrors, nameIsDnsLabel, qualifiedNameErrors } from "./names.ts";
import { metadataOf, numberField, objectField, objectsField, stringField, stringsField } from "./object-fields.ts";

/** Keys and values of all annotations together, in bytes. */
export const annotationsBytesMax = 262_144;

/** Names of finalizers that need no domain in core kinds. */
const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** Longest `subresource` of an entry of managedFields, in bytes. */
const subresourceBytesMax = 256;

/** Lists of more owner references are shown in one error only. */
const shownReferencesMax = 16;

/** Checking managedFields stops after so many errors. */
const managedFieldsErrorsMax = 1000;

/** What the rules need to know of a kind. */
export type ObjectMetaRules = Pick<Kind, "group" | "namespaced" | "validateName" | "coreFinalizers">;

/**
 * Errors of `object.metadata` on create, and the part of an update that looks at
 * the new object alone. To be called after a name has been generated.
 */
export function validateObjectMeta(object: JsonObject, rules: ObjectMetaRules): FieldError[] {
  const meta = metadataOf(object);
  const generation = numberField(meta, "generation");
  const errors = [...nameErrors(meta, rules), ...namespaceErrors(meta, rules)];
  if (generation < 0) {
    errors.push(invalidPrinted("metadata.generation", String(generation), "must be greater than or equal to 0"));
  }
  // Lists in a literal, not as arguments of push: there may be more errors than a call takes arguments.
  const core = (rules.coreFinalizers ?? rules.group === "") ? coreFinalizerErrors(meta) : [];
  return [...errors, ...mapErrors(meta), ...finalizerErrors(meta), ...managedFieldsErrors(meta), ...core];
}

/**
 * Errors of an update: what must not change has changed. The door has let empty
 * fields inherit the stored ones before (see kinds/system-fields.ts), a missing
 * resourceVersion of kinds with unconditional update included.
 */
export function validateObjectMetaUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  const [meta, stored] = [metadataOf(next), metadataOf(previous)];
  const errors = newFinalizerErrors(meta, stored);
  if (stringField(meta, "resourceVersion") === "") {
    errors.push(invalid("metadata.resourceVersion", "", "must be specified for an update"));
  }
  const generation = numberField(meta, "generation");
  if (generation < numberField(stored, "generation")) {
    errors.push(invalidPrinted("metadata.generation", String(generation), "must not be decremented"));
  }
  for (const name of ["name", "namespace", "uid"]) {
    const value = stringField(meta, name);
    errors.push(...immutableErrors(`metadata.${name}`, value, stringField(stored, name)));
  }
  for (const name of ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"]) {
    errors.push(...immutableErrors(`metadata.${name}`, meta[name] ?? null, stored[name] ?? null));
  }
  return errors;
}

/** `field is immutable` when a value differs from the stored one; shows the value. */
export function immutableErrors(field: string, value: JsonValue, stored: JsonValue): FieldError[] {
  if (equalJson(value, stored)) return [];
  const printed = typeof value === "string" ? goQuote(value) : goJson(value);
  return [invalidPrinted(field, printed, "field is immutable")];
}

/** Errors of one finalizer name at `field`; core kinds ask for a domain or a standard name too. */
export function finalizerNameErrors(name: string, field: string): FieldError[] {
  return qualifiedNameErrors(name).map((text) => invalid(field, name, text));
}

/** Errors of one finalizer name by the rule of core kinds alone. */
export function coreFinalizerNameErrors(name: string, field: string): FieldError[] {
  if (name.includes("/") || standardFinalizers.has(name)) return [];
  return [invalid(field, name, "name is neither a standard finalizer name nor is it fully qualified")];
}

function nameErrors(meta: Readonly<JsonObject>, rules: ObjectMetaRules): FieldError[] {
  const [name, generateName] = [stringField(meta, "name"), stringField(meta, "generateName")];
  const errors =
    generateName === ""
      ? []
      : rules.validateName(generateName, true).map((text) => invalid("metadata.generateName", generateName, text));
  if (name === "") return [...errors, required("metadata.name", "name or generateName is required")];
  return [...errors, ...rules.validateName(name, false).map((text) => invalid("metadata.name", name, text))];
}

function namespaceErrors(meta: Readonly<JsonObject>, rules: ObjectMetaRules): FieldError[] {
  const namespace = stringField(meta, "namespace");
  if (!rules.namespaced) {
    return namespace === "" ? [] : [forbidden("metadata.namespace", "not allowed on this type")];
  }
  if (namespace === "") return [required("metadata.namespace", "")];
  return nameIsDnsLabel(namespace, false).map((text) => invalid("metadata.namespace", namespace, text));
}

function mapErrors(meta: Readonly<JsonObject>): FieldError[] {
  return [
    ...labelsErrors(objectField(meta, "labels")),
    ...annotationsErrors(objectField(meta, "annotations")),
    ...ownerReferencesErrors(meta),
  ];
}

function labelsErrors(labels: Readonly<JsonObject>): FieldError[] {
  const field = "metadata.labels";
  return Object.keys(labels).flatMap((key) => {
    const value = stringField(labels, key);
    return [
      ...qualifiedNameErrors(key).map((text) => invalid(field, key, text)),
      ...labelValueErrors(value).map((text) => invalid(field, value, text)),
    ];
  });
}

function annotationsErrors(annotations: Readonly<JsonObject>): FieldError[] {
  const field = "metadata.annotations";
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const key of Object.keys(annotations)) {
    // Case does not matter in annotation keys, so they are checked in lower case and shown as sent.
    for (const text of qualifiedNameErrors(key.toLowerCase())) errors.push(invalid(field, key, text));
    sizeBytes += byteLength(key) + byteLength(stringField(annotations, key));
  }
  if (sizeBytes > annotationsBytesMax) errors.push(tooLong(field, annotationsBytesMax));
  return errors;
}

function ownerReferencesErrors(meta: Readonly<JsonObject>): FieldError[] {
  const field = "metadata.ownerReferences";
  const references = objectsField(meta, "ownerReferences");
  const errors: FieldError[] = [];
  let controller = "";
  for (const reference of references) {
    errors.push(...ownerReferenceErrors(reference, field));
    if (reference["controller"] !== true) continue;
    const current = `${stringField(reference, "kind")}/${stringField(reference, "name")}`;
    if (controller === "") {
      controller = current;
      continue;
    }
    const detail =
      "Only one reference can have Controller set to true. " +
      `Found "true" in references for ${controller} and ${current}`;
    errors.push(invalidPrinted(field, goJson(references.map(orderedOwnerReference)), detail));
    // Each of these errors shows the whole list; of a long one only the first is worth it.
    if (references.length > shownReferencesMax) break;
  }
  return errors;
}

function ownerReferenceErrors(reference: JsonObject, field: string): FieldError[] {
  const apiVersion = stringField(reference, "apiVersion");
  const kind = stringField(reference, "kind");
  const errors: FieldError[] = [];
  const version = versionOf(apiVersion);
  if (version === "") errors.push(invalid(`${field}.apiVersion`, apiVersion, "version must not be empty"));
  for (const name of ["kind", "name", "uid"]) {
    if (stringField(reference, name) === "") errors.push(invalid(`${field}.${name}`, "", "must not be empty"));
  }
  if (apiVersion === "v1" && kind === "Event") {
    const detail = "/v1, Kind=Event is disallowed from being an owner";
    errors.push(invalidPrinted(field, goJson(orderedOwnerReference(reference)), detail));
  }
  return errors;
}

/** The version of `group/version`; "" when it cannot be parsed (more than one slash). */
function versionOf(apiVersion: string): string {
  const parts = apiVersion.split("/", 3);
  return parts.length > 2 ? "" : (parts.at(-1) ?? "");
}

/** The reference with its keys in the order of the Go struct, as it is printed. */
function orderedOwnerReference(reference: JsonObject): JsonObject {
  const ordered = jsonObject();
  for (const name of ["apiVersion", "kind", "name", "uid"]) ordered[name] = stringField(reference, name);
  for (const name of ["controller", "blockOwnerDeletion"]) {
    const value = reference[name];
    if (typeof value === "boolean") ordered[name] = value;
  }
  return ordered;
}

function finalizerErrors(meta: Readonly<JsonObject>): FieldError[] {
  const field = "metadata.finalizers";
  const finalizers = stringsField(meta, "finalizers");
  const errors = finalizers.flatMap((name) => finalizerNameErrors(name, field));
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const detail = "finalizer orphan and foregroundDeletion cannot be both set";
    errors.push(invalidPrinted(field, goJson(finalizers), detail));
  }
  return errors;
}

function coreFinalizerErrors(meta: Readonly<JsonObject>): FieldError[] {
  return stringsField(meta, "finalizers").flatMap((name, index) =>
    coreFinalizerNameErrors(name, `metadata.finalizers[${index}]`),
  );
}

function newFinalizerErrors(meta: Readonly<JsonObject>, stored: Readonly<JsonObject>): FieldError[] {
  if (stringField(stored, "deletionTimestamp") === "") return [];
  const before = new Set(stringsField(stored, "finalizers"));
  const added = [...new Set(stringsField(meta, "finalizers"))].filter((name) => !before.has(name)).toSorted();
  if (added.length === 0) return [];
  // Go's %#v of a []string.
  const list = `[]string{${added.map(goQuote).join(", ")}}`;
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return [forbidden("metadata.finalizers", detail)];
}

function managedFieldsErrors(meta: Readonly<JsonObject>): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, entry] of objectsField(meta, "managedFields").entries()) {
    errors.push(...managedFieldsEntryErrors(entry, `metadata.managedFields[${index}]`));
    // An entry of 200 bytes can have 130 errors; nobody reads past the first hundreds.
    if (errors.length > managedFieldsErrorsMax) break;
  }
  return errors;
}

function managedFieldsEntryErrors(entry: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const operation = stringField(entry, "operation");
  if (operation !== "Apply" && operation !== "Update") {
    errors.push(invalid(`${field}.operation`, operation, "must be `Apply` or `Update`"));
  }
  const fieldsType = stringField(entry, "fieldsType");
  if (fieldsType !== "" && fieldsType !== "FieldsV1") {
    errors.push(invalid(`${field}.fieldsType`, fieldsType, "must be `FieldsV1`"));
  }
  errors.push(...fieldManagerErrors(stringField(entry, "manager"), `${field}.manager`));
  if (byteLength(stringField(entry, "subresource")) > subresourceBytesMax) {
    errors.push(tooLong(`${field}.subresource`, subresourceBytesMax));
  }
  return errors;
}
