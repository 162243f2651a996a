/**
 * Names of resources that are counted (cpu, memory, pods, example.com/gpu) and the
 * rules of their amounts.
 *
 * Source: k/k pkg/apis/core/helper/helpers.go, pkg/apis/core/validation/validation.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import { amountSign, isWholeAmount, quantityAmount } from "../codec/quantity.ts";
import type { FieldError } from "./field-error.ts";
import { invalid, invalidPrinted } from "./field-error-constructors.ts";
import { qualifiedNameErrors } from "./names.ts";

const computeResources = ["cpu", "memory", "ephemeral-storage"];
const counted = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];
const quotaResources: ReadonlySet<string> = new Set([
  ...computeResources,
  ...computeResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  "requests.storage",
  ...counted,
]);
const standardResources: ReadonlySet<string> = new Set([...quotaResources, "storage"]);
const countedResources: ReadonlySet<string> = new Set(counted);

/** `hugepages-2Mi` and the like. */
export function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}

/** A resource outside of Kubernetes' own domain, e.g. `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return qualifiedNameErrors(`requests.${name}`).length === 0;
}

/** Without a domain, or in that of Kubernetes. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** A resource that quotas count by themselves, without a domain. */
export function isStandardQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");
}

/** Errors of a resource's name as such. */
export function resourceNameErrors(name: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(name).map((text) => invalid(path, name, text));
  if (errors.length > 0 || name.includes("/")) return errors;
  const standard = standardResources.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");
  return standard ? [] : [invalid(path, name, "must be a standard resource type or fully qualified")];
}

/** Errors of a resource's name in a quota. */
export function quotaResourceNameErrors(name: string, path: string): FieldError[] {
  const errors = resourceNameErrors(name, path);
  if (name.includes("/") || isStandardQuotaResource(name)) return errors;
  return [...errors, invalid(path, name, "must be a standard resource for quota")];
}

/** Errors of an amount of a resource; what is counted has no fractions. */
export function resourceAmountErrors(name: string, quantity: string, path: string): FieldError[] {
  const errors = negativeErrors(quantity, path);
  if (!countedResources.has(name) && !isExtendedResource(name)) return errors;
  if (isWholeAmount(quantityAmount(quantity))) return errors;
  return [...errors, invalidPrinted(path, goQuote(quantity), "must be an integer")];
}

/** Errors of an amount that must not be below zero. */
export function negativeErrors(quantity: string, path: string): FieldError[] {
  if (amountSign(quantityAmount(quantity)) >= 0) return [];
  return [invalid(path, quantity, "must be greater than or equal to 0")];
}
