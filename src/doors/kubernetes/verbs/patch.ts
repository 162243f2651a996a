/** PATCH: JSON patch, merge patch, strategic merge patch; apply is in apply.ts. Source: apiserver pkg/endpoints/handlers/patch.go. */
import { writeJson } from "../codec/json-writer.ts";
import { ApiError, badRequest, methodNotAllowed } from "../api-error.ts";
import { trackUpdate } from "../apply/field-manager.ts";
import { parseJson } from "../codec/json-parser.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { applyJsonPatch, jsonPatchUnknownFields } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { PatchError } from "../patch/patch-error.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import { withType, apiVersionOf } from "../response/encode-object.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { dropDuplicateOwnerReferences } from "../validation/owner-references.ts";
import { readPatchOptions } from "../validation/options.ts";
import type { FieldValidation } from "../validation/options.ts";
import { applyMediaType, applyObject } from "./apply.ts";
import { changeObject } from "./change-object.ts";
import { fieldWrite } from "./field-tracking.ts";
import { requireName, requireNamespace } from "./merge-body.ts";
import { expectedType, readTree } from "./read-object.ts";
import { strategyOf } from "./update.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";
import { refuseGuess, refuseReading, touchesValues, withoutQuotes } from "./withheld-values.ts";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicPatchType = "application/strategic-merge-patch+json";
/** Media types of patches. */
export const patchMediaTypes = [jsonPatchType, mergePatchType, strategicPatchType, applyMediaType] as const;
type PatchMediaType = (typeof patchMediaTypes)[number];

export async function patchObject(context: VerbContext): Promise<VerbAnswer> {
  if (context.target.name === "") throw methodNotAllowed();
  const media = patchMediaType(context.contentType);
  if (media === applyMediaType) return applyObject(context);
  const body = await context.body();
  const { kind, options, errors } = readPatchOptions(context.query, false);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const { value: patch, duplicates } = parseJson(body);
  context.gate.keepBody("request", () => writeJson(patch, false));
  if (media === jsonPatchType) {
    await refuseReading(context, patch);
    checkMembers(context, patch, options.fieldValidation);
  }
  const change = changeObject(context, {
    next: (previous) => {
      refuseGuess(context, previous, touchesValues(context.kind, patch));
      return patched(context, { media, patch, duplicates, fieldValidation: options.fieldValidation }, previous.tree());
    },
    dryRun: options.dryRun,
    // A patch is applied to the stored version, so it has one even where a PUT has to name it (Leases).
    strategy: { ...strategyOf(context), allowUnconditionalUpdate: true },
    track: (next, previous) => trackUpdate(fieldWrite(context, options.fieldManager), previous, next),
  });
  const object = await change.catch((error: unknown) => {
    throw media === jsonPatchType ? withoutQuotes(context, patch, error) : error;
  });
  return { type: "object", code: 200, object, stored: !options.dryRun };
}

/** Members of operations that no operation has are unknown fields of the patch. */
function checkMembers(context: VerbContext, patch: JsonValue, fieldValidation: FieldValidation): void {
  if (fieldValidation === "Ignore") return;
  const unknown = jsonPatchUnknownFields(patch);
  if (unknown.length > 0 && fieldValidation === "Strict") {
    throw badRequest(`strict decoding error: ${unknown.join(", ")}`);
  }
  for (const text of unknown) context.warn(text);
}

function patchMediaType(contentType: string): PatchMediaType {
  const known = patchMediaTypes.find((type) => type === contentType);
  if (known !== undefined) return known;
  const accepted = patchMediaTypes.join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  throw new ApiError(415, "UnsupportedMediaType", message);
}

interface Patch {
  readonly media: PatchMediaType;
  readonly patch: JsonValue;
  readonly duplicates: readonly string[];
  readonly fieldValidation: FieldValidation;
}

/** The next state: the patch applied to the whole object, then decoded as if it had been sent. */
function patched(context: VerbContext, patch: Patch, previous: JsonObject): JsonObject {
  const document = withType(context.kind.kind, apiVersionOf(context.kind), previous);
  const applied = applyPatch(context, patch, document);
  const { tree, warnings } = readTree(applied, patch.duplicates, expectedType(context.kind), patch.fieldValidation);
  for (const text of warnings) context.warn(text);
  // A patch that leaves the version alone is no precondition: it is applied to whatever is newest.
  const metadata = metadataOf(tree);
  if (stringField(metadata, "resourceVersion") === stringField(metadataOf(previous), "resourceVersion")) {
    delete (metadata as JsonObject)["resourceVersion"]; // the tree is ours: readTree made it
  }
  requireNamespace(context, tree);
  requireName(context, tree);
  const duplicateOwners = dropDuplicateOwnerReferences(tree, "after-merge");
  if (duplicateOwners !== undefined) context.warn(duplicateOwners);
  return tree;
}

function applyPatch(context: VerbContext, patch: Patch, document: JsonObject): JsonValue {
  try {
    if (patch.media === jsonPatchType) return applyJsonPatch(document, patch.patch);
    const prepared = context.kind.preparePatch?.(patch.patch) ?? patch.patch;
    if (patch.media === mergePatchType) return applyMergePatch(document, prepared);
    return applyStrategicMergePatch(document, prepared, context.kind.schema);
  } catch (error) {
    if (error instanceof PatchError) throw patchFailure(error);
    throw error;
  }
}

function patchFailure(error: PatchError): ApiError {
  switch (error.kind) {
    case "bad-patch":
      return new ApiError(400, "BadRequest", error.message, { cause: error });
    case "too-large":
      return new ApiError(413, "RequestEntityTooLarge", `Request entity too large: ${error.message}`);
    case "apply-failed":
      // Upstream answers an inapplicable patch as an invalid object without naming it.
      return new ApiError(
        422,
        "Invalid",
        `the server rejected our request due to an error in our request: ${error.message}`,
        // Empty: with a kind, kubectl prints `The secrets "" is invalid` instead of the message.
        { details: {}, cause: error },
      );
    default:
      return error.kind satisfies never;
  }
}
