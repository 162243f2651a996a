/**
 * Reads and replaces, in the protobuf form of an object, the fields that the server
 * has made up; every other byte stays as the client sent it.
 * Source: apimachinery pkg/apis/meta/v1/generated.proto.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { decodeEnvelope } from "../../../src/doors/kubernetes/codec/protobuf-envelope.ts";

export interface ObjectMetadata {
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** RFC 3339. */
  readonly creationTimestamp?: string;
  /** Of a list. */
  readonly continue?: string;
  /** Of the preconditions of a delete. */
  readonly preconditionUid?: string;
}

type Field = keyof ObjectMetadata;

const magicLength = 4;
/** Field 2 of runtime.Unknown is the message, whose field 1 is its metadata. */
const raw = 2;
const metadata = 1;
const preconditions = 2;

const objectFields: ReadonlyMap<number, Field> = new Map([
  [5, "uid"],
  [6, "resourceVersion"],
  [8, "creationTimestamp"],
]);
const listFields: ReadonlyMap<number, Field> = new Map([
  [2, "resourceVersion"],
  [3, "continue"],
]);
const preconditionFields: ReadonlyMap<number, Field> = new Map([[1, "preconditionUid"]]);

/** What is there of an object, a list or the options of a delete. */
export function objectMetadata(body: Uint8Array): ObjectMetadata {
  const found: Partial<Record<Field, string>> = {};
  visit(body, (field, value) => {
    const text = field === "creationTimestamp" ? timeText(value) : Buffer.from(value).toString("utf8");
    if (text !== "") found[field] = text;
    return value;
  });
  return found;
}

/** The same body with other values in those fields that it has. */
export function withObjectMetadata(body: Uint8Array, values: ObjectMetadata): Buffer {
  return visit(body, (field, value) => {
    const text = values[field];
    if (text === undefined) return value;
    return field === "creationTimestamp" ? timeBytes(text) : Buffer.from(text);
  });
}

function visit(body: Uint8Array, change: (field: Field, value: Uint8Array) => Uint8Array): Buffer {
  const { kind } = decodeEnvelope(body);
  const [place, fields] = placeOf(kind);
  const message = rewrite(body.subarray(magicLength), (number, value) =>
    number !== raw
      ? value
      : rewrite(value, (inner, content) => {
          if (inner !== place) return content;
          return rewrite(content, (at, bytes) => {
            const field = fields.get(at);
            return field === undefined ? bytes : change(field, bytes);
          });
        }),
  );
  return Buffer.concat([body.subarray(0, magicLength), message]);
}

function placeOf(kind: string): [number, ReadonlyMap<number, Field>] {
  if (kind === "DeleteOptions") return [preconditions, preconditionFields];
  return [metadata, kind.endsWith("List") ? listFields : objectFields];
}

/** A message with the contents of its length-delimited fields mapped, the others as they are. */
function rewrite(message: Uint8Array, map: (field: number, content: Uint8Array) => Uint8Array): Uint8Array {
  const reader = new BinaryReader(message);
  const writer = new BinaryWriter();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    writer.tag(number, type);
    if (type === WireType.LengthDelimited) writer.bytes(map(number, reader.bytes()));
    else writer.raw(reader.skip(type, number));
  }
  return writer.finish();
}

/** Time is a message with the seconds since 1970 in field 1. */
function timeText(time: Uint8Array): string {
  const reader = new BinaryReader(time);
  if (reader.len === 0) return "";
  reader.tag();
  return new Date(Number(reader.int64()) * 1000).toISOString().replace(".000Z", "Z");
}

function timeBytes(text: string): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int64(Date.parse(text) / 1000)
    .tag(2, WireType.Varint)
    .int32(0)
    .finish();
}
