/**
 * An OpenAPI 2.0 document as protobuf, the only form in which clients up to 1.28
 * read it.
 *
 * The messages are written from tables of field numbers: a table says how a JSON
 * object becomes a message. It covers what openapi-v2.ts writes, and raises on
 * anything else, so that nothing is left out silently.
 *
 * Source of the numbers: google/gnostic openapiv2/OpenAPIv2.proto.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { JsonValue } from "../codec/json.ts";
import type { JsonTree } from "./definitions.ts";

/** How one value is written. */
type Shape =
  | { readonly type: "text" }
  | { readonly type: "flag" }
  | { readonly type: "message"; readonly table: () => Table }
  /** Every entry of an object becomes a {1 name, 2 value} message of this shape. */
  | { readonly type: "named"; readonly value: Shape }
  /** A vendor extension: a {1 name, 2 Any{2 yaml}} message. */
  | { readonly type: "extension" };

interface Entry {
  readonly number: number;
  readonly shape: Shape;
}

/** The fields of a message by JSON name. */
interface Table {
  readonly fields: Readonly<Record<string, Entry>>;
  /** Field that takes every name that is not in `fields`. */
  readonly others?: Entry;
  /** Field that takes the `x-...` names, as {name, yaml} pairs. */
  readonly extensions?: number;
  /** Wraps the message: it is this field of another one, and so on outward. */
  readonly inside?: readonly number[];
}

const text: Shape = { type: "text" };
const flag: Shape = { type: "flag" };
const message = (table: () => Table): Shape => ({ type: "message", table });
const named = (value: Shape): Shape => ({ type: "named", value });
const at = (number: number, shape: Shape): Entry => ({ number, shape });

const documentTable: Table = {
  fields: {
    swagger: at(1, text),
    info: at(
      2,
      message(() => infoTable),
    ),
    paths: at(
      8,
      message(() => pathsTable),
    ),
    definitions: at(
      9,
      message(() => namedSchemas),
    ),
  },
};
const infoTable: Table = { fields: { title: at(1, text), version: at(2, text) } };
const pathsTable: Table = { fields: {}, others: at(2, named(message(() => pathItemTable))) };
const pathItemTable: Table = {
  fields: {
    get: at(
      2,
      message(() => operationTable),
    ),
    put: at(
      3,
      message(() => operationTable),
    ),
    post: at(
      4,
      message(() => operationTable),
    ),
    delete: at(
      5,
      message(() => operationTable),
    ),
    patch: at(
      8,
      message(() => operationTable),
    ),
    parameters: at(
      9,
      message(() => queryParameterTable),
    ),
  },
};
const operationTable: Table = {
  fields: {
    tags: at(1, text),
    description: at(3, text),
    operationId: at(5, text),
    produces: at(6, text),
    consumes: at(7, text),
    parameters: at(
      8,
      message(() => queryParameterTable),
    ),
    responses: at(
      9,
      message(() => responsesTable),
    ),
    schemes: at(10, text),
  },
  extensions: 13,
};
/** ParametersItem{1 Parameter{1 BodyParameter}}. */
const bodyParameterTable: Table = {
  fields: {
    name: at(2, text),
    in: at(3, text),
    required: at(4, flag),
    schema: at(
      5,
      message(() => schemaTable),
    ),
  },
  inside: [1, 1],
};
/** ParametersItem{1 Parameter{2 NonBodyParameter{3 QueryParameterSubSchema}}}. */
const queryParameterTable: Table = {
  fields: {
    required: at(1, flag),
    in: at(2, text),
    description: at(3, text),
    name: at(4, text),
    type: at(6, text),
    uniqueItems: at(20, flag),
  },
  inside: [3, 2, 1],
};
/** ParametersItem{1 Parameter{2 NonBodyParameter{4 PathParameterSubSchema}}}. */
const pathParameterTable: Table = {
  fields: {
    required: at(1, flag),
    in: at(2, text),
    description: at(3, text),
    name: at(4, text),
    type: at(5, text),
    uniqueItems: at(19, flag),
  },
  inside: [4, 2, 1],
};
/** Responses{1 NamedResponseValue{1 code, 2 ResponseValue{1 Response}}}. */
const responsesTable: Table = { fields: {}, others: at(1, named(message(() => responseTable))) };
const responseTable: Table = {
  fields: {
    description: at(1, text),
    schema: at(
      2,
      message(() => schemaItemTable),
    ),
  },
  inside: [1],
};
const namedSchemas: Table = { fields: {}, others: at(1, named(message(() => schemaTable))) };
const schemaFields: Table["fields"] = {
  $ref: at(1, text),
  format: at(2, text),
  description: at(4, text),
  required: at(19, text),
  additionalProperties: at(
    21,
    message(() => additionalPropertiesTable),
  ),
  type: at(
    22,
    message(() => typeTable),
  ),
  items: at(
    23,
    message(() => itemsTable),
  ),
  properties: at(
    25,
    message(() => namedSchemas),
  ),
};
const schemaTable: Table = { fields: schemaFields, extensions: 31 };
/** SchemaItem{1 Schema}, AdditionalPropertiesItem{1 Schema}, ItemsItem{1 Schema}. */
const schemaItemTable: Table = { ...schemaTable, inside: [1] };
const additionalPropertiesTable: Table = schemaItemTable;
const itemsTable: Table = schemaItemTable;
/** TypeItem{1 value}: the value itself stands for the message. */
const typeTable: Table = { fields: { value: at(1, text) } };

