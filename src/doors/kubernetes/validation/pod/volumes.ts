/**
 * Volumes of a pod. Those that bring Secrets, ConfigMaps, tokens and fields into it
 * are checked wholly; of the others, that there is one source and its name is right.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateVolumes).
 */
import { goQuote } from "../../codec/go-quote.ts";
import { amountSign, quantityAmount } from "../../codec/quantity.ts";
import type { JsonObject } from "../../codec/json.ts";
import { isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { duplicate, forbidden, invalid, invalidPrinted, notSupported, required } from "../field-error-constructors.ts";
import { numberField, objectField, objectsField, stringField } from "../object-fields.ts";
import { fieldRefErrors, resourceFieldRefErrors, volumePaths } from "./environment.ts";
import { backstepErrors, labelNameErrors, localPathErrors, modeErrors } from "./paths.ts";

export interface CheckedVolumes {
  readonly errors: FieldError[];
  /** The volumes without errors, by name: what containers may mount. */
  readonly byName: ReadonlyMap<string, JsonObject>;
}

/** Errors of `spec.volumes`. */
export function checkVolumes(spec: Readonly<JsonObject>): CheckedVolumes {
  const byName = new Map<string, JsonObject>();
  const errors = objectsField(spec, "volumes").flatMap((volume, index) => {
    const path = `spec.volumes[${index}]`;
    const name = stringField(volume, "name");
    const found = [...sourceErrors(volume, path), ...labelNameErrors(name, `${path}.name`)];
    if (byName.has(name)) found.push(duplicate(`${path}.name`, goQuote(name)));
    if (found.length === 0) byName.set(name, volume);
    return found;
  });
  return { errors, byName };
}

type Check = (source: Readonly<JsonObject>, path: string) => FieldError[];

/** The sources that are checked, in the order in which upstream looks at them. */
const checkedSources: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["emptyDir", emptyDirErrors],
  ["hostPath", hostPathErrors],
  ["secret", secretErrors],
  ["configMap", configMapErrors],
  ["downwardAPI", downwardApiErrors],
  ["projected", projectedErrors],
]);

function sourceErrors(volume: JsonObject, path: string): FieldError[] {
  const sources = Object.keys(volume).filter((key) => isJsonObject(volume[key]));
  const known = [...checkedSources.keys()].filter((key) => sources.includes(key));
  const others = sources.filter((key) => !checkedSources.has(key));
  const ordered = [...known, ...others];
  if (ordered.length === 0) return [required(path, "must specify a volume type")];
  return ordered.flatMap((key, index) => {
    if (index > 0) return [forbidden(`${path}.${key}`, "may not specify more than 1 volume type")];
    return checkedSources.get(key)?.(objectField(volume, key), `${path}.${key}`) ?? [];
  });
}

function emptyDirErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  const limit = source["sizeLimit"];
  if (typeof limit !== "string" || amountSign(quantityAmount(limit)) >= 0) return [];
  return [forbidden(`${path}.sizeLimit`, "SizeLimit field must be a valid resource quantity")];
}

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

function hostPathErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  const hostPath = stringField(source, "path");
  if (hostPath === "") return [required(`${path}.path`, "")];
  const type = stringField(source, "type");
  const errors = backstepErrors(hostPath, `${path}.path`);
  return hostPathTypes.includes(type)
    ? errors
    : [...errors, notSupported(`${path}.type`, goQuote(type), hostPathTypes)];
}

function secretErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  return [
    ...nameGiven(source, "secretName", path),
    ...modeErrors(source, "defaultMode", path),
    ...itemsErrors(source, path),
  ];
}

function configMapErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  return [...nameGiven(source, "name", path), ...modeErrors(source, "defaultMode", path), ...itemsErrors(source, path)];
}

function nameGiven(source: Readonly<JsonObject>, key: string, path: string): FieldError[] {
  return stringField(source, key) === "" ? [required(`${path}.${key}`, "")] : [];
}

function itemsErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  return objectsField(source, "items").flatMap((item, index) => itemErrors(item, `${path}.items[${index}]`));
}

function itemErrors(item: JsonObject, path: string): FieldError[] {
  const file = stringField(item, "path");
  return [
    ...nameGiven(item, "key", path),
    ...nameGiven(item, "path", path),
    ...localPathErrors(file, `${path}.path`),
    ...modeErrors(item, "mode", path),
  ];
}

function downwardApiErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  const files = objectsField(source, "items");
  // Upstream's path is that of the volume, for every file.
  return [...modeErrors(source, "defaultMode", path), ...files.flatMap((file) => fileErrors(file, path))];
}

function fileErrors(file: JsonObject, path: string): FieldError[] {
  const errors = [...nameGiven(file, "path", path), ...localPathErrors(stringField(file, "path"), `${path}.path`)];
  const [fieldRef, resourceFieldRef] = [file["fieldRef"], file["resourceFieldRef"]];
  if (isJsonObject(fieldRef)) {
    errors.push(...fieldRefErrors(fieldRef, `${path}.fieldRef`, volumePaths));
    if (isJsonObject(resourceFieldRef)) {
      errors.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (isJsonObject(resourceFieldRef)) {
    errors.push(...resourceFieldRefErrors(resourceFieldRef, `${path}.resourceFieldRef`, true));
  } else {
    errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  }
  return [...errors, ...modeErrors(file, "mode", path)];
}

function projectedErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  const taken = new Set<string>();
  const errors = objectsField(source, "sources").flatMap((projection, index) =>
    projectionErrors(projection, `${path}.sources[${index}]`, new ProjectedPaths(taken, path)),
  );
  return [...modeErrors(source, "defaultMode", path), ...errors];
}

/** The paths of all files of a projected volume: no two sources may write the same. */
class ProjectedPaths {
  readonly #taken: Set<string>;
  /** Path of the volume, where upstream reports conflicts. */
  readonly volumePath: string;

  constructor(taken: Set<string>, volumePath: string) {
    this.#taken = taken;
    this.volumePath = volumePath;
  }

  take(file: string, shown: string): FieldError[] {
    if (!this.#taken.has(file)) {
      this.#taken.add(file);
      return [];
    }
    return [invalid(this.volumePath, shown, "conflicting duplicate paths")];
  }
}

function projectionErrors(projection: JsonObject, path: string, paths: ProjectedPaths): FieldError[] {
  const kinds = Object.keys(projection).filter((kind) => isJsonObject(projection[kind]));
  const errors = ["secret", "configMap"].flatMap((kind) =>
    kinds.includes(kind) ? namedProjectionErrors(objectField(projection, kind), `${path}.${kind}`, paths) : [],
  );
  for (const file of objectsField(objectField(projection, "downwardAPI"), "items")) {
    errors.push(...fileErrors(file, `${path}.downwardAPI`));
    const name = stringField(file, "path");
    if (name !== "") errors.push(...paths.take(name, name));
  }
  if (kinds.includes("serviceAccountToken")) {
    errors.push(...tokenErrors(objectField(projection, "serviceAccountToken"), `${path}.serviceAccountToken`, paths));
  }
  if (kinds.length > 1) errors.push(forbidden(path, "may not specify more than 1 volume type per source"));
  return errors;
}

function namedProjectionErrors(source: Readonly<JsonObject>, path: string, paths: ProjectedPaths): FieldError[] {
  const name = stringField(source, "name");
  const items = objectsField(source, "items").flatMap((item, index) => {
    const file = stringField(item, "path");
    const conflicts = file === "" ? [] : paths.take(file, name);
    return [...itemErrors(item, `${path}.items[${index}]`), ...conflicts];
  });
  return [...nameGiven(source, "name", path), ...items];
}

function tokenErrors(source: Readonly<JsonObject>, path: string, { volumePath }: ProjectedPaths): FieldError[] {
  const seconds = numberField(source, "expirationSeconds");
  const at = `${path}.expirationSeconds`;
  const file = stringField(source, "path");
  const errors: FieldError[] = [];
  if (seconds < 600)
    errors.push(invalidPrinted(at, String(seconds), "may not specify a duration less than 10 minutes"));
  if (seconds > 2 ** 32) {
    errors.push(invalidPrinted(at, String(seconds), "may not specify a duration larger than 2^32 seconds"));
  }
  // Upstream's path is that of the volume.
  if (file === "") return [...errors, required(`${volumePath}.path`, "")];
  return [...errors, ...localPathErrors(file, `${volumePath}.path`)];
}
