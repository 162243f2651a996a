/**
 * The rules of a Node beside those of `metadata`: taints, amounts, addresses, and
 * what is set once.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateNode,
 * ValidateNodeUpdate). Its rules for two annotations of years ago are left out.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import { equalJson } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import {
  duplicate,
  forbidden,
  internalError,
  invalid,
  invalidPrinted,
  notSupported,
  required,
} from "./field-error-constructors.ts";
import { goJson } from "./go-format.ts";
import { printGoStruct } from "./go-struct.ts";
import { cidrFamily } from "./ip-address.ts";
import { labelNameErrors } from "./label-selector.ts";
import { labelValueErrors } from "./names.ts";
import { objectField, objectsField, stringField, stringsField } from "./object-fields.ts";
import { resourceAmountErrors } from "./resource-names.ts";

/** Errors of a Node on create. */
export function validateNode(node: JsonObject): FieldError[] {
  return [...taintsErrors(node), ...amountsErrors(node), ...podCidrsErrors(node)];
}

/** Errors of an update of a Node. */
export function validateNodeUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  return [...validateNode(next), ...validateNodeStatus(next, previous)];
}

/** Errors of an update by `nodes/status`. */
export function validateNodeStatus(next: JsonObject, previous: JsonObject): FieldError[] {
  return [...amountsErrors(next), ...addressesErrors(next), ...setOnceErrors(next, previous), ...taintsErrors(next)];
}

function taintsErrors(node: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return objectsField(objectField(node, "spec"), "taints").flatMap((taint, index) => {
    const path = `metadata.taints[${index}]`; // upstream's path
    const [key, value, effect] = [stringField(taint, "key"), stringField(taint, "value"), stringField(taint, "effect")];
    const errors = [...labelNameErrors(key, `${path}.key`)];
    const valueErrors = labelValueErrors(value);
    if (valueErrors.length > 0) errors.push(invalid(`${path}.value`, value, valueErrors.join(";")));
    errors.push(...effectErrors(effect, `${path}.effect`));
    const identity = goJson([effect, key]);
    if (seen.has(identity))
      errors.push(duplicate(path, printTaint(taint), "taints must be unique by key and effect pair"));
    seen.add(identity);
    return errors;
  });
}

function effectErrors(effect: string, path: string): FieldError[] {
  const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
  if (effect === "") return [required(path, "")];
  return effects.includes(effect) ? [] : [notSupported(path, goQuote(effect), effects)];
}

function printTaint(taint: JsonObject): string {
  return printGoStruct(taint, [
    ["Key", "key", ""],
    ["Value", "value", ""],
    ["Effect", "effect", ""],
    ["TimeAdded", "timeAdded", null],
  ]);
}

function amountsErrors(node: JsonObject): FieldError[] {
  const status = objectField(node, "status");
  return ["capacity", "allocatable"].flatMap((field) => {
    const amounts = objectField(status, field);
    return Object.keys(amounts).flatMap((name) =>
      resourceAmountErrors(name, stringField(amounts, name), `status.${field}.${name}`),
    );
  });
}

function podCidrsErrors(node: JsonObject): FieldError[] {
  const cidrs = stringsField(objectField(node, "spec"), "podCIDRs");
  const detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
  const errors = cidrs.flatMap((cidr, index) =>
    cidrFamily(cidr) === 0 ? [invalid(`spec.podCIDRs[${index}]`, cidr, detail)] : [],
  );
  if (cidrs.length < 2) return errors;
  const wrong = cidrs.findIndex((cidr) => cidrFamily(cidr) === 0);
  if (wrong >= 0) {
    const why = `invalid CIDR[${wrong}]: <nil> (invalid CIDR address: ${cidrs[wrong] ?? ""})`;
    const text = `invalid PodCIDRs. failed to check with dual stack with error:${why}`;
    errors.push(internalError("spec.podCIDRs", text));
  } else if (cidrs.length === 2 && new Set(cidrs.map(cidrFamily)).size === 2) return errors;
  const text = "may specify no more than one CIDR for each IP family";
  return [...errors, invalidPrinted("spec.podCIDRs", goJson(cidrs), text)];
}

function addressesErrors(node: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return objectsField(objectField(node, "status"), "addresses").flatMap((address, index) => {
    const printed = printGoStruct(address, [
      ["Type", "type", ""],
      ["Address", "address", ""],
    ]);
    if (seen.has(printed)) return [duplicate(`status.addresses[${index}]`, printed)];
    seen.add(printed);
    return [];
  });
}

function setOnceErrors(next: JsonObject, previous: JsonObject): FieldError[] {
  const [spec, stored] = [objectField(next, "spec"), objectField(previous, "spec")];
  const errors: FieldError[] = [];
  const onlyOnce = (field: string) => `node updates may not change ${field} except from "" to valid`;
  const cidrs = stringsField(stored, "podCIDRs");
  if (cidrs.length > 0 && !equalJson(cidrs, stringsField(spec, "podCIDRs"))) {
    errors.push(forbidden("spec.podCIDRs", onlyOnce("podCIDR")));
  }
  const providerId = stringField(stored, "providerID");
  if (providerId !== "" && providerId !== stringField(spec, "providerID")) {
    errors.push(forbidden("spec.providerID", onlyOnce("providerID")));
  }
  if (stringField(spec, "externalID") !== stringField(stored, "externalID")) {
    errors.push(forbidden("spec.externalID", "may not be updated"));
  }
  return errors;
}
