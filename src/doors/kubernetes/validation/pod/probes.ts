/**
 * Probes of a container, and what is done after its start and before its end.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (validateProbe, validateHandler,
 * validateLifecycle).
 */
import { goQuote } from "../../codec/go-quote.ts";
import type { JsonObject } from "../../codec/json.ts";
import { isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { forbidden, invalid, invalidPrinted, notSupported, required } from "../field-error-constructors.ts";
import { listField, numberField, objectField, stringField } from "../object-fields.ts";
import { portNameTexts, portNumberErrors } from "./paths.ts";

const counts = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/** Errors of one of a container's probes. */
export function probeErrors(
  probe: JsonObject,
  path: string,
  kind: "livenessProbe" | "readinessProbe" | "startupProbe",
): FieldError[] {
  const errors = handlerErrors(probe, path);
  for (const field of counts) {
    const value = numberField(probe, field);
    if (value < 0) errors.push(invalidPrinted(`${path}.${field}`, String(value), "must be greater than or equal to 0"));
  }
  const grace = probe["terminationGracePeriodSeconds"];
  const at = `${path}.terminationGracePeriodSeconds`;
  if (typeof grace === "number" && grace <= 0) errors.push(invalidPrinted(at, String(grace), "must be greater than 0"));
  if (kind === "readinessProbe") {
    const detail = "must not be set for readinessProbes";
    return typeof grace === "number" ? [...errors, invalidPrinted(at, String(grace), detail)] : errors;
  }
  const successes = numberField(probe, "successThreshold");
  return successes === 1
    ? errors
    : [...errors, invalidPrinted(`${path}.successThreshold`, String(successes), "must be 1")];
}

/** Errors of the handlers of `lifecycle` at `path`. */
export function lifecycleErrors(lifecycle: Readonly<JsonObject>, path: string): FieldError[] {
  return ["postStart", "preStop"].flatMap((field) => {
    const handler = lifecycle[field];
    return isJsonObject(handler) ? handlerErrors(handler, `${path}.${field}`) : [];
  });
}

type Check = (handler: Readonly<JsonObject>, path: string) => FieldError[];

/** In the order in which upstream looks at them. */
const handlers: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["exec", (exec, path) => (listField(exec, "command").length === 0 ? [required(`${path}.command`, "")] : [])],
  ["httpGet", httpGetErrors],
  ["tcpSocket", (tcp, path) => portErrors(tcp, `${path}.port`)],
  ["grpc", (grpc, path) => portNumberErrors(grpc["port"], `${path}.port`)],
  ["sleep", () => []],
]);

function handlerErrors(probe: JsonObject, path: string): FieldError[] {
  const given = [...handlers].filter(([kind]) => isJsonObject(probe[kind]));
  if (given.length === 0) return [required(path, "must specify a handler type")];
  return given.flatMap(([kind, check], index) => {
    if (index > 0) return [forbidden(`${path}.${kind}`, "may not specify more than 1 handler type")];
    return check(objectField(probe, kind), `${path}.${kind}`);
  });
}

function httpGetErrors(http: Readonly<JsonObject>, path: string): FieldError[] {
  const scheme = stringField(http, "scheme");
  const errors = stringField(http, "path") === "" ? [required(`${path}.path`, "")] : [];
  errors.push(...portErrors(http, `${path}.port`));
  if (!["HTTP", "HTTPS"].includes(scheme)) {
    errors.push(notSupported(`${path}.scheme`, goQuote(scheme), ["HTTP", "HTTPS"]));
  }
  return errors;
}

function portErrors(action: Readonly<JsonObject>, path: string): FieldError[] {
  const port = action["port"];
  if (typeof port !== "string") return portNumberErrors(port, path);
  return portNameTexts(port).map((text) => invalid(path, port, text));
}
