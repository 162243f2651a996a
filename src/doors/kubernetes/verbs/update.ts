/** PUT. Source: apiserver pkg/endpoints/handlers/update.go. */
import { ApiError, methodNotAllowed } from "../api-error.ts";
import { trackUpdate } from "../apply/field-manager.ts";
import { cloneJson } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Strategy } from "../kinds/kind.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { dropDuplicateOwnerReferences } from "../validation/owner-references.ts";
import { readUpdateOptions } from "../validation/options.ts";
import type { WriteOptions } from "../validation/options.ts";
import { changeObject } from "./change-object.ts";
import { createTree } from "./create.ts";
import { fieldWrite, trackCreate } from "./field-tracking.ts";
import { keepRequest } from "./keep-request.ts";
import { requireName, requireNamespace } from "./merge-body.ts";
import { expectedType, inputMediaType, readObject } from "./read-object.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";
import { echoedObject, refuseGuess } from "./withheld-values.ts";

export async function updateObject(context: VerbContext): Promise<VerbAnswer> {
  if (context.target.name === "") throw methodNotAllowed();
  const media = inputMediaType(context.contentType);
  const body = await context.body();
  const { kind, options, errors } = readUpdateOptions(context.query);
  requireValid({ group: "meta.k8s.io", kind }, "", errors);
  const { tree, warnings } = readObject(body, media, expectedType(context.kind), options.fieldValidation);
  for (const text of warnings) context.warn(text);
  keepRequest(context.gate, context.kind, tree);
  const duplicateOwners = dropDuplicateOwnerReferences(tree, "in-request");
  if (duplicateOwners !== undefined) context.warn(duplicateOwners);
  requireNamespace(context, tree);
  requireName(context, tree);
  const strategy = strategyOf(context);
  const { dryRun, fieldManager } = options;
  try {
    const object = await changeObject(context, {
      next: (previous) => {
        refuseGuess(context, previous, true);
        return cloneJson(tree);
      },
      dryRun,
      strategy,
      track: (next, previous) => trackUpdate(fieldWrite(context, fieldManager), previous, next),
    });
    return { type: "object", code: 200, object: context.withheld ? echoedObject(object) : object, stored: !dryRun };
  } catch (error) {
    const creates = strategy.allowCreateOnUpdate && context.target.subresource === "";
    if (!creates || !(error instanceof ApiError) || error.code !== 404) throw error;
    return createMissing(context, tree, options);
  }
}

/** A PUT of an object that is not there creates it, for the kinds that allow that and callers who may. */
async function createMissing(context: VerbContext, tree: JsonObject, options: WriteOptions): Promise<VerbAnswer> {
  await context.gate.authorize("create");
  delete ownMetadata(tree)["resourceVersion"];
  const { dryRun, fieldManager } = options;
  const track = trackCreate(context, fieldManager, tree);
  const object = await createTree(context, tree, { dryRun, track });
  return { type: "object", code: 201, object, stored: !dryRun };
}

/** The strategy of the addressed subresource, or of the kind. */
export function strategyOf(context: VerbContext): Strategy {
  const subresource = context.kind.subresources.find(({ name }) => name === context.target.subresource);
  return subresource?.strategy ?? context.kind.strategy;
}
