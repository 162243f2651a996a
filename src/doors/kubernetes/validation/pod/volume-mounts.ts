/**
 * How a container mounts the pod's volumes.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateVolumeMounts,
 * ValidateVolumeDevices).
 */
import type { JsonObject } from "../../codec/json.ts";
import { isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { invalid, notFound, required } from "../field-error-constructors.ts";
import { objectsField, stringField } from "../object-fields.ts";
import { backstepErrors, descendingPathErrors } from "./paths.ts";

type Volumes = ReadonlyMap<string, JsonObject>;

/** Errors of `volumeMounts` at `path`. */
export function volumeMountErrors(container: JsonObject, path: string, volumes: Volumes): FieldError[] {
  const devices = objectsField(container, "volumeDevices");
  // By name: of several with the same one, upstream sees the last path only.
  const devicePathsByName = new Map(
    devices.map((each) => [stringField(each, "name"), stringField(each, "devicePath")]),
  );
  const devicePaths = new Set(devicePathsByName.values());
  const taken = new Set<string>();
  return objectsField(container, "volumeMounts").flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const [name, mountPath] = [stringField(mount, "name"), stringField(mount, "mountPath")];
    const errors = name === "" ? [required(`${at}.name`, "")] : [];
    if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name));
    if (mountPath === "") errors.push(required(`${at}.mountPath`, ""));
    if (taken.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, "must be unique"));
    taken.add(mountPath);
    if (devicePathsByName.has(name))
      errors.push(invalid(`${at}.name`, name, "must not already exist in volumeDevices"));
    if (devicePaths.has(mountPath)) {
      errors.push(invalid(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    }
    return [...errors, ...subPathErrors(mount, path, at)];
  });
}

/** Upstream's path is that of the list, except where the two exclude each other. */
function subPathErrors(mount: JsonObject, path: string, at: string): FieldError[] {
  const [subPath, expression] = [stringField(mount, "subPath"), stringField(mount, "subPathExpr")];
  const errors = subPath === "" ? [] : descendingPathErrors(subPath, `${path}.subPath`);
  if (expression === "") return errors;
  if (subPath !== "") {
    errors.push(invalid(`${at}.subPathExpr`, expression, "subPathExpr and subPath are mutually exclusive"));
  }
  return [...errors, ...descendingPathErrors(expression, `${path}.subPathExpr`)];
}

/** Errors of `volumeDevices` at `path`. */
export function volumeDeviceErrors(container: JsonObject, path: string, volumes: Volumes): FieldError[] {
  const mounts = objectsField(container, "volumeMounts");
  const mountPathsByName = new Map(mounts.map((each) => [stringField(each, "name"), stringField(each, "mountPath")]));
  const mountPaths = new Set(mountPathsByName.values());
  const [names, paths] = [new Set<string>(), new Set<string>()];
  return objectsField(container, "volumeDevices").flatMap((device, index) => {
    const at = `${path}[${index}]`;
    const [name, devicePath] = [stringField(device, "name"), stringField(device, "devicePath")];
    const errors = name === "" ? [required(`${at}.name`, "")] : [];
    const volume = volumes.get(name);
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, "must be unique"));
    if (volume === undefined) errors.push(notFound(`${at}.name`, name));
    else if (!["persistentVolumeClaim", "ephemeral"].some((source) => isJsonObject(volume[source]))) {
      errors.push(invalid(`${at}.name`, name, blockText));
    }
    if (devicePath === "") errors.push(required(`${at}.devicePath`, ""));
    if (paths.has(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, "must be unique"));
    if (devicePath !== "" && backstepErrors(devicePath, at).length > 0) {
      errors.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else paths.add(devicePath);
    if (mountPathsByName.has(name)) errors.push(invalid(`${at}.name`, name, "must not already exist in volumeMounts"));
    if (mountPaths.has(devicePath)) {
      errors.push(invalid(`${at}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
    }
    if (name !== "") names.add(name);
    return errors;
  });
}

const blockText = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
