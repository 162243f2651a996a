/** POST of an object. Source: apiserver pkg/endpoints/handlers/create.go, pkg/registry/rest/create.go. */
import { NamespaceUnavailableError } from "../../../core/namespaces/namespace-facts.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { ApiError, alreadyExists, methodNotAllowed, namespaceUnavailable } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { generateName, generateNameTriesMax } from "../kinds/generate-name.ts";
import { fillSystemFields, ownMetadata } from "../kinds/system-fields.ts";
import { validateCreate } from "../kinds/validate-object.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { treeObject } from "../storage/tree-object.ts";
import { dropDuplicateOwnerReferences } from "../validation/owner-references.ts";
import { readCreateOptions } from "../validation/options.ts";
import { trackCreate } from "./field-tracking.ts";
import { keepRequest } from "./keep-request.ts";
import { requireNamespace } from "./merge-body.ts";
import { expectedType, inputMediaType, readObject } from "./read-object.ts";
import { storeNew } from "./store-change.ts";
import { requireValid, subjectOf } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";

export async function createObject(context: VerbContext): Promise<VerbAnswer> {
  if (context.target.name !== "") throw methodNotAllowed();
  const media = inputMediaType(context.contentType);
  const body = await context.body();
  const options = readCreateOptions(context.query);
  requireValid({ group: "meta.k8s.io", kind: options.kind }, "", options.errors);
  const { tree, warnings } = readObject(body, media, expectedType(context.kind), options.options.fieldValidation);
  for (const text of warnings) context.warn(text);
  keepRequest(context.gate, context.kind, tree);
  context.gate.about(stringField(metadataOf(tree), "name"));
  const duplicateOwners = dropDuplicateOwnerReferences(tree, "in-request");
  if (duplicateOwners !== undefined) context.warn(duplicateOwners);
  requireNamespace(context, tree);
  const { dryRun, fieldManager } = options.options;
  const track = trackCreate(context, fieldManager, tree);
  const object = await createTree(context, tree, { dryRun, track });
  return { type: "object", code: 201, object, stored: !dryRun };
}

export interface Creation {
  readonly dryRun: boolean;
  /** Notes who owns the fields of the tree, once `prepare` has filled in its defaults; undefined where that is done. */
  readonly track: ((prepare: () => void) => void) | undefined;
}

/** Creates a decoded object: admission, defaults, validation, storage; with generateName as often as it takes. */
export async function createTree(context: VerbContext, tree: JsonObject, creation: Creation): Promise<StoredObject> {
  const generated =
    stringField(metadataOf(tree), "name") === "" && stringField(metadataOf(tree), "generateName") !== "";
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryCreate(context, tree, { ...creation, generated });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists" || !generated) throw error;
      if (attempt >= generateNameTriesMax) throw nameExhausted(error);
    }
  }
}

async function tryCreate(
  context: VerbContext,
  tree: JsonObject,
  options: Creation & { readonly generated: boolean },
): Promise<StoredObject> {
  const prepare = () => prepareForCreate(context, tree, options.generated);
  if (options.track === undefined) prepare();
  else options.track(prepare);
  const metadata = metadataOf(tree);
  const name = stringField(metadata, "name");
  await context.gate.admit({
    operation: "create",
    apiGroup: context.kind.group,
    resource: context.kind.resource,
    subresource: "",
    namespace: stringField(metadata, "namespace"),
    name,
    dryRun: options.dryRun,
    next: tree,
    previous: undefined,
  });
  requireValid(context.kind, name, validateCreate(context.kind, tree));
  for (const text of context.kind.strategy.warnings(tree)) context.warn(text);
  if (stringField(metadata, "resourceVersion") !== "") throw resourceVersionSet();
  return options.dryRun ? dryRunCreate(context, tree) : store(context, tree);
}

/** Defaults and what only the server sets; a generated name. */
function prepareForCreate(context: VerbContext, tree: JsonObject, generated: boolean): void {
  fillSystemFields(tree, { uid: context.uuid(), now: context.now() });
  const metadata = ownMetadata(tree);
  if (generated) metadata["name"] = generateName(stringField(metadata, "generateName"), context.randomBytes);
  context.kind.strategy.prepareForCreate(tree);
}

async function store(context: VerbContext, tree: JsonObject): Promise<StoredObject> {
  const name = stringField(metadataOf(tree), "name");
  try {
    return await storeNew(context, tree);
  } catch (error) {
    if (error instanceof NamespaceUnavailableError) throw namespaceUnavailable(error, subjectOf(context, name));
    if (isStrongroomError(error, "already-exists")) throw await nameTaken(context, name);
    throw error;
  }
}

async function dryRunCreate(context: VerbContext, tree: JsonObject): Promise<StoredObject> {
  const name = stringField(metadataOf(tree), "name");
  const existing = await context.storage.get(stringField(metadataOf(tree), "namespace"), name);
  if (existing !== undefined) throw await nameTaken(context, name);
  return treeObject(canonicalObject(context.kind.schema, tree));
}

async function nameTaken(context: VerbContext, name: string): Promise<ApiError> {
  const existing = await context.storage.get(context.target.namespace, name);
  return alreadyExists(subjectOf(context, name), existing !== undefined && isTerminating(existing.header()));
}

function nameExhausted(error: ApiError): ApiError {
  const message = `${error.message}, the server was not able to generate a unique name for the object`;
  return new ApiError(409, "AlreadyExists", message, { details: { ...error.details, retryAfterSeconds: 1 } });
}

/** Upstream's storage raises this as a plain error, which makes it a 500 without reason. */
function resourceVersionSet(): ApiError {
  return new ApiError(500, "", "resourceVersion should not be set on objects to be created");
}
