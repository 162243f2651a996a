/**
 * The rules of RoleBindings and ClusterRoleBindings beside those of `metadata`.
 *
 * Source: k/k pkg/apis/rbac/validation/validation.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import { equalJson } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { invalid, invalidPrinted, notSupported, required } from "./field-error-constructors.ts";
import { printGoStruct } from "./go-struct.ts";
import { nameIsDnsSubdomain, nameIsPathSegment } from "./names.ts";
import { objectField, objectsField, stringField } from "./object-fields.ts";

/** The API group of roles, and of users and groups as subjects. */
export const rbacGroup = "rbac.authorization.k8s.io";

/** Errors of a RoleBinding. */
export function validateRoleBinding(binding: JsonObject): FieldError[] {
  return [...roleRefErrors(binding, ["Role", "ClusterRole"]), ...subjectsErrors(binding, true)];
}

/** Errors of a ClusterRoleBinding. */
export function validateClusterRoleBinding(binding: JsonObject): FieldError[] {
  return [...roleRefErrors(binding, ["ClusterRole"]), ...subjectsErrors(binding, false)];
}

/** A binding is to one role for its life: whoever may change it might not be allowed to bind the other role. */
export function roleRefChangeErrors(next: JsonObject, previous: JsonObject): FieldError[] {
  const [roleRef, stored] = [objectField(next, "roleRef"), objectField(previous, "roleRef")];
  if (equalJson(roleRef, stored)) return [];
  const printed = printGoStruct(roleRef, [
    ["APIGroup", "apiGroup", ""],
    ["Kind", "kind", ""],
    ["Name", "name", ""],
  ]);
  return [invalidPrinted("roleRef", printed, "cannot change roleRef")];
}

function roleRefErrors(binding: JsonObject, kinds: readonly string[]): FieldError[] {
  const roleRef = objectField(binding, "roleRef");
  const [apiGroup, kind, name] = [
    stringField(roleRef, "apiGroup"),
    stringField(roleRef, "kind"),
    stringField(roleRef, "name"),
  ];
  const errors: FieldError[] = [];
  if (apiGroup !== rbacGroup) errors.push(notSupported("roleRef.apiGroup", goQuote(apiGroup), [rbacGroup]));
  if (!kinds.includes(kind)) errors.push(notSupported("roleRef.kind", goQuote(kind), kinds));
  if (name === "") return [...errors, required("roleRef.name", "")];
  return [...errors, ...nameIsPathSegment(name, false).map((text) => invalid("roleRef.name", name, text))];
}

function subjectsErrors(binding: JsonObject, namespaced: boolean): FieldError[] {
  return objectsField(binding, "subjects").flatMap((subject, index) =>
    subjectErrors(subject, namespaced, `subjects[${index}]`),
  );
}

/** Errors of one subject at `path`; in an object inside a namespace an account may leave out its own. */ export function subjectErrors(
  subject: JsonObject,
  namespaced: boolean,
  path: string,
): FieldError[] {
  const [kind, name, apiGroup] = [
    stringField(subject, "kind"),
    stringField(subject, "name"),
    stringField(subject, "apiGroup"),
  ];
  const errors = name === "" ? [required(`${path}.name`, "")] : [];
  switch (kind) {
    case "ServiceAccount":
      if (name !== "")
        errors.push(...nameIsDnsSubdomain(name, false).map((text) => invalid(`${path}.name`, name, text)));
      if (apiGroup !== "") errors.push(notSupported(`${path}.apiGroup`, goQuote(apiGroup), [""]));
      if (!namespaced && stringField(subject, "namespace") === "") errors.push(required(`${path}.namespace`, ""));
      return errors;
    case "User":
    case "Group":
      if (apiGroup !== rbacGroup) errors.push(notSupported(`${path}.apiGroup`, goQuote(apiGroup), [rbacGroup]));
      return errors;
    default:
      return [...errors, notSupported(`${path}.kind`, goQuote(kind), ["ServiceAccount", "User", "Group"])];
  }
}
