/**
 * POST to a subresource that takes an object of another kind (a Binding for a pod).
 * Source: apiserver pkg/endpoints/handlers/create.go; the refusals are those of
 * k/k pkg/registry/core/pod/storage/storage.go.
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { ApiError, badRequest, conflict, modifiedText, notFound } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { jsonObject } from "../codec/json.ts";
import type { SubresourceCreation } from "../kinds/kind.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import { formatFieldErrors } from "../validation/field-error-format.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { readCreateOptions } from "../validation/options.ts";
import { keepRequest } from "./keep-request.ts";
import { requireNamespace } from "./merge-body.ts";
import { inputMediaType, readObject } from "./read-object.ts";
import { storeNext } from "./store-change.ts";
import { requireValid, subjectOf } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";

const retriesMax = 5;

export async function createSubresource(context: VerbContext, creation: SubresourceCreation): Promise<VerbAnswer> {
  const media = inputMediaType(context.contentType);
  const body = await context.body();
  const { kind, options, errors } = readCreateOptions(context.query);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const expected = { kind: creation.kind, apiVersion: apiVersionOf(context.kind), schema: creation.schema };
  const { tree, warnings } = readObject(body, media, expected, options.fieldValidation);
  for (const text of warnings) context.warn(text);
  keepRequest(context.gate, { ...context.kind, kind: creation.kind }, tree);
  requireNamespace(context, tree);
  if (stringField(metadataOf(tree), "name") !== context.target.name) {
    throw badRequest(`name in URL does not match name in ${creation.kind} object`);
  }
  const invalid = creation.validate(tree);
  // Upstream raises these as a plain error, which makes it a 500 without reason.
  if (invalid.length > 0) throw new ApiError(500, "", formatFieldErrors(invalid));
  await admit(context, tree, options.dryRun);
  await applyTo(context, creation, tree, options.dryRun);
  return { type: "status", code: 201, tree: created() };
}

async function admit(context: VerbContext, tree: JsonObject, dryRun: boolean): Promise<void> {
  await context.gate.admit({
    operation: "create",
    apiGroup: context.kind.group,
    resource: context.kind.resource,
    subresource: context.target.subresource,
    namespace: context.target.namespace,
    name: context.target.name,
    dryRun,
    next: tree,
    previous: undefined,
  });
}

async function applyTo(
  context: VerbContext,
  creation: SubresourceCreation,
  tree: JsonObject,
  dryRun: boolean,
): Promise<void> {
  const { name, namespace, subresource } = context.target;
  const subject = { ...subjectOf(context, name), resource: `${context.kind.resource}/${subresource}` };
  for (let attempt = 1; ; attempt++) {
    const stored = await context.storage.get(namespace, name);
    if (stored === undefined) throw notFound(subjectOf(context, name));
    const object = stored.tree();
    requireSame(context, metadataOf(tree), metadataOf(object));
    const refusal = creation.refusal(object);
    if (refusal !== undefined) throw conflict(subject, refusal);
    creation.apply(object, tree, context.now());
    if (dryRun) return;
    try {
      await storeNext(context, stored, object);
      return;
    } catch (error) {
      if (!isStrongroomError(error, "conflict")) throw error;
      if (attempt >= retriesMax) throw conflict(subjectOf(context, name), modifiedText);
    }
  }
}

/** A uid or a version in the body is a precondition on the object. */
function requireSame(context: VerbContext, asked: Readonly<JsonObject>, stored: Readonly<JsonObject>): void {
  for (const [field, word] of [
    ["uid", "UID"],
    ["resourceVersion", "ResourceVersion"],
  ] as const) {
    const [value, actual] = [stringField(asked, field), stringField(stored, field)];
    if (value === "" || value === actual) continue;
    const why = `Precondition failed: ${word} in precondition: ${value}, ${word} in object meta: ${actual}`;
    throw conflict(subjectOf(context, context.target.name), why);
  }
}

function created(): JsonObject {
  return jsonObject([
    ["kind", "Status"],
    ["apiVersion", "v1"],
    ["metadata", jsonObject()],
    ["status", "Success"],
    ["code", 201],
  ]);
}
