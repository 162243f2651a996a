/**
 * Values leave by verbs that read, and by no others: whoever changes or deletes a secret without the right to `get` it
 * is answered without values, and cannot learn them from what a change does (docs/adr/0014).
 */
import { ForbiddenError } from "../../../gate/gate.ts";
import type { Attributes, Decision } from "../../../access/authorizer.ts";
import { ApiError, toApiError } from "../api-error.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { ownObject } from "../kinds/own-object.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { PatchError } from "../patch/patch-error.ts";
import { jsonPatchCopies, jsonPatchReads, jsonPatchTouches } from "../patch/value-reading.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { treeObject } from "../storage/tree-object.ts";
import { annotationsWithValues } from "../storage/value-places.ts";
import { metadataWithoutValues } from "../storage/without-values.ts";
import { forbidden } from "../validation/field-error-constructors.ts";
import { metadataOf } from "../validation/object-fields.ts";
import { withheldAnnotation, withheldValue } from "../validation/withheld-annotation.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

type Asking = Pick<VerbContext, "gate" | "kind" | "target">;

/** What the authorizer says of reading one object of the request's resource; `namespace` is that of the object. */
export async function decideRead(
  { gate, kind, target }: Asking,
  object: Pick<StoredObject, "namespace" | "name">,
): Promise<{ readonly attributes: Attributes; readonly decision: Decision }> {
  const { namespace, name } = object;
  const resource = { ...target, resource: kind.resource, subresource: "", namespace, name };
  const attributes: Attributes = { user: gate.user, verb: "get", resource, path: undefined };
  return { attributes, decision: await gate.decide(attributes) };
}

/** Whether the values of one object must be withheld from the caller; false for kinds without values. */
export async function mustWithhold(
  context: Asking,
  object: Pick<StoredObject, "namespace" | "name">,
): Promise<boolean> {
  if (context.kind.valuesIn === undefined) return false;
  return (await decideRead(context, object)).decision.type !== "allow";
}

/**
 * Refuses a JSON patch that reads values, as a read would be refused: raises {@link ForbiddenError}. Asked before the
 * object is looked for.
 */
export async function refuseReading(context: VerbContext, patch: JsonValue): Promise<void> {
  const { valuesIn } = context.kind;
  if (!context.withheld || valuesIn === undefined || !jsonPatchReads(patch, placesOfValues(valuesIn))) return;
  const { attributes, decision } = await decideRead(context, context.target);
  throw new ForbiddenError(attributes, decision.type === "allow" ? "" : decision.reason);
}

/**
 * The error of a JSON patch that copies values to where messages quote what is wrong: values are in no error, also not of
 * those who may read them.
 */
export function withoutQuotes({ kind, target }: VerbContext, patch: JsonValue, error: unknown): unknown {
  if (kind.valuesIn === undefined || !jsonPatchCopies(patch, placesOfValues(kind.valuesIn))) return error;
  // That an operation does not apply is told by its path.
  if (error instanceof ApiError && error.cause instanceof PatchError) return error;
  const { code, reason } = toApiError(error);
  if (code !== 400 && code !== 422) return error;
  const text = "the patch copies values to where they cannot be; what is wrong with them is not told";
  return new ApiError(code, reason, text, { details: { name: target.name, kind: kind.resource } });
}

/**
 * Refuses a change of values of an immutable object whether it changes anything or not, or it would say whether a guess
 * is right. `touches`: what the request is about. Raises 422.
 */
export function refuseGuess(context: VerbContext, previous: StoredObject, touches: boolean): void {
  const { kind, withheld, target } = context;
  if (!withheld || kind.valuesIn === undefined || !touches || previous.tree()["immutable"] !== true) return;
  requireValid(kind, target.name, [forbidden(kind.valuesIn, "field is immutable when `immutable` is set")]);
}

/** Whether a patch or a configuration says anything of values. */
export function touchesValues(kind: Kind, patch: JsonValue): boolean {
  if (kind.valuesIn === undefined) return false;
  const fields = [kind.valuesIn, ...(kind.foldsInto?.keys() ?? [])];
  if (Array.isArray(patch))
    return jsonPatchTouches(
      patch,
      fields.map((field) => [field]),
    );
  // Directives of strategic merges begin with a dollar: one at the top may replace everything.
  return Object.keys(patch ?? {}).some((name) => fields.includes(name) || name.startsWith("$"));
}

function placesOfValues(valuesIn: string): string[][] {
  return [[valuesIn], ...annotationsWithValues.map((name) => ["metadata", "annotations", name])];
}

/**
 * The object as it is answered to a patch: no values, nothing that repeats them, and not who owns what since when, which
 * would tell whether a patch changed them.
 */
export function withheldObject(object: StoredObject, valuesIn: string): StoredObject {
  const tree = cloneJson(object.tree());
  delete tree[valuesIn];
  const metadata = metadataWithoutValues(metadataOf(tree));
  delete metadata["managedFields"];
  const annotations = ownObject(metadata, "annotations");
  annotations[withheldAnnotation] = withheldValue;
  metadata["annotations"] = sorted(annotations);
  tree["metadata"] = metadata;
  return treeObject(tree);
}

/** What a PUT is answered with: the values that were sent, and not who owns what since when. */
export function echoedObject(object: StoredObject): StoredObject {
  const tree = cloneJson(object.tree());
  delete ownMetadata(tree)["managedFields"];
  return treeObject(tree);
}

function sorted(annotations: JsonObject): JsonObject {
  return jsonObject(Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
