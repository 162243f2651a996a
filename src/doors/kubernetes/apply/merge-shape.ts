/**
 * What server-side apply needs to know of a type: is it one value, a list or an
 * object, and is it owned as a whole or part by part. Read from the schema tables.
 *
 * Source: structured-merge-diff schema/elements.go; kube-openapi pkg/schemaconv,
 * which says how the shapes follow from the published types.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { Field, FieldType, Message, ScalarType } from "../schema/schema.ts";
import { keyStep, valueStep } from "./field-path.ts";

/** A type as the walks of this folder see it. */
export type MergeShape = ScalarShape | ListShape | ObjectShape | FreeShape;

export interface ScalarShape {
  readonly kind: "scalar";
  readonly accepts: "string" | "numeric" | "boolean" | "any scalar";
}

export interface ListShape {
  readonly kind: "list";
  /** Owned as a whole. */
  readonly atomic: boolean;
  readonly item: () => MergeShape;
  /** Fields that tell the items of a list apart, with what stands for an absent one; empty for a set. */
  readonly keys: readonly { readonly name: string; readonly absent: JsonValue | undefined }[];
}

export interface ObjectShape {
  readonly kind: "object";
  readonly atomic: boolean;
  /** Fields with a name of their own; keys of a map have none. */
  readonly fields: ReadonlyMap<string, () => MergeShape>;
  /** What holds under any other key; undefined when there may be none. */
  readonly rest: (() => MergeShape) | undefined;
}

/** Anything at all: the value itself says what it is. Objects are owned part by part, lists as a whole. */
export interface FreeShape {
  readonly kind: "free";
}

/** Inside of an object of an unknown shape. */
export const free: FreeShape = { kind: "free" };

const shapes = new WeakMap<Message | FieldType, MergeShape>();

/** The shape of a type; made once for each. */
export function shapeOf(type: Message | FieldType): MergeShape {
  const known = shapes.get(type);
  if (known !== undefined) return known;
  const made = "fields" in type ? messageShape(type) : fieldShape(type);
  shapes.set(type, made);
  return made;
}

/** What a value of an unknown shape is. */
export function resolve(shape: MergeShape, value: JsonValue | undefined): ScalarShape | ListShape | ObjectShape {
  if (shape.kind !== "free") return shape;
  if (Array.isArray(value)) return freeList;
  return value === null || value === undefined || isJsonObject(value) ? freeObject : anyScalar;
}

/** The shape of the field or map value at `name`; undefined when the schema has none. */
export function shapeOfField(shape: ObjectShape, name: string): MergeShape | undefined {
  return (shape.fields.get(name) ?? shape.rest)?.();
}

/** The step to an item of a list that is not atomic. Raises {@link ShapeError} when the item has no identity. */
export function stepOfItem(list: ListShape, item: JsonValue): string {
  return list.keys.length > 0 ? stepByKeys(list, item) : stepByValue(item);
}

/** A value that does not fit its type; the message is the one of upstream. */
export class ShapeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ShapeError";
  }
}

function stepByKeys(list: ListShape, item: JsonValue): string {
  if (item === null) throw new ShapeError("associative list with keys may not have a null element");
  if (!isJsonObject(item)) throw new ShapeError("associative list with keys may not have non-map elements");
  const keys: JsonObject = jsonObject();
  let found = 0;
  for (const { name, absent } of list.keys) {
    const value = name in item ? item[name] : absent;
    if (value === undefined) continue;
    keys[name] = value;
    found += 1;
  }
  if (found > 0) return keyStep(keys);
  const names = list.keys.map(({ name }) => JSON.stringify(name)).join(" ");
  throw new ShapeError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function stepByValue(item: JsonValue): string {
  if (item === null) throw new ShapeError("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new ShapeError("not supported: associative list with lists as elements");
  if (isJsonObject(item)) throw new ShapeError("associative list without keys has an element that's a map type");
  return valueStep(item);
}

function messageShape(message: Message): ObjectShape {
  const fields = new Map(message.fields.map((field) => [field.name, () => shapeOf(field.type)]));
  if (isWholeObject(message)) {
    // Objects inside of objects (claim templates) carry their type, which no table lists.
    for (const name of ["apiVersion", "kind"]) fields.set(name, () => scalarShapes.string);
  }
  return { kind: "object", atomic: message.mapType === "atomic", fields, rest: undefined };
}

function isWholeObject(message: Message): boolean {
  const type = message.fields.find(({ name }) => name === "metadata")?.type;
  return type?.kind === "message" && type.message().goName === "ObjectMeta";
}

function fieldShape(type: FieldType): MergeShape {
  switch (type.kind) {
    case "scalar":
      return scalarShapes[type.scalar];
    case "message":
      return shapeOf(type.message());
    case "map":
      return { kind: "object", atomic: type.mapType === "atomic", fields: noFields, rest: () => shapeOf(type.value) };
    case "list":
      return {
        kind: "list",
        atomic: type.listType === "atomic",
        item: () => shapeOf(type.item),
        keys: (type.listType === "map" ? (type.mapKeys ?? []) : []).map((name) => ({
          name,
          absent: absentKey(type.item, name),
        })),
      };
  }
}

/** The value that an item without the key is taken to have: the published default, which is zero where a value is required. */
function absentKey(item: FieldType, name: string): JsonValue | undefined {
  if (item.kind !== "message") return undefined;
  const field = item.message().fields.find((candidate) => candidate.name === name);
  if (field === undefined) return undefined;
  return field.default ?? (field.alwaysEncoded === true ? zeroKey(field) : undefined);
}

function zeroKey(field: Field): JsonValue | undefined {
  if (field.type.kind !== "scalar") return undefined;
  const shape = scalarShapes[field.type.scalar];
  if (shape.kind !== "scalar") return undefined;
  return { string: "", numeric: 0, boolean: false, "any scalar": undefined }[shape.accepts];
}

const noFields: ObjectShape["fields"] = new Map();
const anyScalar: ScalarShape = { kind: "scalar", accepts: "any scalar" };
const text: ScalarShape = { kind: "scalar", accepts: "string" };
const numeric: ScalarShape = { kind: "scalar", accepts: "numeric" };
const freeList: ListShape = { kind: "list", atomic: true, item: () => free, keys: [] };
const freeObject: ObjectShape = { kind: "object", atomic: false, fields: noFields, rest: () => free };

const scalarShapes = {
  string: text,
  bytes: text,
  bool: { kind: "scalar", accepts: "boolean" },
  int32: numeric,
  int64: numeric,
  double: numeric,
  time: text,
  microTime: text,
  quantity: anyScalar,
  intOrString: anyScalar,
  fieldsV1: freeObject,
  rawExtension: freeObject,
} as const satisfies Record<ScalarType, MergeShape>;
