/** From the trees of policies to what decisions need of them. */
import type { CelCompiler, CelProgram } from "../../../cel/cel.ts";
import { secretParts } from "../../../access/policy/secret-policy.ts";
import type {
  DenyRule,
  Labels,
  PolicyContext,
  PolicySubject,
  SecretPart,
  SecretPolicy,
} from "../../../access/policy/secret-policy.ts";
import { principalOf } from "../../../access/rbac/role-binding.ts";
import { isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { labelSelectorMatcher } from "../selector/label-selector-object.ts";
import { metadataOf, objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";

/** The variables of conditions. */
export const conditionVariables: ReadonlySet<string> = new Set(["user", "verb", "secret", "door", "source", "time"]);
/** Most steps of one condition: every request pays for it. */
export const conditionCostMax = 10_000;

/** The texts of a policy's conditions, with the place of each. */
export function conditionsOf(policy: Readonly<JsonObject>): { readonly path: string; readonly text: string }[] {
  return objectsField(objectField(policy, "spec"), "deny").flatMap((rule, index) => {
    const text = stringField(rule, "condition");
    return text === "" ? [] : [{ path: `spec.deny[${index}].condition`, text }];
  });
}

/**
 * A valid policy. Without a compiler its conditions count as true: until they can be asked, what they might deny is denied.
 * @throws StrongroomError `invalid` when a condition cannot be compiled
 */
export function policyOf(tree: Readonly<JsonObject>, cel: CelCompiler | undefined): SecretPolicy {
  const metadata = metadataOf(tree);
  const [namespace, name] = [stringField(metadata, "namespace"), stringField(metadata, "name")];
  const spec = objectField(tree, "spec");
  const programs = cel && conditionsOf(tree).map(({ text }) => cel.compile(text, conditionVariables));
  return {
    id: namespace === "" ? name : `${namespace}/${name}`,
    namespace,
    mode: stringField(spec, "mode") === "enforce" ? "enforce" : "warn",
    subjects: objectsField(spec, "subjects").flatMap((subject) => subjectOf(subject, namespace)),
    rules: objectsField(spec, "deny").map((rule) => ruleOf(rule, cel)),
    notBeforeMs: timeOf(spec, "notBefore") ?? -Infinity,
    notAfterMs: timeOf(spec, "notAfter") ?? Infinity,
    usesTime: programs?.some(({ uses }) => uses.has("time")) ?? false,
  };
}

function subjectOf(subject: JsonObject, namespace: string): PolicySubject[] {
  const principal = principalOf(
    {
      kind: stringField(subject, "kind"),
      name: stringField(subject, "name"),
      namespace: stringField(subject, "namespace"),
    },
    namespace,
  );
  return principal === undefined ? [] : [principal];
}

function timeOf(spec: Readonly<JsonObject>, field: string): number | undefined {
  const text = stringField(spec, field);
  return text === "" ? undefined : Date.parse(text);
}

function ruleOf(rule: JsonObject, cel: CelCompiler | undefined): DenyRule {
  const text = stringField(rule, "condition");
  const selector = rule["selector"];
  const program = text === "" ? undefined : cel?.compile(text, conditionVariables);
  return {
    verbs: new Set(stringsField(rule, "verbs")),
    namespaces: stringsField(rule, "namespaces"),
    names: stringsField(rule, "names"),
    ...(isJsonObject(selector) && { selects: labelSelectorMatcher(selector) }),
    ...(text !== "" && { condition: conditionOf(program) }),
    ...(program !== undefined && { reads: partsReadBy(program) }),
  };
}

function partsReadBy({ selects, wholes }: CelProgram): ReadonlySet<SecretPart> {
  return new Set(secretParts.filter((part) => wholes.has("secret") || selects.has(`secret.${part}`)));
}

function conditionOf(program: CelProgram | undefined): NonNullable<DenyRule["condition"]> {
  if (program === undefined) return () => true;
  return (context) => program.evaluate(variablesOf(context), conditionCostMax) !== false;
}

function variablesOf({ user, verb, namespace, name, labels, door, sourceAddress, now }: PolicyContext) {
  const extra = Object.fromEntries([...user.extra].map(([key, values]) => [key, [...values]]));
  return {
    user: { username: user.name, uid: user.uid ?? "", groups: [...user.groups], extra },
    verb,
    secret: { namespace, name, labels: labels ?? {} },
    door,
    source: sourceAddress,
    time: now,
  };
}

/** The labels in an object's metadata. */
export function labelsOf(metadata: Readonly<JsonObject>): Labels {
  const labels = objectField(metadata, "labels");
  return Object.fromEntries(Object.keys(labels).map((key) => [key, stringField(labels, key)]));
}
