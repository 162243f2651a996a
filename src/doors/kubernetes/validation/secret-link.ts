/** The rules of SecretLinks beside those of `metadata`; what they take of rights is admission's to ask. */
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { invalid, required } from "./field-error-constructors.ts";
import { nameIsDnsLabel, nameIsDnsSubdomain } from "./names.ts";
import { metadataOf, objectField, stringField } from "./object-fields.ts";

/** Errors of a SecretLink. */
export function validateSecretLink(link: JsonObject): FieldError[] {
  const source = objectField(objectField(link, "spec"), "source");
  const [namespace, name] = [stringField(source, "namespace"), stringField(source, "name")];
  const errors = [
    ...nameErrors(namespace, "spec.source.namespace", nameIsDnsLabel),
    ...nameErrors(name, "spec.source.name", nameIsDnsSubdomain),
  ];
  const metadata = metadataOf(link);
  const isItself = stringField(metadata, "namespace") === namespace && stringField(metadata, "name") === name;
  return isItself
    ? [...errors, invalid("spec.source.name", name, "must not be the secret that the link makes")]
    : errors;
}

function nameErrors(
  name: string,
  path: string,
  check: (name: string, prefix: boolean) => readonly string[],
): FieldError[] {
  return name === "" ? [required(path, "")] : check(name, false).map((text) => invalid(path, name, text));
}
