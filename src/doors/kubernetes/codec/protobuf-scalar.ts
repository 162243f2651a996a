/** The leaves of protobuf.ts: each scalar of a schema on the wire. */
import { isUtf8 } from "node:buffer";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { ScalarType } from "../schema/schema.ts";
import { DecodeError } from "./decode-error.ts";
import { parseJson } from "./json-parser.ts";
import type { JsonValue } from "./json.ts";
import { writeJson } from "./json-writer.ts";
import { canonicalQuantity } from "./quantity.ts";
import { formatMicroTime, formatTime, isWritableTime, parseTime, zeroTimeSeconds } from "./rfc3339.ts";

/** How each scalar is put on the wire. */
export const wireTypes = {
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
  bool: WireType.Varint,
  int32: WireType.Varint,
  int64: WireType.Varint,
  double: WireType.Bit64,
  time: WireType.LengthDelimited,
  microTime: WireType.LengthDelimited,
  quantity: WireType.LengthDelimited,
  intOrString: WireType.LengthDelimited,
  fieldsV1: WireType.LengthDelimited,
  rawExtension: WireType.LengthDelimited,
} as const satisfies Record<ScalarType, WireType>;

const wrappedScalars: ReadonlySet<ScalarType> = new Set([
  "time",
  "microTime",
  "quantity",
  "intOrString",
  "fieldsV1",
  "rawExtension",
]);

/** Whether a scalar of JSON is a message of its own in protobuf: read it with {@link readWrapped}. */
export function isWrapped(scalar: ScalarType): boolean {
  return wrappedScalars.has(scalar);
}

/**
 * Writes a scalar whose tag has been written.
 * @throws TypeError when the value does not have the type of the scalar
 */
export function writeScalar(writer: BinaryWriter, scalar: ScalarType, value: JsonValue): void {
  switch (scalar) {
    case "string":
      writer.string(asString(value));
      return;
    case "bytes":
      writer.bytes(Buffer.from(asString(value), "base64"));
      return;
    case "bool":
      writer.bool(value === true);
      return;
    case "int32":
      writer.int32(asNumber(value));
      return;
    case "int64":
      writer.int64(asNumber(value));
      return;
    case "double":
      writer.double(asNumber(value));
      return;
    case "time":
    case "microTime":
      writeTime(writer, value);
      return;
    case "quantity":
      writer.fork().tag(1, WireType.LengthDelimited).string(asString(value)).join();
      return;
    case "intOrString":
      writeIntOrString(writer, value);
      return;
    case "fieldsV1":
    case "rawExtension":
      writeRaw(writer, value);
      return;
  }
}

/** No time is an empty message. */
function writeTime(writer: BinaryWriter, value: JsonValue): void {
  writer.fork();
  if (value !== null) {
    const { seconds, nanos } = parseTime(asString(value));
    writer.tag(1, WireType.Varint).int64(seconds).tag(2, WireType.Varint).int32(nanos);
  }
  writer.join();
}

/** Which of the two is meant, and both of them. */
function writeIntOrString(writer: BinaryWriter, value: JsonValue): void {
  const text = typeof value === "string";
  writer
    .fork()
    .tag(1, WireType.Varint)
    .int64(text ? 1 : 0)
    .tag(2, WireType.Varint)
    .int32(text ? 0 : asNumber(value))
    .tag(3, WireType.LengthDelimited)
    .string(text ? value : "")
    .join();
}

/** JSON text within protobuf. */
function writeRaw(writer: BinaryWriter, value: JsonValue): void {
  writer.fork();
  if (value !== null) writer.tag(1, WireType.LengthDelimited).string(writeJson(value));
  writer.join();
}

/**
 * Reads a field's text.
 * @throws DecodeError when it is not valid UTF-8, which Go would let pass
 */
export function readText(reader: BinaryReader): string {
  return readUtf8(reader.bytes());
}

function readUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new DecodeError("proto: a string must be valid UTF-8");
  return asBuffer(bytes).toString("utf8");
}

/** Reads a scalar that is no message on the wire. */
export function readScalar(reader: BinaryReader, scalar: ScalarType): JsonValue {
  switch (scalar) {
    case "string":
      return readText(reader);
    case "bytes":
      return asBuffer(reader.bytes()).toString("base64");
    case "bool":
      return reader.bool();
    case "int32":
      return reader.int32();
    case "int64":
      return readInt64(reader);
    case "double":
      return readDouble(reader);
    default:
      throw new TypeError(`${scalar} is a message in protobuf`);
  }
}

function readInt64(reader: BinaryReader): number {
  const value = Number(reader.int64());
  if (Number.isSafeInteger(value)) return value;
  throw new DecodeError(`an integer must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`);
}

function readDouble(reader: BinaryReader): number {
  const value = reader.double();
  if (!Number.isFinite(value)) throw new DecodeError("a number must be finite");
  return value;
}

/** Reads one of the scalars that are messages in protobuf, from all the bytes of that message. */
export function readWrapped(scalar: ScalarType, bytes: Uint8Array): JsonValue {
  const reader = new BinaryReader(bytes);
  const found: { integers: [number, number]; text: string; raw: Uint8Array } = {
    integers: [0, 0],
    text: "",
    raw: new Uint8Array(),
  };
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.Varint && number <= 2) found.integers[number === 1 ? 0 : 1] = readInt64(reader);
    else if (wireType === WireType.LengthDelimited && number === 1) found.raw = reader.bytes();
    else if (wireType === WireType.LengthDelimited && number === 3) found.text = readText(reader);
    else reader.skip(wireType, number);
  }
  switch (scalar) {
    case "time":
    case "microTime":
      return bytes.length === 0 ? null : wireTime(scalar, found.integers);
    case "quantity":
      return found.raw.length === 0 ? "0" : canonicalQuantity(readUtf8(found.raw));
    case "intOrString":
      return found.integers[0] === 1 ? found.text : found.integers[1];
    case "fieldsV1":
    case "rawExtension":
      return found.raw.length === 0 ? null : parseJson(found.raw).value;
    default:
      throw new TypeError(`${scalar} is no message in protobuf`);
  }
}

function wireTime(scalar: "time" | "microTime", [seconds, nanos]: [number, number]): JsonValue {
  const time = { seconds, nanos };
  if (seconds === zeroTimeSeconds && nanos === 0) return null;
  if (!isWritableTime(time)) throw new DecodeError("a time must have a year within [0,9999] in UTC");
  return scalar === "time" ? formatTime(time) : formatMicroTime(time);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asString(value: JsonValue): string {
  if (typeof value !== "string") throw new TypeError("a string was expected");
  return value;
}

function asNumber(value: JsonValue): number {
  if (typeof value !== "number") throw new TypeError("a number was expected");
  return value;
}
