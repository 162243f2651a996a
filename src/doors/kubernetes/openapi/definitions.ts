/**
 * The schemas of OpenAPI, made from the tables of schema/: what `kubectl explain`
 * shows and what clients validate against.
 *
 * Source of the forms: kube-openapi pkg/common (the OpenAPIDefinition of each
 * well-known type) and the published documents of release 1.34.
 */
import type { JsonValue } from "../codec/json.ts";
import type { DescribedKind } from "../kinds/kind.ts";
import { DeleteOptions, Status } from "../schema/meta-v1.ts";
import type { Field, FieldType, Message, ScalarType } from "../schema/schema.ts";

export type OpenApiVersion = 2 | 3;

export type JsonTree = { [key: string]: JsonValue };

/** A group, version and kind that a definition is the schema of. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1";
/** The definition that bodies of PATCH refer to. */
export const patchDefinition = `${metaPackage}.Patch`;
export const statusDefinition = Status.name;
export const deleteOptionsDefinition = DeleteOptions.name;

/** Every schema that the kinds' operations refer to, by definition name, in order of name. */
export function definitions(kinds: readonly DescribedKind[], openApi: OpenApiVersion): Map<string, JsonTree> {
  const objects = topLevelMessages(kinds);
  const found = new Map<string, JsonTree>([
    [patchDefinition, { description: "A patch, in the form that the Content-Type names.", type: "object" }],
  ]);
  const visit = (message: Message): void => {
    if (found.has(message.name)) return;
    const schema: JsonTree = {};
    found.set(message.name, schema);
    Object.assign(schema, messageSchema(message, objects.get(message.name), openApi));
    for (const { type } of message.fields) visitType(type);
  };
  const visitType = (type: FieldType): void => {
    if (type.kind === "message") visit(type.message());
    else if (type.kind === "list") visitType(type.item);
    else if (type.kind === "map") visitType(type.value);
    else addWellKnown(type.scalar, openApi, found);
  };
  for (const kind of kinds) {
    if (kind.listSchema !== undefined) visit(kind.listSchema);
    [kind.schema, ...subresourceMessages(kind)].forEach(visit);
  }
  [Status, DeleteOptions].forEach(visit);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function subresourceMessages(kind: DescribedKind): Message[] {
  return kind.subresources.flatMap(({ creation, answer }) => [creation, answer].flatMap((one) => one?.schema ?? []));
}

/** The path under which a schema is referred to. */
export function reference(name: string, openApi: OpenApiVersion): JsonTree {
  return { $ref: openApi === 2 ? `#/definitions/${name}` : `#/components/schemas/${name}` };
}

/** The messages that are objects of their own - they have apiVersion and kind - and of which kinds. */
function topLevelMessages(kinds: readonly DescribedKind[]): Map<string, GroupVersionKind[]> {
  const groupVersions = [...new Map(kinds.map((kind) => [`${kind.group}/${kind.version}`, kind])).values()];
  const found = new Map<string, GroupVersionKind[]>([
    [Status.name, [{ group: "", version: "v1", kind: "Status" }]],
    [DeleteOptions.name, groupVersions.map(({ group, version }) => ({ group, version, kind: "DeleteOptions" }))],
  ]);
  for (const { group, version, kind, listKind, schema, listSchema, subresources } of kinds) {
    found.set(schema.name, [{ group, version, kind }]);
    if (listSchema !== undefined && listKind !== undefined) {
      found.set(listSchema.name, [{ group, version, kind: listKind }]);
    }
    for (const { creation, answer } of subresources) {
      if (creation !== undefined) found.set(creation.schema.name, [{ group, version, kind: creation.kind }]);
      if (answer !== undefined) found.set(answer.schema.name, [answer].map(groupVersionKind));
    }
  }
  return found;
}

function groupVersionKind({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, version, kind };
}

function messageSchema(
  message: Message,
  objectOf: readonly GroupVersionKind[] | undefined,
  openApi: OpenApiVersion,
): JsonTree {
  const properties: JsonTree = objectOf === undefined ? {} : { ...kindProperties };
  for (const field of message.fields) properties[field.name] = fieldSchema(field, openApi);
  const required = message.fields.filter((field) => field.required).map((field) => field.name);
  return {
    description: message.description,
    type: "object",
    properties: sorted(properties),
    ...(required.length > 0 ? { required } : {}),
    ...(message.mapType === "atomic" ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(objectOf === undefined ? {} : { "x-kubernetes-group-version-kind": objectOf.map((gvk) => ({ ...gvk })) }),
  };
}

/** What every object has beside its table. */
const kindProperties: JsonTree = {
  apiVersion: {
    description: "Group and version of the schema of this object, e.g. `v1` or `apps/v1`.",
    type: "string",
  },
  kind: { description: "Which kind of object this is, in CamelCase. It can not be changed.", type: "string" },
};

function fieldSchema({ type, description, default: value }: Field, openApi: OpenApiVersion): JsonTree {
  // As upstream publishes it, version 2 has no defaults.
  const schema: JsonTree = typeSchema(type, openApi);
  if (openApi === 3 && value !== undefined) schema["default"] = value;
  // OpenAPI 3.0 ignores what stands beside a $ref, so the description goes around it.
  if (openApi === 3 && schema["$ref"] !== undefined) return { description, allOf: [schema] };
  return { description, ...schema };
}

function typeSchema(type: FieldType, openApi: OpenApiVersion): JsonTree {
  switch (type.kind) {
    case "scalar":
      return scalarSchema(type.scalar, openApi);
    case "message":
      return reference(type.message().name, openApi);
    case "map":
      return {
        type: "object",
        additionalProperties: typeSchema(type.value, openApi),
        ...(type.mapType === "atomic" ? { "x-kubernetes-map-type": "atomic" } : {}),
      };
    case "list":
      return {
        type: "array",
        items: typeSchema(type.item, openApi),
        "x-kubernetes-list-type": type.listType,
        ...(type.mapKeys === undefined ? {} : { "x-kubernetes-list-map-keys": [...type.mapKeys] }),
        ...(type.patchStrategy === undefined
          ? {}
          : { "x-kubernetes-patch-strategy": type.retainKeys === true ? "merge,retainKeys" : type.patchStrategy }),
        ...(type.patchMergeKey === undefined ? {} : { "x-kubernetes-patch-merge-key": type.patchMergeKey }),
      };
    default:
      return type satisfies never;
  }
}

type PlainScalar = "string" | "bytes" | "bool" | "int32" | "int64" | "double";
const plainScalars: Readonly<Record<PlainScalar, JsonTree>> = {
  string: { type: "string" },
  bytes: { type: "string", format: "byte" },
  bool: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
};

/** Types with a definition of their own, by which clients recognise them. */
const wellKnown: Readonly<
  Record<Exclude<ScalarType, PlainScalar>, (openApi: OpenApiVersion) => { name: string; schema: JsonTree }>
> = {
  time: () => ({
    name: `${metaPackage}.Time`,
    schema: { description: "A time as in RFC 3339, UTC, in whole seconds.", type: "string", format: "date-time" },
  }),
  microTime: () => ({
    name: `${metaPackage}.MicroTime`,
    schema: { description: "A time as in RFC 3339, UTC, with microseconds.", type: "string", format: "date-time" },
  }),
  quantity: (openApi) => ({
    name: "io.k8s.apimachinery.pkg.api.resource.Quantity",
    schema: {
      description: "An amount with an optional suffix: 500m, 1.5, 2Gi.",
      ...(openApi === 2 ? { type: "string" } : { oneOf: [{ type: "string" }, { type: "number" }] }),
    },
  }),
  intOrString: (openApi) => ({
    name: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    schema: {
      description: "A whole number, or text.",
      format: "int-or-string",
      ...(openApi === 2 ? { type: "string" } : { oneOf: [{ type: "integer" }, { type: "string" }] }),
    },
  }),
  fieldsV1: () => ({
    name: `${metaPackage}.FieldsV1`,
    schema: { description: "A set of fields, as a tree in JSON.", type: "object" },
  }),
  rawExtension: () => ({
    name: "io.k8s.apimachinery.pkg.runtime.RawExtension",
    schema: { description: "An object of any kind.", type: "object" },
  }),
};

function isPlain(scalar: ScalarType): scalar is PlainScalar {
  return Object.hasOwn(plainScalars, scalar);
}

function scalarSchema(scalar: ScalarType, openApi: OpenApiVersion): JsonTree {
  return isPlain(scalar) ? { ...plainScalars[scalar] } : reference(wellKnown[scalar](openApi).name, openApi);
}

function addWellKnown(scalar: ScalarType, openApi: OpenApiVersion, found: Map<string, JsonTree>): void {
  if (isPlain(scalar)) return;
  const { name, schema } = wellKnown[scalar](openApi);
  found.set(name, schema);
}

function sorted(tree: JsonTree): JsonTree {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}
