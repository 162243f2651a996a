/**
 * From a request's body to a checked tree of the kind.
 * Source: apiserver pkg/endpoints/handlers/{create,update,rest}.go.
 */
import { ApiError } from "../api-error.ts";
import { keepReset } from "../apply/apply-body.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { decodeObject } from "../codec/decode-object.ts";
import { parseJson } from "../codec/json-parser.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cannotBeHandled, checkKindName, strictErrorTexts, unreadableJson } from "../codec/kind-name.ts";
import { decodeEnvelope } from "../codec/protobuf-envelope.ts";
import { decodeMessage } from "../codec/protobuf.ts";
import { parseYaml } from "../codec/yaml.ts";
import type { Kind } from "../kinds/kind.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import type { Message } from "../schema/schema.ts";
import type { FieldValidation } from "../validation/options.ts";

/** Media types of bodies, in the order upstream lists them. */
export const inputMediaTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"] as const;
export type InputMediaType = (typeof inputMediaTypes)[number];

/** The type a body is expected to have. */
export interface ExpectedType {
  readonly kind: string;
  readonly apiVersion: string;
  readonly schema: Message;
  readonly internalize?: ((object: JsonObject) => void) | undefined;
}

export function expectedType(kind: Kind): ExpectedType {
  const { schema, internalize } = kind;
  return { kind: kind.kind, apiVersion: apiVersionOf(kind), schema, internalize };
}

/** Chooses the decoder; a missing header means JSON. Raises 415. */
export function inputMediaType(contentType: string): InputMediaType {
  const media = contentType === "" ? "application/json" : contentType;
  const known = inputMediaTypes.find((type) => type === media);
  if (known !== undefined) return known;
  const accepted = inputMediaTypes.join(", ");
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  throw new ApiError(415, "UnsupportedMediaType", message);
}

export interface ReadObject {
  /** In canonical field order, without kind and apiVersion. */
  readonly tree: JsonObject;
  /** Texts of warnings for unknown and duplicate fields (fieldValidation Warn). */
  readonly warnings: readonly string[];
}

/** Decodes a body as an object of the expected type. Raises 400 (DecodeError, strict errors, wrong type). */
export function readObject(
  body: Buffer,
  media: InputMediaType,
  expected: ExpectedType,
  fieldValidation: FieldValidation,
): ReadObject {
  if (media === "application/vnd.kubernetes.protobuf") return { tree: readProtobuf(body, expected), warnings: [] };
  const parsed = parseBody(body, media, expected);
  return readTree(parsed.value, parsed.duplicates, expected, fieldValidation);
}

function parseBody(body: Buffer, media: InputMediaType, expected: ExpectedType) {
  try {
    return media === "application/yaml" ? parseYaml(body) : parseJson(body);
  } catch (error) {
    throw error instanceof DecodeError ? unreadableJson(expected.kind, error) : error;
  }
}

/** Checks a parsed tree against the expected type; `duplicates` are the paths of duplicate fields. */
export function readTree(
  value: JsonValue,
  duplicates: readonly string[],
  expected: ExpectedType,
  fieldValidation: FieldValidation,
): ReadObject {
  const { object, unknownFields } = decodeObject(expected.schema, value, expected);
  const strict = fieldValidation === "Ignore" ? [] : strictErrorTexts(unknownFields, duplicates);
  if (fieldValidation === "Strict" && strict.length > 0) {
    throw cannotBeHandled(expected, new DecodeError(`strict decoding error: ${strict.join(", ")}`));
  }
  keepReset(value, object);
  return { tree: internal(object, expected), warnings: strict };
}

function readProtobuf(body: Buffer, expected: ExpectedType): JsonObject {
  const envelope = decodeEnvelope(body);
  checkKindName(
    jsonObject([
      ["kind", envelope.kind],
      ["apiVersion", envelope.apiVersion],
    ]),
    expected,
  );
  return internal(decodeMessage(expected.schema, envelope.raw), expected);
}

function internal(object: JsonObject, expected: ExpectedType): JsonObject {
  delete object["kind"];
  delete object["apiVersion"];
  expected.internalize?.(object);
  return object;
}
