/**
 * What ResourceQuotas count here: the objects of a kind. What pods ask for is not counted, since nothing runs.
 * Source: k/k pkg/quota/v1/evaluator/core/registry.go, apiserver pkg/quota/v1/generic/evaluator.go.
 */
import { quantityAmount } from "../codec/quantity.ts";
import type { Kind } from "../kinds/kind.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";

/** Kinds that have been counted for longer than `count/` exists, under the name of their resource. */
const olderNames: ReadonlySet<string> = new Set(["configmaps", "resourcequotas", "secrets"]);

/** The names under which a quota limits how many objects of a kind there are; none for kinds that are not counted. */
export function countedNames({
  group,
  resource,
  namespaced,
}: Pick<Kind, "group" | "resource" | "namespaced">): string[] {
  if (!namespaced || resource === "events") return [];
  if (group !== "") return [`count/${resource}.${group}`];
  return olderNames.has(resource) ? [`count/${resource}`, resource] : [`count/${resource}`];
}

/** A quota, as far as it limits counts. */
export interface CountQuota {
  readonly name: string;
  /** How many there may be, by the name of what is counted. */
  readonly hard: ReadonlyMap<string, number>;
}

/** Of a stored ResourceQuota. One for some pods only limits no counts. */
export function countQuotaOf(quota: StoredObject, names: ReadonlySet<string>): CountQuota {
  const spec = objectField(quota.header(), "spec");
  const isScoped =
    stringsField(spec, "scopes").length > 0 ||
    objectsField(objectField(spec, "scopeSelector"), "matchExpressions").length > 0;
  const hard = objectField(spec, "hard");
  const counted = isScoped ? [] : Object.keys(hard).filter((name) => names.has(name));
  return { name: quota.name, hard: new Map(counted.map((name) => [name, wholeOf(stringField(hard, name))])) };
}

/** The number that a valid quantity stands for. */
function wholeOf(quantity: string): number {
  const { digits, exponent } = quantityAmount(quantity);
  return Number(digits) * 10 ** exponent;
}
