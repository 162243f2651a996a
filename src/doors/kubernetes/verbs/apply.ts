/**
 * PATCH with an apply configuration: server-side apply, which creates what is missing.
 *
 * Source: apiserver pkg/endpoints/handlers/patch.go (applyPatcher),
 * pkg/registry/generic/registry/store.go (Update with forceAllowCreate).
 */
import { writeJson } from "../codec/json-writer.ts";
import { applyBody, decodeApplied } from "../apply/apply-body.ts";
import type { ApplyWrite } from "../apply/field-manager.ts";
import { ApiError, badRequest, conflict, notFound } from "../api-error.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { goQuote } from "../codec/go-quote.ts";
import { isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { parseYaml } from "../codec/yaml.ts";
import type { ParsedBody } from "../codec/json-parser.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { readPatchOptions } from "../validation/options.ts";
import type { PatchOptions } from "../validation/options.ts";
import { dropDuplicateOwnerReferences } from "../validation/owner-references.ts";
import { changeObject } from "./change-object.ts";
import { createTree } from "./create.ts";
import { fieldWrite } from "./field-tracking.ts";
import { requireName, requireNamespace } from "./merge-body.ts";
import { expectedType } from "./read-object.ts";
import { strategyOf } from "./update.ts";
import { requireValid, subjectOf } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";
import { refuseGuess, touchesValues } from "./withheld-values.ts";

/** The media type of a configuration in YAML or JSON. */
export const applyMediaType = "application/apply-patch+yaml";

/** How often what was missing is found there when it is to be created, and gone again, before the request fails. */
const retriesMax = 5;

export async function applyObject(context: VerbContext): Promise<VerbAnswer> {
  const body = await context.body();
  const { kind, options, errors } = readPatchOptions(context.query, true);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const configuration = readConfiguration(context, body, options);
  context.gate.keepBody("request", () => writeJson(configuration, false));
  const write: ApplyWrite = {
    ...fieldWrite(context, options.fieldManager),
    force: options.force === true,
    ...(context.withheld && context.kind.valuesIn !== undefined && { unreadable: context.kind.valuesIn }),
  };
  const request: ApplyRequest = { write, configuration, dryRun: options.dryRun };
  const stored = !options.dryRun;
  for (let attempt = 1; ; attempt++) {
    const changed = await changeIfThere(context, request);
    if (changed !== undefined) return { type: "object", code: 200, object: changed, stored };
    try {
      return { type: "object", code: 201, object: await createApplied(context, request), stored };
    } catch (error) {
      const overtaken = error instanceof ApiError && error.reason === "AlreadyExists";
      if (!overtaken || attempt >= retriesMax) throw error;
    }
  }
}

interface ApplyRequest {
  readonly write: ApplyWrite;
  readonly configuration: JsonObject;
  readonly dryRun: boolean;
}

/** The changed object, or undefined when there is none of the name. */
async function changeIfThere(context: VerbContext, request: ApplyRequest): Promise<StoredObject | undefined> {
  try {
    return await changeObject(context, {
      next: (previous) => {
        refuseGuess(context, previous, touchesValues(context.kind, request.configuration));
        return applied(context, request, previous.tree());
      },
      dryRun: request.dryRun,
      // What is applied is merged into the stored version, so it has one even where a PUT has to name it.
      strategy: { ...strategyOf(context), allowUnconditionalUpdate: true },
      track: undefined,
    });
  } catch (error) {
    if (isMissing(error, context)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown, context: VerbContext): boolean {
  if (!(error instanceof ApiError) || error.reason !== "NotFound") return false;
  return error.details?.kind === context.kind.resource && error.details.name === context.target.name;
}

/** Applying to nothing creates, which needs the right to; a subresource has nothing to create. */
async function createApplied(context: VerbContext, request: ApplyRequest): Promise<StoredObject> {
  const { name, subresource } = context.target;
  if (subresource !== "") throw notFound(subjectOf(context, name));
  await context.gate.authorize("create");
  const tree = applied(context, request, undefined);
  const metadata = ownMetadata(tree);
  if (stringField(metadata, "name") === "") {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  const uid = stringField(metadata, "uid");
  if (uid !== "") {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(subjectOf(context, name), why);
  }
  delete metadata["resourceVersion"]; // no precondition where nothing is
  requireNamespace(context, tree);
  requireName(context, tree);
  return createTree(context, tree, { dryRun: request.dryRun, track: undefined });
}

/** The next state, decoded as if it had been sent. */
function applied(context: VerbContext, request: ApplyRequest, previous: JsonObject | undefined): JsonObject {
  const { write, configuration } = request;
  const merged = applyBody(write, previous, configuration);
  const tree = decodeApplied(expectedType(context.kind), merged, configuration);
  delete tree["kind"];
  delete tree["apiVersion"];
  context.kind.internalize?.(tree);
  if (previous !== undefined) {
    const metadata = ownMetadata(tree);
    // A configuration that leaves the version alone is no precondition.
    if (stringField(metadata, "resourceVersion") === stringField(metadataOf(previous), "resourceVersion")) {
      delete metadata["resourceVersion"];
    }
    requireNamespace(context, tree);
    requireName(context, tree);
  }
  const duplicateOwners = dropDuplicateOwnerReferences(tree, "after-merge");
  if (duplicateOwners !== undefined) context.warn(duplicateOwners);
  return tree;
}

function readConfiguration(context: VerbContext, body: Buffer, options: PatchOptions): JsonObject {
  const { value, duplicates } = parse(body);
  if (options.fieldValidation === "Strict" && duplicates.length > 0) {
    throw badRequest(`error strict decoding YAML: ${duplicates.map(alreadySet).join(", ")}`);
  }
  if (options.fieldValidation === "Warn") for (const path of duplicates) context.warn(alreadySet(path));
  if (!isJsonObject(value)) throw badRequest("error decoding YAML: the configuration must be an object");
  return value;
}

function alreadySet(path: string): string {
  return `key ${goQuote(path)} already set in map`;
}

function parse(body: Buffer): ParsedBody {
  try {
    return parseYaml(body);
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`error decoding YAML: ${error.message}`);
    throw error;
  }
}