/** The document as the bytes of a gnostic openapi.v2.Document. Raises RangeError on what no table covers. */
export function encodeGnostic(document: JsonTree): Uint8Array {
  return encodeTable(documentTable, document);
}

function encodeTable(table: Table, value: JsonTree): Uint8Array {
  const writer = new BinaryWriter();
  // In the order of numbers, as every other encoder writes them.
  const parts = Object.entries(value).map(([name, part]) => ({ name, part, entry: entryOf(table, name) }));
  parts.sort((a, b) => a.entry.number - b.entry.number);
  for (const { name, part, entry } of parts) writeField(writer, entry, name, part);
  return (table.inside ?? []).reduce<Uint8Array>((bytes, number) => wrap(number, bytes), writer.finish());
}

function entryOf(table: Table, name: string): Entry {
  if (table.extensions !== undefined && name.startsWith("x-")) return at(table.extensions, { type: "extension" });
  const entry = Object.hasOwn(table.fields, name) ? table.fields[name] : table.others;
  if (entry === undefined) throw new RangeError(`the OpenAPI field ${name} has no field number here`);
  return entry;
}

function writeField(writer: BinaryWriter, entry: Entry, name: string, value: JsonValue): void {
  const { number, shape } = entry;
  if (shape.type === "extension") writeNamed(writer, number, name, anyBytes(value));
  else if (shape.type === "named") writeNamed(writer, number, name, shapeBytes(shape.value, value));
  else for (const item of Array.isArray(value) ? value : [value]) writeValue(writer, entry, item);
}

function writeValue(writer: BinaryWriter, { number, shape }: Entry, value: JsonValue): void {
  if (shape.type === "text" && typeof value === "string") {
    writer.tag(number, WireType.LengthDelimited).string(value);
  } else if (shape.type === "flag" && typeof value === "boolean") {
    writer.tag(number, WireType.Varint).bool(value);
  } else {
    writer.tag(number, WireType.LengthDelimited).bytes(shapeBytes(shape, value));
  }
}

function shapeBytes(shape: Shape, value: JsonValue): Uint8Array {
  if (shape.type !== "message") throw new RangeError(`an OpenAPI ${shape.type} must not be ${typeof value}`);
  const table = parameterTable(shape.table(), value);
  if (typeof value === "string") return encodeTable(table, { value });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RangeError(`an OpenAPI object must not be ${JSON.stringify(value)}`);
  }
  return encodeTable(table, value);
}

/** The three messages of a parameter are told apart by its place. */
function parameterTable(table: Table, value: JsonValue): Table {
  if (table !== queryParameterTable || typeof value !== "object" || value === null || Array.isArray(value))
    return table;
  if (value["in"] === "body") return bodyParameterTable;
  return value["in"] === "path" ? pathParameterTable : queryParameterTable;
}

/** {1 name, 2 value}. */
function writeNamed(writer: BinaryWriter, number: number, name: string, value: Uint8Array): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(name);
  writer.tag(2, WireType.LengthDelimited).bytes(value);
  writer.join();
}

/** Any{2 yaml}: JSON is YAML. */
function anyBytes(value: JsonValue): Uint8Array {
  return new BinaryWriter().tag(2, WireType.LengthDelimited).string(JSON.stringify(value)).finish();
}

function wrap(number: number, bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
}
