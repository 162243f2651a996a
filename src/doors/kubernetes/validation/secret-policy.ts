/** The rules of SecretPolicies and ClusterSecretPolicies beside those of `metadata`; conditions are admission's to compile. */
import { wildcardsMax } from "../../../access/policy/name-pattern.ts";
import { policyVerbs } from "../../../access/policy/secret-policy.ts";
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, notSupported, required } from "./field-error-constructors.ts";
import { labelSelectorErrors } from "./label-selector.ts";
import { objectField, objectsField, stringField, stringsField } from "./object-fields.ts";
import { subjectErrors } from "./role-binding.ts";

/** Most subjects and rules of a policy, and patterns of a rule. */
export const policyListMax = 100;
const patternLengthMax = 253;
const patternForm = /^[-a-z0-9.*?]+$/;

/** Errors of a SecretPolicy. */
export function validateSecretPolicy(policy: JsonObject): FieldError[] {
  return specErrors(policy, true);
}

/** Errors of a ClusterSecretPolicy. */
export function validateClusterSecretPolicy(policy: JsonObject): FieldError[] {
  return specErrors(policy, false);
}

function specErrors(policy: JsonObject, namespaced: boolean): FieldError[] {
  const spec = objectField(policy, "spec");
  const mode = stringField(spec, "mode");
  const [subjects, rules] = [objectsField(spec, "subjects"), objectsField(spec, "deny")];
  return [
    ...(["warn", "enforce"].includes(mode) ? [] : [notSupported("spec.mode", goQuote(mode), ["enforce", "warn"])]),
    ...listErrors(subjects.length, "spec.subjects", "must name at least one subject"),
    ...subjects.flatMap((subject, index) => subjectErrors(subject, namespaced, `spec.subjects[${index}]`)),
    ...listErrors(rules.length, "spec.deny", "must have at least one rule"),
    ...rules.flatMap((rule, index) => ruleErrors(rule, namespaced, `spec.deny[${index}]`)),
    ...timeErrors(spec),
  ];
}

function listErrors(length: number, path: string, atLeastOne: string): FieldError[] {
  if (length === 0) return [required(path, atLeastOne)];
  return length > policyListMax ? [invalid(path, String(length), `must have at most ${policyListMax} items`)] : [];
}

function ruleErrors(rule: JsonObject, namespaced: boolean, path: string): FieldError[] {
  const verbs = stringsField(rule, "verbs");
  const unknown = verbs.filter((verb) => verb !== "*" && !policyVerbs.includes(verb));
  const namespaces = stringsField(rule, "namespaces");
  return [
    ...(verbs.length === 0 ? [required(`${path}.verbs`, "must have at least one verb")] : []),
    ...unknown.map((verb) => notSupported(`${path}.verbs`, goQuote(verb), ["*", ...policyVerbs])),
    ...(namespaced && namespaces.length > 0
      ? [forbidden(`${path}.namespaces`, "may only be set in a ClusterSecretPolicy")]
      : patternsErrors(namespaces, `${path}.namespaces`)),
    ...patternsErrors(stringsField(rule, "names"), `${path}.names`),
    ...(isJsonObject(rule["selector"]) ? selectorErrors(rule["selector"], `${path}.selector`) : []),
  ];
}

function selectorErrors(selector: JsonObject, path: string): FieldError[] {
  const isEmpty = ["matchLabels", "matchExpressions"].every((field) => selector[field] === undefined);
  // It would select all, which leaving it out says more clearly.
  return isEmpty ? [required(path, "must select by at least one label")] : labelSelectorErrors(selector, path);
}

function patternsErrors(patterns: readonly string[], path: string): FieldError[] {
  if (patterns.length > policyListMax) return listErrors(patterns.length, path, "");
  return patterns.flatMap((pattern, index) => {
    const at = `${path}[${index}]`;
    if (pattern.length > patternLengthMax || !patternForm.test(pattern)) {
      const form = "a pattern consists of lower case alphanumeric characters, '-', '.', '*' and '?'";
      return [invalid(at, pattern, `${form}, and has at most ${patternLengthMax} characters`)];
    }
    const wildcards = [...pattern].filter((character) => character === "*").length;
    return wildcards > wildcardsMax ? [invalid(at, pattern, `must have at most ${wildcardsMax} '*'`)] : [];
  });
}

function timeErrors(spec: Readonly<JsonObject>): FieldError[] {
  const [notBefore, notAfter] = [stringField(spec, "notBefore"), stringField(spec, "notAfter")];
  if (notBefore === "" || notAfter === "" || Date.parse(notAfter) > Date.parse(notBefore)) return [];
  return [invalid("spec.notAfter", notAfter, "must be later than notBefore")];
}
