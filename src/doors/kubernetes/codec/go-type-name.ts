/** What Go calls types and values in its decode errors. */
import type { Field, FieldType, ScalarType } from "../schema/schema.ts";
import type { JsonValue } from "./json.ts";

const scalarNames = {
  string: "string",
  bytes: "[]uint8",
  bool: "bool",
  int32: "int32",
  int64: "int64",
  double: "float64",
  time: "v1.Time",
  microTime: "v1.MicroTime",
  quantity: "resource.Quantity",
  intOrString: "int32",
  fieldsV1: "v1.FieldsV1",
  rawExtension: "runtime.RawExtension",
} as const satisfies Record<ScalarType, string>;

/**
 * The Go type of `type`, which is the type of `field` or of the items in it:
 * `map[string][]uint8`, `[]v1.OwnerReference`, `v1.SecretType`.
 */
export function goTypeName(type: FieldType, field: Field): string {
  if (field.goType === undefined) return structuralName(type);
  if (type.kind === field.type.kind) return field.goType;
  const item = field.goType.replace(/^(\[\]|map\[string\])/, ""); // an item of the field
  // A map with a name of its own (v1.ResourceList) does not tell what is in it.
  return item === field.goType ? structuralName(type) : item;
}

function structuralName(type: FieldType): string {
  switch (type.kind) {
    case "scalar":
      return scalarNames[type.scalar];
    case "message": {
      const { name, goName } = type.message();
      return `${name.split(".").at(-2) ?? ""}.${goName}`;
    }
    case "map":
      return `map[string]${structuralName(type.value)}`;
    case "list":
      return `[]${structuralName(type.item)}`;
  }
}

/** What Go calls a JSON value in its type errors: array, bool, null, number, object, string. */
export function jsonTypeName(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
