/**
 * Turns the tree of a JSON or YAML body into an object of a schema: types are
 * checked, fields the schema does not know are dropped and reported, and the
 * result has the canonical form.
 *
 * Behaviour and texts: sigs.k8s.io/json (case-sensitive names, first type error
 * in document order, at most 100 strict errors) and apimachinery
 * pkg/runtime/serializer/json. Two differences, both refusals: bytes given as a
 * list of numbers, and integers a double cannot hold. Whole numbers written as
 * `1.0` or `1e3` are taken for integers.
 */
import type { Field, FieldType, Message, ScalarType } from "../schema/schema.ts";
import { normalizeBase64 } from "./base64.ts";
import { assignFields, sortedByKey, zeroValue } from "./canonical-object.ts";
import { DecodeError, strictErrorsMax } from "./decode-error.ts";
import { goTypeName, jsonTypeName } from "./go-type-name.ts";
import { isJsonObject, jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { cannotBeHandled, checkKindName } from "./kind-name.ts";
import type { KindName } from "./kind-name.ts";
import { canonicalQuantity } from "./quantity.ts";
import { formatMicroTime, formatTime, parseTime, zeroTimeSeconds } from "./rfc3339.ts";

/** What {@link decodeObject} returns. */
export interface DecodedObject {
  /** The object in canonical form, `kind` and `apiVersion` first; shares no object with the tree. */
  readonly object: JsonObject;
  /** Paths of fields the schema does not have, e.g. `metadata.foo`, `items[0].x`; at most 100. */
  readonly unknownFields: string[];
}

/**
 * Decodes a tree as an object of `message`.
 *
 * Null is the same as absent; in a map or a list it is the zero value. Times
 * become UTC, base64 its standard form. Zero values are kept only where the
 * schema says that zero and absent differ. Objects and lists the schema always
 * has (`metadata`, `items`) are there even when the tree has them not.
 *
 * @param tree what a parser returned; not changed
 * @param kindName what the request asks for; a tree without kind or apiVersion is taken as this
 * @throws DecodeError in upstream's words, e.g. `Secret in version "v1" cannot be handled as a
 *   Secret: json: cannot unmarshal number into Go struct field Secret.type of type v1.SecretType`
 */
export function decodeObject(message: Message, tree: JsonValue, kindName: KindName): DecodedObject {
  const root = checkKindName(tree, kindName);
  const decoder = new ObjectDecoder();
  const object = jsonObject([
    ["kind", kindName.kind],
    ["apiVersion", kindName.apiVersion],
  ]);
  try {
    decoder.message(message, root, object, { go: "", strict: "", typeMeta: true });
    decoder.throwFirstError();
  } catch (error) {
    if (error instanceof DecodeError) throw cannotBeHandled(kindName, error);
    throw error;
  }
  return { object, unknownFields: [...decoder.unknownFields] };
}

/** Where in the tree the decoder is. */
interface Place {
  /** Names of fields only, joined by dots: what Go's type errors print. */
  readonly go: string;
  /** With map keys and list indexes: what strict errors print. */
  readonly strict: string;
  /** The message carries `apiVersion` and `kind` of its own: the root, and the items of a list. */
  readonly typeMeta: boolean;
}

/** A value that is wrong and has been noted as such. */
const wrong = Symbol("wrong");

class ObjectDecoder {
  readonly unknownFields = new Set<string>();
  #firstError: DecodeError | undefined;

  throwFirstError(): void {
    if (this.#firstError !== undefined) throw this.#firstError;
  }

  message(message: Message, tree: JsonObject, object: JsonObject, place: Place): JsonObject {
    const values = new Map<string, JsonValue>();
    for (const name of Object.keys(tree)) {
      const field = fieldOf(message, name);
      if (field === undefined) {
        this.#unknown(message, tree, name, place);
        continue;
      }
      const value = tree[name] ?? null;
      if (value === null) continue;
      const decoded = this.#value(field.type, value, { message, field, place });
      if (decoded !== wrong) values.set(name, decoded);
    }
    return assignFields(object, message, values);
  }

  #unknown(message: Message, tree: JsonObject, name: string, place: Place): void {
    if (place.typeMeta && (name === "kind" || name === "apiVersion")) {
      const value = tree[name] ?? null;
      if (typeof value !== "string" && value !== null) this.#note(typeMetaError(message, value, name, place));
      return;
    }
    if (this.unknownFields.size < strictErrorsMax) this.unknownFields.add(join(place.strict, name));
  }

  #value(type: FieldType, value: JsonValue, at: FieldPlace): JsonValue | typeof wrong {
    switch (type.kind) {
      case "scalar":
        return this.#scalar(type.scalar, value, at);
      case "message":
        if (!isJsonObject(value)) return this.#mismatch(value, type, at);
        return this.message(type.message(), value, jsonObject(), inside(at));
      case "map":
        return isJsonObject(value) ? this.#map(type.value, value, at) : this.#mismatch(value, type, at);
      case "list":
        return Array.isArray(value) ? this.#list(type.item, value, at) : this.#mismatch(value, type, at);
    }
  }

  #map(type: FieldType, tree: JsonObject, at: FieldPlace): JsonObject {
    const result = jsonObject();
    for (const key of Object.keys(tree)) {
      const value = tree[key] ?? null;
      const item = value === null ? zeroValue(type) : this.#value(type, value, { ...at, suffix: `.${key}` });
      if (item !== wrong) result[key] = item;
    }
    return sortedByKey(result);
  }

  #list(type: FieldType, tree: readonly JsonValue[], at: FieldPlace): JsonValue[] {
    const result: JsonValue[] = [];
    for (const [index, value] of tree.entries()) {
      const item = value === null ? zeroValue(type) : this.#value(type, value, { ...at, suffix: `[${index}]` });
      if (item !== wrong) result.push(item);
    }
    return result;
  }

  #scalar(scalar: ScalarType, value: JsonValue, at: FieldPlace): JsonValue | typeof wrong {
    switch (scalar) {
      case "string":
        return typeof value === "string" ? value : this.#mismatch(value, { kind: "scalar", scalar }, at);
      case "bool":
        return typeof value === "boolean" ? value : this.#mismatch(value, { kind: "scalar", scalar }, at);
      case "double":
        return typeof value === "number" ? value : this.#mismatch(value, { kind: "scalar", scalar }, at);
      case "bytes":
        return typeof value === "string" ? this.#bytes(value) : this.#mismatch(value, { kind: "scalar", scalar }, at);
      case "int32":
      case "int64":
        return isInteger(value, scalar) ? value : this.#mismatch(value, { kind: "scalar", scalar }, at, true);
      case "time":
      case "microTime":
        return decodeTime(scalar, value, at);
      case "quantity":
        return decodeQuantity(value);
      case "intOrString":
        if (typeof value === "string" || isInteger(value, "int32")) return value;
        return this.#mismatch(value, { kind: "scalar", scalar }, at, true);
      case "fieldsV1":
      case "rawExtension":
        return value; // any JSON, kept as it is
    }
  }

  #bytes(text: string): string | typeof wrong {
    if (this.#firstError !== undefined) return wrong;
    try {
      return normalizeBase64(text);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#note(error);
    }
  }

  #mismatch(value: JsonValue, type: FieldType, at: FieldPlace, withNumber = false): typeof wrong {
    if (this.#firstError !== undefined) return wrong; // an error costs microseconds, and there may be 200,000
    return this.#note(typeError(value, goTypeName(type, at.field), at, withNumber));
  }

  /** Go goes on after a type error and reports the first one at the end. */
  #note(error: DecodeError): typeof wrong {
    this.#firstError ??= error;
    return wrong;
  }
}

