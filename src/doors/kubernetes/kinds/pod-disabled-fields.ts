/**
 * Fields of a pod that belong to features which are off by default in the release
 * that is followed: they are cleared, except where the stored pod has them.
 *
 * Source: k/k pkg/api/pod/util.go (dropDisabledFields), pkg/features/kube_features.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";

interface DisabledField {
  readonly inUse: (spec: Readonly<JsonObject>) => boolean;
  readonly clear: (spec: JsonObject) => void;
}

/** Clears them in `pod`, in place; `previous` is the stored pod on updates. */
export function dropDisabledPodFields(pod: JsonObject, previous?: JsonObject): void {
  const spec = pod["spec"];
  if (!isJsonObject(spec)) return;
  const stored = previous === undefined ? undefined : objectField(previous, "spec");
  for (const { inUse, clear } of disabledFields) {
    if (inUse(spec) && (stored === undefined || !inUse(stored))) clear(spec);
  }
}

const containerFields = ["initContainers", "containers", "ephemeralContainers"];

function allContainers(spec: Readonly<JsonObject>): JsonObject[] {
  return containerFields.flatMap((field) => objectsField(spec, field));
}

function projections(spec: Readonly<JsonObject>): JsonObject[] {
  return objectsField(spec, "volumes").flatMap((volume) => objectsField(objectField(volume, "projected"), "sources"));
}

function projection(kind: string): DisabledField {
  return {
    inUse: (spec) => projections(spec).some((source) => isJsonObject(source[kind])),
    clear: (spec) => projections(spec).forEach((source) => delete source[kind]),
  };
}

function environmentSources(spec: Readonly<JsonObject>): JsonObject[] {
  const variables = allContainers(spec).flatMap((container) => objectsField(container, "env"));
  return variables.map(({ valueFrom }) => valueFrom).filter(isJsonObject);
}

const disabledFields: readonly DisabledField[] = [
  { inUse: usesRestartRules, clear: clearRestartRules },
  { inUse: (spec) => "hostnameOverride" in spec, clear: (spec) => void delete spec["hostnameOverride"] },
  {
    inUse: (spec) => environmentSources(spec).some((source) => isJsonObject(source["fileKeyRef"])),
    clear: (spec) => environmentSources(spec).forEach((source) => delete source["fileKeyRef"]),
  },
  projection("clusterTrustBundle"),
  projection("podCertificate"),
  { inUse: (spec) => imageVolumes(spec).size > 0, clear: clearImageVolumes },
  { inUse: (spec) => allContainers(spec).some(hasStopSignal), clear: clearStopSignals },
];

/** Of the restart policies of containers only that of a sidecar is there. */
function ownRestartPolicy(container: JsonObject, isInit: boolean): boolean {
  return "restartPolicy" in container && !(isInit && container["restartPolicy"] === "Always");
}

function usesRestartRules(spec: Readonly<JsonObject>): boolean {
  return containerFields.some((field) =>
    objectsField(spec, field).some(
      (container) => "restartPolicyRules" in container || ownRestartPolicy(container, field === "initContainers"),
    ),
  );
}

function clearRestartRules(spec: JsonObject): void {
  for (const field of containerFields) {
    for (const container of objectsField(spec, field)) {
      delete container["restartPolicyRules"];
      if (ownRestartPolicy(container, field === "initContainers")) delete container["restartPolicy"];
    }
  }
}

function imageVolumes(spec: Readonly<JsonObject>): Set<string> {
  const volumes = objectsField(spec, "volumes").filter((volume) => isJsonObject(volume["image"]));
  return new Set(volumes.map((volume) => stringField(volume, "name")));
}

function clearImageVolumes(spec: JsonObject): void {
  const names = imageVolumes(spec);
  const others = (list: JsonObject[]) => list.filter((each) => !names.has(stringField(each, "name")));
  spec["volumes"] = others(objectsField(spec, "volumes"));
  for (const container of allContainers(spec)) {
    if ("volumeMounts" in container) container["volumeMounts"] = others(objectsField(container, "volumeMounts"));
  }
}

function hasStopSignal(container: JsonObject): boolean {
  return "stopSignal" in objectField(container, "lifecycle");
}

function clearStopSignals(spec: JsonObject): void {
  for (const container of allContainers(spec).filter(hasStopSignal)) {
    const lifecycle = container["lifecycle"];
    if (!isJsonObject(lifecycle)) continue;
    delete lifecycle["stopSignal"];
    if (Object.keys(lifecycle).length === 0) delete container["lifecycle"];
  }
}
