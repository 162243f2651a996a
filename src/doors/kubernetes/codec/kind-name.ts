/**
 * `kind` and `apiVersion` of a body against what the request asks for, and the
 * words in which upstream puts a body it can not handle.
 *
 * Sources: apimachinery pkg/runtime/serializer/json, pkg/runtime/error.go;
 * apiserver pkg/endpoints/handlers/rest.go (transformDecodeError).
 */
import { DecodeError } from "./decode-error.ts";
import { jsonTypeName } from "./go-type-name.ts";
import { goQuote } from "./go-quote.ts";
import { isJsonObject, jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** A kind and the version it is spoken in, e.g. Secret and v1, Role and rbac.authorization.k8s.io/v1. */
export interface KindName {
  readonly kind: string;
  readonly apiVersion: string;
}

/**
 * The tree as an object whose kind and version, where it names them, are `expected`.
 * A null body is an empty object, as in Go.
 * @throws DecodeError with upstream's text
 */
export function checkKindName(tree: JsonValue, expected: KindName): JsonObject {
  if (tree === null) return jsonObject();
  if (!isJsonObject(tree)) {
    const text = `json: cannot unmarshal ${jsonTypeName(tree)} into Go value of type ${kindFinder}`;
    throw unrecognizedBody(expected.kind, withoutKind(text));
  }
  const kind = stringField(tree, "kind", expected) || expected.kind;
  const apiVersion = stringField(tree, "apiVersion", expected) || expected.apiVersion;
  if (apiVersion.split("/").length > 2) {
    throw unrecognizedBody(expected.kind, new DecodeError(`unexpected GroupVersion string: ${apiVersion}`));
  }
  if (kind !== expected.kind || apiVersion !== expected.apiVersion) {
    throw otherKind({ kind, apiVersion }, expected);
  }
  return tree;
}

/** `Secret in version "v1" cannot be handled as a Secret: ` before what went wrong. */
export function cannotBeHandled(actual: KindName, error: DecodeError, expectedKind = actual.kind): DecodeError {
  const version = goQuote(actual.apiVersion.slice(actual.apiVersion.indexOf("/") + 1));
  return new DecodeError(
    `${actual.kind} in version ${version} cannot be handled as a ${expectedKind}: ${error.message}`,
    { cause: error },
  );
}

/**
 * For a body whose kind could not even be found out. Upstream adds the first 30
 * bytes of the body, which may be the value of a secret: we do not.
 */
export function unrecognizedBody(expectedKind: string, error: DecodeError): DecodeError {
  return new DecodeError(`the object provided is unrecognized (must be of type ${expectedKind}): ${error.message}`, {
    cause: error,
  });
}

/** The error of the JSON parser as upstream words it for a body that must be an object of some kind. */
export function unreadableJson(expectedKind: string, error: DecodeError): DecodeError {
  return unrecognizedBody(expectedKind, withoutKind(error.message));
}

/**
 * The texts of strict decoding, for `strict decoding error: a, b` and for warnings:
 * unknown fields, then duplicate ones, except those inside what is unknown anyway.
 */
export function strictErrorTexts(unknownFields: readonly string[], duplicates: readonly string[]): string[] {
  const known = duplicates.filter(
    (path) => !unknownFields.some((unknown) => path === unknown || isInside(path, unknown)),
  );
  return [
    ...unknownFields.map((path) => `unknown field ${goQuote(path)}`),
    ...known.map((path) => `duplicate field ${goQuote(path)}`),
  ];
}

function isInside(path: string, outer: string): boolean {
  return path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

/** The Go type upstream reads kind and apiVersion into; part of its error text. */
const kindFinder =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function withoutKind(text: string): DecodeError {
  return new DecodeError(`couldn't get version/kind; json parse error: ${text}`);
}

function stringField(tree: JsonObject, name: "kind" | "apiVersion", expected: KindName): string {
  const value = tree[name] ?? "";
  if (typeof value === "string") return value;
  const text = `json: cannot unmarshal ${jsonTypeName(value)} into Go struct field .${name} of type string`;
  throw unrecognizedBody(expected.kind, withoutKind(text));
}

/**
 * What upstream registers in the versions that are served here: it fails at
 * converting such an object rather than at finding its kind. By the version, the
 * name of the package that its objects are converted to, and the kinds.
 */
const registered: ReadonlyMap<string, { readonly converted: string; readonly kinds: ReadonlySet<string> }> = new Map([
  [
    "v1",
    {
      converted: "core",
      kinds: new Set([
        "Binding",
        "ConfigMap",
        "Endpoints",
        "Event",
        "LimitRange",
        "List",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "Pod",
        "PodTemplate",
        "ReplicationController",
        "ResourceQuota",
        "Secret",
        "SecretList",
        "Service",
        "ServiceAccount",
      ]),
    },
  ],
  ["events.k8s.io/v1", { converted: "core", kinds: new Set(["Event"]) }],
  ["coordination.k8s.io/v1", { converted: "coordination", kinds: new Set(["Lease"]) }],
  [
    "rbac.authorization.k8s.io/v1",
    { converted: "rbac", kinds: new Set(["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]) },
  ],
]);

function otherKind(actual: KindName, expected: KindName): DecodeError {
  const convertible = registered.get(actual.apiVersion)?.kinds.has(actual.kind) === true;
  const target = registered.get(expected.apiVersion);
  if (convertible && target?.kinds.has(actual.kind) === true && actual.kind === expected.kind) {
    const versions = `(${actual.apiVersion}) does not match the expected API version (${expected.apiVersion})`;
    return new DecodeError(`the API version in the data ${versions}`);
  }
  const text =
    convertible && target !== undefined
      ? `converting (v1.${actual.kind}) to (${target.converted}.${expected.kind}): unknown conversion`
      : `no kind ${goQuote(actual.kind)} is registered for version ${goQuote(actual.apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`;
  return cannotBeHandled(actual, new DecodeError(text), expected.kind);
}
