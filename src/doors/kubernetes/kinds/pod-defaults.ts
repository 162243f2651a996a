/**
 * The defaults of a pod.
 *
 * Source: k/k pkg/apis/core/v1/defaults.go and zz_generated.defaults.go.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { Message } from "../schema/schema.ts";
import { numberField, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { imageTag } from "./image-tag.ts";
import { ownObject } from "./own-object.ts";
import { roundResourceLists } from "./resource-lists.ts";
import { SchemaDefaults } from "./schema-defaults.ts";

/** rw-r--r--: the mode of files in a volume. */
const fileMode = 0o644;

const defaults = new SchemaDefaults(
  new Map<string, (object: JsonObject) => void>([
    ["PodSpec", podSpec],
    ["Container", container],
    ["EphemeralContainer", container],
    ["ContainerPort", (port) => zero(port, "protocol", "TCP")],
    ["Probe", probe],
    ["HTTPGetAction", httpGet],
    ["GRPCAction", (action) => absent(action, "service", "")],
    ["ObjectFieldSelector", (selector) => zero(selector, "apiVersion", "v1")],
    ["FileKeySelector", (selector) => absent(selector, "optional", false)],
    ["Volume", volume],
    ["HostPathVolumeSource", (source) => absent(source, "type", "")],
    ["SecretVolumeSource", (source) => absent(source, "defaultMode", fileMode)],
    ["ConfigMapVolumeSource", (source) => absent(source, "defaultMode", fileMode)],
    ["DownwardAPIVolumeSource", (source) => absent(source, "defaultMode", fileMode)],
    ["ProjectedVolumeSource", (source) => absent(source, "defaultMode", fileMode)],
    ["ServiceAccountTokenProjection", (source) => absent(source, "expirationSeconds", 3600)],
    ["ISCSIVolumeSource", (source) => zero(source, "iscsiInterface", "default")],
    ["RBDVolumeSource", rbd],
    ["AzureDiskVolumeSource", azureDisk],
    ["ScaleIOVolumeSource", scaleIo],
    ["PersistentVolumeClaimSpec", (claim) => absent(claim, "volumeMode", "Filesystem")],
  ]),
);

/** Sets what a pod leaves out, in place. `message` is the pod's schema. */
export function setPodDefaults(message: Message, pod: JsonObject): void {
  const spec = ownObject(pod, "spec");
  requestLimits(spec);
  absent(spec, "enableServiceLinks", true);
  if (spec["hostNetwork"] === true) hostPorts(spec);
  mirrorServiceAccount(spec);
  mirrorPodIp(pod);
  defaults.apply(message, pod);
  roundResourceLists(message, pod);
}

/** The name that this field had first stays readable under it. */
function mirrorServiceAccount(spec: JsonObject): void {
  const name = stringField(spec, "serviceAccountName") || stringField(spec, "serviceAccount");
  if (name === "") return;
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
}

/** The first of a pod's addresses is the one it had when there was one only; who knows that one only is believed. */
function mirrorPodIp(pod: JsonObject): void {
  const status = pod["status"];
  if (!isJsonObject(status)) return;
  const [first] = objectsField(status, "podIPs");
  const old = stringField(status, "podIP");
  if (old !== "" && (first === undefined || old !== stringField(first, "ip"))) {
    status["podIPs"] = [jsonObject([["ip", old]])];
  } else if (first !== undefined) status["podIP"] = stringField(first, "ip");
}

/** What is limited and not requested is requested up to the limit. */
function requestLimits(spec: JsonObject): void {
  for (const each of containersOf(spec)) {
    const limits = objectField(objectField(each, "resources"), "limits");
    if (Object.keys(limits).length === 0) continue;
    const requests = ownObject(ownObject(each, "resources"), "requests");
    for (const name of Object.keys(limits)) requests[name] ??= limits[name] ?? null;
    ownObject(each, "resources")["requests"] = jsonObject(Object.entries(requests).toSorted(byKey));
  }
}

function byKey([a]: [string, JsonValue], [b]: [string, JsonValue]): number {
  return a < b ? -1 : 1;
}

function hostPorts(spec: JsonObject): void {
  for (const port of containersOf(spec).flatMap((each) => objectsField(each, "ports"))) {
    const containerPort = port["containerPort"];
    if (typeof containerPort === "number") zero(port, "hostPort", containerPort);
  }
}

function containersOf(spec: JsonObject): JsonObject[] {
  return [...objectsField(spec, "containers"), ...objectsField(spec, "initContainers")];
}

function podSpec(spec: JsonObject): void {
  zero(spec, "dnsPolicy", "ClusterFirst");
  zero(spec, "restartPolicy", "Always");
  absent(spec, "securityContext", jsonObject());
  absent(spec, "terminationGracePeriodSeconds", 30);
  if (numberField(spec, "terminationGracePeriodSeconds") < 0) spec["terminationGracePeriodSeconds"] = 1;
  zero(spec, "schedulerName", "default-scheduler");
}

function container(object: JsonObject): void {
  zero(object, "imagePullPolicy", pullPolicy(stringField(object, "image")));
  zero(object, "terminationMessagePath", "/dev/termination-log");
  zero(object, "terminationMessagePolicy", "File");
}

/** A tag that moves is pulled each time. */
function pullPolicy(image: string): string {
  return imageTag(image) === "latest" ? "Always" : "IfNotPresent";
}

function probe(object: JsonObject): void {
  zero(object, "timeoutSeconds", 1);
  zero(object, "periodSeconds", 10);
  zero(object, "successThreshold", 1);
  zero(object, "failureThreshold", 3);
}

function httpGet(object: JsonObject): void {
  zero(object, "path", "/");
  zero(object, "scheme", "HTTP");
}

/** A volume without a source is an empty directory. */
function volume(object: JsonObject): void {
  const hasSource = Object.keys(object).some((key) => key !== "name" && isJsonObject(object[key]));
  if (!hasSource) object["emptyDir"] = jsonObject();
  const image = object["image"];
  if (isJsonObject(image)) zero(image, "pullPolicy", pullPolicy(stringField(image, "reference")));
}

function rbd(source: JsonObject): void {
  zero(source, "pool", "rbd");
  zero(source, "user", "admin");
  zero(source, "keyring", "/etc/ceph/keyring");
}

function azureDisk(source: JsonObject): void {
  absent(source, "cachingMode", "ReadWrite");
  absent(source, "fsType", "ext4");
  absent(source, "readOnly", false);
  absent(source, "kind", "Shared");
}

function scaleIo(source: JsonObject): void {
  zero(source, "storageMode", "ThinProvisioned");
  zero(source, "fsType", "xfs");
}

/** A default for a field that may be absent (a pointer in Go). */
function absent(object: JsonObject, key: string, value: JsonValue): void {
  if ((object[key] ?? null) === null) object[key] = value;
}

/** A default for a field whose zero value means "not given". */
function zero(object: JsonObject, key: string, value: JsonValue): void {
  const given = object[key] ?? null;
  if (given === null || given === "" || given === 0) object[key] = value;
}