/** A field being decoded; `suffix` names the map key or list index within it. */
interface FieldPlace {
  readonly message: Message;
  readonly field: Field;
  readonly place: Place;
  readonly suffix?: string;
}

function inside(at: FieldPlace): Place {
  const { message, field, place, suffix } = at;
  return {
    go: join(place.go, field.name),
    strict: join(place.strict, field.name) + (suffix ?? ""),
    typeMeta: place.strict === "" && field.name === "items" && message.name.endsWith("List"),
  };
}

/** A bad time ends Go's decoding at once, before type errors noted earlier. */
function decodeTime(scalar: "time" | "microTime", value: JsonValue, at: FieldPlace): JsonValue {
  if (typeof value !== "string") throw typeError(value, "string", at, false);
  const time = parseTime(value, scalar);
  if (time.seconds === zeroTimeSeconds && time.nanos === 0) return null;
  return scalar === "time" ? formatTime(time) : formatMicroTime(time);
}

/** Like a bad time, a bad quantity ends Go's decoding at once, and its text is the same whatever its type. */
function decodeQuantity(value: JsonValue): string {
  if (typeof value === "number") return canonicalQuantity(String(value));
  return canonicalQuantity(typeof value === "string" ? value.trim() : "");
}

function typeError(value: JsonValue, goType: string, at: FieldPlace, withNumber: boolean): DecodeError {
  const path = join(at.place.go, at.field.name);
  const found = withNumber && typeof value === "number" ? `number ${value}` : jsonTypeName(value);
  return new DecodeError(
    `json: cannot unmarshal ${found} into Go struct field ${at.message.goName}.${path} of type ${goType}`,
  );
}

function typeMetaError(message: Message, value: JsonValue, name: string, place: Place): DecodeError {
  return new DecodeError(
    `json: cannot unmarshal ${jsonTypeName(value)} into Go struct field ${message.goName}.${join(place.go, name)} of type string`,
  );
}

function isInteger(value: JsonValue, scalar: "int32" | "int64"): value is number {
  if (typeof value !== "number") return false;
  return scalar === "int32" ? (value | 0) === value : Number.isSafeInteger(value);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

const fieldsByName = new WeakMap<Message, ReadonlyMap<string, Field>>();

function fieldOf(message: Message, name: string): Field | undefined {
  let fields = fieldsByName.get(message);
  if (fields === undefined) {
    fields = new Map(message.fields.map((field) => [field.name, field]));
    fieldsByName.set(message, fields);
  }
  return fields.get(name);
}
