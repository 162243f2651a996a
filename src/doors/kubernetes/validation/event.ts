/**
 * The rules of Events beside those of `metadata`. An event is taken in the form of
 * core/v1; what comes by events.k8s.io/v1 has more rules.
 *
 * Source: k/k pkg/apis/core/validation/events.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { equalJson, isJsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { invalid, invalidPrinted, required } from "./field-error-constructors.ts";
import { byteLength, goJson } from "./go-format.ts";
import { objectReferenceStruct, printGoStruct } from "./go-struct.ts";
import { dns1123SubdomainErrors, nameIsDnsSubdomain, qualifiedNameErrors } from "./names.ts";
import { metadataOf, numberField, objectField, stringField } from "./object-fields.ts";

const lengthMax = 128;
const messageLengthMax = 1024;

/** Errors of an event that comes by core/v1: nothing but what older clients keep, too. */
export function validateEvent(event: JsonObject): FieldError[] {
  return legacyErrors(event, "reportingComponent");
}

/** Errors of a new event that comes by events.k8s.io/v1. */
export function validateEventsV1(event: JsonObject): FieldError[] {
  const name = stringField(metadataOf(event), "name");
  const errors = [
    ...legacyErrors(event, "reportingController"),
    ...(name === "" ? [] : nameIsDnsSubdomain(name, false)).map((text) => invalid("metadata.name", name, text)),
    ...seriesErrors(event),
  ];
  if (!isSet(event["eventTime"])) errors.push(required("eventTime", ""));
  const type = stringField(event, "type");
  if (type !== "Normal" && type !== "Warning") errors.push(invalid("type", "", `has invalid value: ${type}`));
  for (const field of ["firstTimestamp", "lastTimestamp", "count", "source"]) {
    if (isSet(event[field])) errors.push(invalid(field, "", "needs to be unset"));
  }
  return errors;
}

/** Errors of an update by events.k8s.io/v1: an event happened once, only its series goes on. */
export function validateEventsV1Update(next: JsonObject, previous: JsonObject): FieldError[] {
  const series = equalJson(next["series"], previous["series"]) ? [] : seriesErrors(next);
  return [
    ...legacyErrors(next, "reportingController"),
    ...series,
    ...Object.entries(fixed).flatMap(([field, { goName, print }]) => {
      if (equalJson(next[field] ?? null, previous[field] ?? null)) return [];
      return [invalidPrinted(goName ?? field, print(next[field]), "field is immutable")];
    }),
  ];
}

type Print = (value: JsonValue | undefined) => string;
const printText: Print = (value) => goQuote(typeof value === "string" ? value : "");
const printReference: Print = (value) => (isJsonObject(value) ? printGoStruct(value, objectReferenceStruct) : "null");
const printTime: Print = (value) => goJson(value ?? null);

/** Fields in the order in which upstream compares them, with how it prints their values. */
const fixed: Readonly<Record<string, { readonly print: Print; readonly goName?: string }>> = {
  involvedObject: { print: printReference },
  reason: { print: printText },
  message: { print: printText },
  source: {
    print: (value) =>
      printGoStruct(isJsonObject(value) ? value : {}, [
        ["Component", "component", ""],
        ["Host", "host", ""],
      ]),
  },
  firstTimestamp: { print: printTime },
  lastTimestamp: { print: printTime },
  count: { print: (value) => goJson(value ?? 0) },
  type: { print: printText },
  eventTime: { print: printTime },
  action: { print: printText },
  related: { print: printReference },
  reportingComponent: { print: printText, goName: "reportingController" },
  reportingInstance: { print: printText },
};

function legacyErrors(event: JsonObject, controllerField: string): FieldError[] {
  const namespace = stringField(metadataOf(event), "namespace");
  const errors = isSet(event["eventTime"])
    ? timedErrors(event, namespace, controllerField)
    : namespaceErrors(event, namespace);
  return [...errors, ...dns1123SubdomainErrors(namespace).map((text) => invalid("namespace", namespace, text))];
}

/** An event without eventTime is about an object in its own namespace; one about a cluster object is in `default`. */
function namespaceErrors(event: JsonObject, namespace: string): FieldError[] {
  const involved = stringField(objectField(event, "involvedObject"), "namespace");
  const matches = involved === "" ? ["", "default"].includes(namespace) : involved === namespace;
  return matches ? [] : [mismatch(involved)];
}

function timedErrors(event: JsonObject, namespace: string, controllerField: string): FieldError[] {
  const involved = stringField(objectField(event, "involvedObject"), "namespace");
  const controller = stringField(event, "reportingComponent");
  const errors = involved === "" && !["default", "kube-system"].includes(namespace) ? [mismatch(involved)] : [];
  if (controller === "") errors.push(required(controllerField, ""));
  errors.push(...qualifiedNameErrors(controller).map((text) => invalid(controllerField, controller, text)));
  for (const field of ["reportingInstance", "action", "reason"]) {
    const value = stringField(event, field);
    if (value === "") errors.push(required(field, ""));
    errors.push(...lengthErrors(value, field, lengthMax));
  }
  return [...errors, ...lengthErrors(stringField(event, "message"), "message", messageLengthMax)];
}

function mismatch(involved: string): FieldError {
  return invalid("involvedObject.namespace", involved, "does not match event.namespace");
}

function lengthErrors(value: string, field: string, max: number): FieldError[] {
  return byteLength(value) > max ? [invalid(field, "", `can have at most ${max} characters`)] : [];
}

function seriesErrors(event: JsonObject): FieldError[] {
  const series = event["series"];
  if (!isJsonObject(series)) return [];
  const errors: FieldError[] = [];
  if (numberField(series, "count") < 2) errors.push(invalid("series.count", "", "should be at least 2"));
  if (!isSet(series["lastObservedTime"])) errors.push(required("series.lastObservedTime", ""));
  return errors;
}

/** Whether a field is more than Go's zero value. */
function isSet(value: JsonValue | undefined): boolean {
  if (isJsonObject(value)) return Object.values(value).some(isSet);
  return value !== undefined && value !== null && value !== "" && value !== 0;
}
