/**
 * The kind Pod, with its subresources `status`, `binding` and `ephemeralcontainers`.
 *
 * Nothing runs here. Pods are kept because they say which node and which account
 * reaches which secret.
 *
 * Source: k/k pkg/registry/core/pod/strategy.go and storage/storage.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { equalJson, jsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { metadataOf, numberField, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { validatePod } from "../validation/pod/pod.ts";
import { validateEphemeralContainers, validatePodStatus, validatePodUpdate } from "../validation/pod/update.ts";
import type { Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { keepField, ownObject } from "./own-object.ts";
import { plainStrategy } from "./plain-strategy.ts";
import { bindingSubresource } from "./pod-binding.ts";
import { podColumns } from "./pod-columns.ts";
import { setPodDefaults } from "./pod-defaults.ts";
import { dropDisabledPodFields } from "./pod-disabled-fields.ts";
import { podWarnings } from "./pod-warnings.ts";
import { qualityClass } from "./pod-quality.ts";
import { ownMetadata } from "./system-fields.ts";

const schema = message("core-v1", "Pod");

const strategy: Strategy = {
  ...plainStrategy,
  prepareForCreate(pod) {
    ownMetadata(pod)["generation"] = 1;
    pod["status"] = jsonObject([
      ["phase", "Pending"],
      // Upstream takes the class that a client says as it is.
      ["qosClass", stringField(objectField(pod, "status"), "qosClass") || qualityClass(pod)],
    ]);
    dropDisabledPodFields(pod);
    if (objectsField(objectField(pod, "spec"), "schedulingGates").length > 0) {
      ownObject(pod, "status")["conditions"] = [gatedCondition(stringField(metadataOf(pod), "creationTimestamp"))];
    }
  },
  prepareForUpdate(next, previous) {
    keepField(next, previous, "status");
    dropDisabledPodFields(next, previous);
    countChange(next, previous);
  },
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  warnings: podWarnings,
};

/** Updates of `pods/status`. */
export const podStatusStrategy: Strategy = {
  ...strategy,
  prepareForUpdate(next, previous) {
    keepField(next, previous, "spec");
    const [meta, stored] = [ownMetadata(next), metadataOf(previous)];
    keepField(meta, stored, "ownerReferences");
    keepField(meta, stored, "deletionTimestamp");
    const [status, storedStatus] = [ownObject(next, "status"), objectField(previous, "status")];
    if (stringField(status, "qosClass") === "") keepField(status, storedStatus, "qosClass");
    keepObservedGenerations(status, storedStatus);
  },
  validateUpdate: validatePodStatus,
  warnings: () => [],
};

/** Updates of `pods/ephemeralcontainers`: those containers alone. */
export const podEphemeralContainersStrategy: Strategy = {
  ...strategy,
  prepareForUpdate(next, previous) {
    const containers = objectField(next, "spec")["ephemeralContainers"];
    keepField(next, previous, "spec");
    keepField(next, previous, "status");
    const [meta, stored] = [ownMetadata(next), metadataOf(previous)];
    for (const field of ["deletionTimestamp", "generation", "selfLink", "labels", "annotations", "ownerReferences"]) {
      keepField(meta, stored, field);
    }
    const spec = ownObject(next, "spec");
    if (containers === undefined) delete spec["ephemeralContainers"];
    else spec["ephemeralContainers"] = containers;
    dropDisabledPodFields(next, previous);
    countChange(next, previous);
  },
  validateUpdate: validateEphemeralContainers,
  warnings: () => [],
};

function specField(field: string) {
  return (pod: JsonObject): string => stringField(objectField(pod, "spec"), field);
}

