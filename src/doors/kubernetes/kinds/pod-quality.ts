/**
 * The quality-of-service class of a pod, by what it requests and how it is limited.
 *
 * Source: k/k pkg/apis/core/helper/qos/qos.go.
 */
import { addAmounts, amountSign, compareAmounts, quantityAmount } from "../codec/quantity.ts";
import type { Amount } from "../codec/quantity.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";

const resources = ["cpu", "memory"];

/** Guaranteed, Burstable or BestEffort. */
export function qualityClass(pod: JsonObject): string {
  const spec = objectField(pod, "spec");
  const parts = requirements(spec);
  const requests = sums(parts.map((part) => objectField(part, "requests")));
  const limits = sums(parts.map((part) => objectField(part, "limits")));
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  const allLimited = parts.every((part) => sums([objectField(part, "limits")]).size === resources.length);
  const asLimited = [...requests].every(([name, amount]) => {
    const limit = limits.get(name);
    return limit !== undefined && compareAmounts(limit, amount) === 0;
  });
  return allLimited && asLimited && requests.size === limits.size ? "Guaranteed" : "Burstable";
}

/** Those of the pod as a whole, where it has them; else those of each container. */
function requirements(spec: Readonly<JsonObject>): Readonly<JsonObject>[] {
  const own = spec["resources"];
  if (isJsonObject(own)) return [own];
  return [...objectsField(spec, "containers"), ...objectsField(spec, "initContainers")].map((container) =>
    objectField(container, "resources"),
  );
}

/** The amounts above zero of cpu and memory, added up. */
function sums(lists: readonly Readonly<JsonObject>[]): Map<string, Amount> {
  const found = new Map<string, Amount>();
  for (const list of lists) {
    for (const name of resources.filter((resource) => resource in list)) {
      const amount = quantityAmount(stringField(list, name));
      if (amountSign(amount) <= 0) continue;
      const known = found.get(name);
      found.set(name, known === undefined ? amount : addAmounts(known, amount));
    }
  }
  return found;
}
