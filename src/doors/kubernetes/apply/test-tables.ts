/**
 * Types for the tests of this folder: a part of Pod with every kind of list and
 * map that apply tells apart, and ConfigMap. Names, list types and defaults are
 * those of kubernetes/api core/v1; the numbers are not looked at.
 */
import { atomicListOf, field, mapOf, nested, scalar } from "../schema/field-builders.ts";
import type { FieldFacts } from "../schema/field-builders.ts";
import { ObjectMeta } from "../schema/meta-v1.ts";
import type { Field, FieldType, Message } from "../schema/schema.ts";

const text = scalar("string");
const number = scalar("int32");
const flag = scalar("bool");
const needed: FieldFacts = { required: true, alwaysEncoded: true };
const pointer: FieldFacts = { optional: true };

const part = (name: string, type: FieldType, facts: FieldFacts = {}): Field => field(name, 1, type, "", facts);
const metadata = part(
  "metadata",
  nested(() => ObjectMeta),
  { alwaysEncoded: true },
);

function message(goName: string, fields: readonly Field[], mapType?: "atomic"): Message {
  return { name: `io.k8s.api.core.v1.${goName}`, goName, description: "", fields, ...(mapType && { mapType }) };
}

const listOf = (type: Message): FieldType => atomicListOf(nested(() => type));
/** Server-side apply tells items apart by all of the keys, strategic merge by the first. */
const mapListOf = (type: Message, ...keys: readonly [string, ...string[]]): FieldType => ({
  kind: "list",
  item: nested(() => type),
  listType: "map",
  mapKeys: keys,
  patchStrategy: "merge",
  patchMergeKey: keys[0],
});

/** core/v1 ConfigMap, whole. */
export const ConfigMap = message("ConfigMap", [
  metadata,
  part("immutable", flag, pointer),
  part("data", mapOf("string")),
  part("binaryData", mapOf("bytes")),
]);

const ContainerPort = message("ContainerPort", [
  part("name", text),
  part("hostPort", number),
  part("containerPort", number, needed),
  part("protocol", text, { default: "TCP" }),
  part("hostIP", text),
]);
const EnvVar = message("EnvVar", [part("name", text, needed), part("value", text)]);
const ResourceRequirements = message("ResourceRequirements", [
  part("limits", mapOf("quantity")),
  part("requests", mapOf("quantity")),
]);
const VolumeMount = message("VolumeMount", [
  part("name", text, needed),
  part("readOnly", flag),
  part("mountPath", text, needed),
]);
const Container = message("Container", [
  part("name", text, needed),
  part("image", text),
  part("args", atomicListOf(text)),
  part("ports", mapListOf(ContainerPort, "containerPort", "protocol")),
  part("env", mapListOf(EnvVar, "name")),
  part(
    "resources",
    nested(() => ResourceRequirements),
    { alwaysEncoded: true },
  ),
  part("volumeMounts", mapListOf(VolumeMount, "mountPath")),
]);
const KeyToPath = message("KeyToPath", [part("key", text, needed), part("path", text, needed)]);
const SecretVolumeSource = message("SecretVolumeSource", [part("secretName", text), part("items", listOf(KeyToPath))]);
const EmptyDirVolumeSource = message("EmptyDirVolumeSource", [part("medium", text)]);
const Volume = message("Volume", [
  part("name", text, needed),
  part(
    "emptyDir",
    nested(() => EmptyDirVolumeSource),
    pointer,
  ),
  part(
    "secret",
    nested(() => SecretVolumeSource),
    pointer,
  ),
]);
const Toleration = message("Toleration", [part("key", text), part("operator", text)]);
const HostAlias = message("HostAlias", [part("ip", text, needed), part("hostnames", atomicListOf(text))]);
const PodSecurityContext = message("PodSecurityContext", [
  part("runAsUser", scalar("int64"), pointer),
  part("supplementalGroups", atomicListOf(scalar("int64"))),
]);
const LocalObjectReference = message("LocalObjectReference", [part("name", text, { default: "" })], "atomic");
const LabelSelector = message("LabelSelector", [part("matchLabels", mapOf("string"))], "atomic");
const TopologySpreadConstraint = message("TopologySpreadConstraint", [
  part("maxSkew", number, needed),
  part("topologyKey", text, needed),
  part("whenUnsatisfiable", text, needed),
  part(
    "labelSelector",
    nested(() => LabelSelector),
    pointer,
  ),
]);
const PodSpec = message("PodSpec", [
  part("volumes", mapListOf(Volume, "name")),
  part("initContainers", mapListOf(Container, "name")),
  part("containers", mapListOf(Container, "name"), { alwaysEncoded: true }),
  part("restartPolicy", text),
  part("terminationGracePeriodSeconds", scalar("int64"), pointer),
  part("nodeSelector", { kind: "map", value: text, mapType: "atomic" }),
  part(
    "securityContext",
    nested(() => PodSecurityContext),
    pointer,
  ),
  part("imagePullSecrets", mapListOf(LocalObjectReference, "name")),
  part("tolerations", listOf(Toleration)),
  part("hostAliases", mapListOf(HostAlias, "ip")),
  part("topologySpreadConstraints", mapListOf(TopologySpreadConstraint, "topologyKey", "whenUnsatisfiable")),
]);

/** core/v1 Pod, in part. */
export const Pod = message("Pod", [
  metadata,
  part(
    "spec",
    nested(() => PodSpec),
    { alwaysEncoded: true },
  ),
  part(
    "status",
    nested(() => message("PodStatus", [part("phase", text)])),
    { alwaysEncoded: true },
  ),
]);