/** Pods, and with them who reads which secret where. */
export const podKind: Kind = {
  group: "",
  version: "v1",
  kind: "Pod",
  listKind: "PodList",
  resource: "pods",
  singular: "pod",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [
    bindingSubresource,
    {
      name: "ephemeralcontainers",
      verbs: ["get", "patch", "update"],
      strategy: podEphemeralContainersStrategy,
      resetFields: [["metadata"], ["status"], ...otherThanEphemeralContainers()],
    },
    {
      name: "status",
      verbs: ["get", "patch", "update"],
      strategy: podStatusStrategy,
      resetFields: [["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]],
    },
  ],
  schema,
  listSchema: message("core-v1", "PodList"),
  columns: podColumns,
  fieldSelectors: new Map([
    ["metadata.name", (pod: JsonObject) => stringField(metadataOf(pod), "name")],
    ["metadata.namespace", (pod: JsonObject) => stringField(metadataOf(pod), "namespace")],
    ["spec.nodeName", specField("nodeName")],
    ["spec.host", specField("nodeName")],
    ["spec.restartPolicy", specField("restartPolicy")],
    ["spec.schedulerName", specField("schedulerName")],
    ["spec.serviceAccountName", specField("serviceAccountName")],
    ["spec.hostNetwork", (pod: JsonObject) => String(objectField(pod, "spec")["hostNetwork"] === true)],
    ["status.phase", (pod: JsonObject) => stringField(objectField(pod, "status"), "phase")],
    ["status.podIP", podIp],
    // Upstream accepts this one and has no value for it.
    ["status.podIPs", () => ""],
    ["status.nominatedNodeName", (pod: JsonObject) => stringField(objectField(pod, "status"), "nominatedNodeName")],
  ]),
  internalize: (pod) => setPodDefaults(schema, pod),
  gracePeriodSeconds,
  validateName: nameIsDnsSubdomain,
  strategy,
};

/** Paths of the fields of `spec` that cannot be set through `ephemeralcontainers`. */
function otherThanEphemeralContainers(): string[][] {
  const { fields } = message("core-v1", "PodSpec");
  return fields.filter(({ name }) => name !== "ephemeralContainers").map(({ name }) => ["spec", name]);
}

function podIp(pod: JsonObject): string {
  const [first] = objectsField(objectField(pod, "status"), "podIPs");
  return first === undefined ? "" : stringField(first, "ip");
}

/** How long a deleted pod is given to end: nothing unless it is on a node and has not ended. */
function gracePeriodSeconds(pod: JsonObject, asked: number | undefined): number {
  const [spec, phase] = [objectField(pod, "spec"), stringField(objectField(pod, "status"), "phase")];
  if (stringField(spec, "nodeName") === "" || phase === "Failed" || phase === "Succeeded") return 0;
  const period = asked ?? numberField(spec, "terminationGracePeriodSeconds");
  return period < 0 ? 1 : period;
}

function countChange(next: JsonObject, previous: JsonObject): void {
  if (equalJson(objectField(next, "spec") as JsonObject, objectField(previous, "spec") as JsonObject)) return;
  const meta = ownMetadata(next);
  meta["generation"] = numberField(meta, "generation") + 1;
}

/** What a client leaves out of a status that it did not know of yet stays. */
function keepObservedGenerations(status: JsonObject, stored: Readonly<JsonObject>): void {
  if (numberField(status, "observedGeneration") === 0) keepField(status, stored, "observedGeneration");
  const known = Map.groupBy(objectsField(stored, "conditions"), (condition) => stringField(condition, "type"));
  for (const condition of objectsField(status, "conditions")) {
    const previous = known.get(stringField(condition, "type"))?.shift();
    const unset = numberField(condition, "observedGeneration") === 0;
    if (unset && previous !== undefined) keepField(condition, previous, "observedGeneration");
  }
}

function gatedCondition(since: string): JsonObject {
  return jsonObject([
    ["type", "PodScheduled"],
    ["status", "False"],
    ["lastProbeTime", null],
    ["lastTransitionTime", since],
    ["reason", "SchedulingGated"],
    ["message", "Scheduling is blocked due to non-empty scheduling gates"],
  ]);
}
