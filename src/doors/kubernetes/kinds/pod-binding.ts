/**
 * `pods/binding`: how a scheduler puts a pod on a node.
 *
 * Source: k/k pkg/registry/core/pod/storage/storage.go (BindingREST).
 */
import type { JsonObject } from "../codec/json.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { validateBinding } from "../validation/pod/pod.ts";
import type { Subresource } from "./kind.ts";
import { ownObject } from "./own-object.ts";
import { plainStrategy } from "./plain-strategy.ts";
import { apiTime, ownMetadata } from "./system-fields.ts";

/** Takes a Binding, and gives the pod the node it names. */
export const bindingSubresource: Subresource = {
  name: "binding",
  verbs: ["create"],
  strategy: plainStrategy,
  creation: { kind: "Binding", schema: message("core-v1", "Binding"), validate: validateBinding, refusal, apply: bind },
};

/** Why the pod cannot be bound, in upstream's words. */
function refusal(pod: JsonObject): string | undefined {
  const [meta, spec] = [metadataOf(pod), objectField(pod, "spec")];
  const name = stringField(meta, "name");
  if (stringField(meta, "deletionTimestamp") !== "") {
    return `pod ${name} is being deleted, cannot be assigned to a host`;
  }
  const node = stringField(spec, "nodeName");
  if (node !== "") return `pod ${name} is already assigned to node "${node}"`;
  if (objectsField(spec, "schedulingGates").length > 0) return `pod ${name} has non-empty .spec.schedulingGates`;
  return undefined;
}

function bind(pod: JsonObject, binding: JsonObject, now: Date): void {
  ownObject(pod, "spec")["nodeName"] = stringField(objectField(binding, "target"), "name");
  const annotations = objectField(metadataOf(binding), "annotations");
  if (Object.keys(annotations).length > 0) Object.assign(ownObject(ownMetadata(pod), "annotations"), annotations);
  const status = ownObject(pod, "status");
  const others = objectsField(status, "conditions").filter(({ type }) => type !== "PodScheduled");
  status["conditions"] = [...others.map((condition) => cloneJson(condition)), scheduledCondition(now)];
}

function scheduledCondition(now: Date): JsonObject {
  return jsonObject([
    ["type", "PodScheduled"],
    ["status", "True"],
    ["lastProbeTime", null],
    ["lastTransitionTime", apiTime(now)],
  ]);
}
