/**
 * Warnings about a new pod: what is accepted and does not do what it seems to.
 *
 * Source: k/k pkg/registry/core/pod/strategy.go, pkg/api/pod/warnings.go (those about
 * names, pull secrets, host aliases, variables and volumes).
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { dns1123LabelErrors } from "../validation/names.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";

/** Volumes whose drivers are gone, with since when. */
const goneVolumes: ReadonlyMap<string, string> = new Map([
  ["photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "deprecated in v1.28, non-functional in v1.31+"],
]);

/** Texts of the warnings; none on updates, which are many and made by programs. */
export function podWarnings(pod: JsonObject, previous?: JsonObject): string[] {
  if (previous !== undefined) return [];
  const spec = objectField(pod, "spec");
  return [
    ...nameWarnings(pod),
    ...volumeWarnings(spec),
    ...sourceWarnings(spec),
    ...repeated(objectsField(spec, "hostAliases"), "ip").map(
      ([index, ip]) => `spec.hostAliases[${index}].ip: duplicate ip ${goQuote(ip)}`,
    ),
    ...pullSecretWarnings(spec),
    ...["initContainers", "containers", "ephemeralContainers"].flatMap((field) => hidingWarnings(spec, field)),
  ];
}

/** A pod's name becomes a host's. */
function nameWarnings(pod: JsonObject): string[] {
  const texts = dns1123LabelErrors(stringField(metadataOf(pod), "name"));
  if (texts.length === 0) return [];
  return [
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; " +
      `a DNS label is recommended: [${texts.join(" ")}]`,
  ];
}

function volumeWarnings(spec: Readonly<JsonObject>): string[] {
  return objectsField(spec, "volumes").flatMap((volume, index) =>
    [...goneVolumes]
      .filter(([source]) => isJsonObject(volume[source]))
      .map(([source, text]) => `spec.volumes[${index}].${source}: ${text}`),
  );
}

/** Once for each source that is none. */
function sourceWarnings(spec: Readonly<JsonObject>): string[] {
  return objectsField(spec, "volumes").flatMap((volume) =>
    objectsField(objectField(volume, "projected"), "sources")
      .filter((source) => !Object.values(source).some((value) => isJsonObject(value)))
      .map(() => `volume ${goQuote(stringField(volume, "name"))} (Projected) has no sources provided`),
  );
}

function pullSecretWarnings(spec: Readonly<JsonObject>): string[] {
  const secrets = objectsField(spec, "imagePullSecrets");
  const path = (index: number) => `spec.imagePullSecrets[${index}].name`;
  return [
    ...repeated(secrets, "name").map(([index, name]) => `${path(index)}: duplicate name ${goQuote(name)}`),
    ...[...secrets.entries()]
      .filter(([, secret]) => stringField(secret, "name") === "")
      .map(([index]) => `${path(index)}: invalid empty name ""`),
  ];
}

/** A variable that is set twice, the second time without what it was before. */
function hidingWarnings(spec: Readonly<JsonObject>, field: string): string[] {
  return objectsField(spec, field).flatMap((container, at) => {
    const variables = objectsField(container, "env");
    return repeated(variables, "name").flatMap(([index, name]) => {
      const variable = variables[index] ?? {};
      const [value, before] = [stringField(variable, "value"), `$(${name})`];
      const keepsBefore = !isJsonObject(variable["valueFrom"]) && value !== before && value.includes(before);
      if (keepsBefore) return [];
      const path = `spec.${field}[${at}].env[${index}]`;
      return [`${path}: hides previous definition of ${goQuote(name)}, which may be dropped when using apply`];
    });
  });
}

/** The items whose `key` an item before them has, with their places. */
function repeated(items: readonly JsonObject[], key: string): [index: number, value: string][] {
  const seen = new Set<string>();
  return [...items.entries()].flatMap(([index, item]): [number, string][] => {
    const value = stringField(item, key);
    if (seen.has(value)) return [[index, value]];
    seen.add(value);
    return [];
  });
}
