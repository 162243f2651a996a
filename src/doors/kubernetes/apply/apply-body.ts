/**
 * The body of a server-side apply: checks it, applies it, and words what goes
 * wrong as upstream does.
 *
 * Source: apimachinery pkg/util/managedfields/internal/{versioncheck,structuredmerge,conflict}.go.
 */
import { ApiError, badRequest } from "../api-error.ts";
import { compareUtf8 } from "../codec/canonical-object.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { decodeObject } from "../codec/decode-object.ts";
import { goQuote } from "../codec/go-quote.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { KindName } from "../codec/kind-name.ts";
import type { Message } from "../schema/schema.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { ApplyConflict } from "./apply-configuration.ts";
import { checkShape, shapeFindingsText } from "./check-shape.ts";
import { applyToObject } from "./field-manager.ts";
import type { ApplyWrite } from "./field-manager.ts";
import { printPath } from "./field-path.ts";
import { pathsOf } from "./fields-v1.ts";
import type { ManagedEntry } from "./managed-fields.ts";

/**
 * The object after the configuration is applied, still to be decoded like a body:
 * it may hold nulls and texts of the wrong form. `live` is undefined when it does
 * not exist. Raises 400, 409 and 500.
 */
export function applyBody(write: ApplyWrite, live: JsonObject | undefined, configuration: JsonObject): JsonObject {
  requireType(write, configuration);
  const entries = metadataOf(configuration)["managedFields"];
  if (Array.isArray(entries)) throw badRequest("metadata.managedFields must be nil");
  const findings = checkShape(write.rules.shape, configuration);
  if (findings.length > 0) {
    throw failed(`failed to create typed patch object (${nameOf(configuration)}): ${shapeFindingsText(findings)}`);
  }
  try {
    return applyToObject(write, live, configuration);
  } catch (error) {
    throw error instanceof ApplyConflict ? conflictError(error) : error;
  }
}

/** Decodes what {@link applyBody} made of a configuration. Raises 500 for texts that are no base64, no time and the like. */
export function decodeApplied(
  type: KindName & { readonly schema: Message },
  merged: JsonObject,
  configuration: JsonObject,
): JsonObject {
  try {
    return decodeObject(type.schema, merged, type).object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const cause = error.cause instanceof DecodeError ? error.cause.message : error.message;
    const text = cause.startsWith("illegal base64") ? `error decoding from json: ${cause}` : cause;
    throw failed(
      `failed to convert new object (${nameOf(configuration)}) to proper version: ` +
        `unable to convert unstructured object to ${typeText(configuration)}: ${text}`,
    );
  }
}

/** An empty list of managedFields, which means something, is lost in decoding; an entry without content means the same. */
export function keepReset(body: JsonValue, decoded: JsonObject): void {
  if (!isJsonObject(body) || !isJsonObject(decoded["metadata"])) return;
  const entries = metadataOf(body)["managedFields"];
  if (Array.isArray(entries) && entries.length === 0) decoded["metadata"]["managedFields"] = [jsonObject()];
}

/** A failure that upstream raises as a plain error, which makes it a 500 without reason. */
export function failed(message: string): ApiError {
  return new ApiError(500, "", message);
}

/** `namespace/name; group/version, Kind=kind` of what was sent. */
export function nameOf(configuration: JsonObject): string {
  const metadata = metadataOf(configuration);
  return `${stringField(metadata, "namespace")}/${stringField(metadata, "name")}; ${typeText(configuration)}`;
}

function requireType(write: ApplyWrite, configuration: JsonObject): void {
  const { kind, apiVersion } = write.rules;
  if (configuration["kind"] === kind && configuration["apiVersion"] === apiVersion) return;
  throw badRequest(`invalid object type: ${typeText(configuration)}`);
}

function typeText(configuration: JsonObject): string {
  const parts = stringField(configuration, "apiVersion").split("/");
  if (parts.length > 2 || parts[0] === "")
    return `/, Kind=${parts.length > 2 ? "" : stringField(configuration, "kind")}`;
  const [group, version] = parts.length === 1 ? ["", parts[0]] : parts;
  return `${group}/${version}, Kind=${stringField(configuration, "kind")}`;
}

function conflictError(error: ApplyConflict): ApiError {
  const conflicts = [...error.conflicts]
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([id, fields]) => ({
      manager: managerText(error.managed.get(id)),
      paths: [...pathsOf(fields)].map(printPath),
    }));
  const causes = conflicts.flatMap(({ manager, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${manager}`, field })),
  );
  const [only] = causes;
  const text =
    causes.length === 1 && only !== undefined
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${causes.length} conflicts: ${conflicts
          .flatMap(({ manager, paths }) => [`conflicts with ${manager}:`, ...paths.map((path) => `- ${path}`)])
          .join("\n")}`;
  return new ApiError(409, "Conflict", `Apply failed with ${text}`, { details: { causes } });
}

function managerText(entry: ManagedEntry | undefined): string {
  if (entry === undefined) return '"unknown"';
  const name = goQuote(entry.manager);
  const through = entry.subresource === "" ? name : `${name} with subresource ${goQuote(entry.subresource)}`;
  return entry.operation === "Update" ? `${through} using ${entry.apiVersion}` : through;
}
