/**
 * What is around every protobuf object of the Kubernetes API: four bytes of
 * magic, and a runtime.Unknown that names kind and version; in watches a length
 * and a WatchEvent as well.
 *
 * Source: apimachinery pkg/runtime/generated.proto, pkg/runtime/serializer/protobuf,
 * pkg/util/framer.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { DecodeError } from "./decode-error.ts";
import type { KindName } from "./kind-name.ts";
import { malformedAsDecodeError } from "./protobuf.ts";
import { readText } from "./protobuf-scalar.ts";

/** `k8s` and NUL, by which a body is known to be protobuf. */
const magic = Buffer.from("k8s\0");

/** Whether a body begins as one in protobuf does. */
export function isEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.equals(bytes.subarray(0, magic.length));
}

/** An envelope taken apart. Empty strings when the sender left kind or version out. */
export interface Envelope extends KindName {
  /** The object's message: a view of the bytes given to {@link decodeEnvelope}. */
  readonly raw: Uint8Array;
}

/** The whole body of an object: magic, kind and version, and `raw`, its message. */
export function encodeEnvelope(name: KindName, raw: Uint8Array): Uint8Array {
  return writeTail(writeHead(name, raw.length).raw(raw)).finish();
}

/** What comes before a message of `rawBytes` bytes in {@link encodeEnvelope}, for one that is written in pieces. */
export function envelopeHead(name: KindName, rawBytes: number): Uint8Array {
  return writeHead(name, rawBytes).finish();
}

/** What comes after it. */
export function envelopeTail(): Uint8Array {
  return writeTail(new BinaryWriter()).finish();
}

function writeHead({ kind, apiVersion }: KindName, rawBytes: number): BinaryWriter {
  const writer = new BinaryWriter().raw(magic);
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(apiVersion);
  writer.tag(2, WireType.LengthDelimited).string(kind);
  writer.join();
  return writer.tag(2, WireType.LengthDelimited).uint32(rawBytes);
}

/** contentEncoding and contentType: always there, always empty. */
function writeTail(writer: BinaryWriter): BinaryWriter {
  writer.tag(3, WireType.LengthDelimited).string("");
  return writer.tag(4, WireType.LengthDelimited).string("");
}

/**
 * Takes a body apart.
 * @throws DecodeError when it is no envelope, in upstream's words where it has any
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0) throw new DecodeError("empty data");
  if (!isEnvelope(bytes)) {
    throw new DecodeError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  if (bytes.length === magic.length) throw new DecodeError("empty body");
  return malformedAsDecodeError(() => readUnknown(bytes.subarray(magic.length)));
}

/**
 * One event of a watch stream: its length in four bytes, the highest first, and
 * a WatchEvent.
 * @param type ADDED, MODIFIED, DELETED, BOOKMARK or ERROR
 * @param envelope the object with its own envelope, from {@link encodeEnvelope}
 */
export function encodeWatchFrame(type: string, envelope: Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  writer.raw(new Uint8Array(4)); // the length, known at the end
  writer.tag(1, WireType.LengthDelimited).string(type);
  writer.tag(2, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).bytes(envelope);
  const frame = writer.join().finish();
  new DataView(frame.buffer, frame.byteOffset).setUint32(0, frame.length - 4);
  return frame;
}

function readUnknown(bytes: Uint8Array): Envelope {
  const reader = new BinaryReader(bytes);
  let name: KindName = { kind: "", apiVersion: "" };
  let raw: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number > 2 || wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (number === 1) name = readTypeMeta(reader.bytes());
    else raw = reader.bytes();
  }
  return { ...name, raw };
}

function readTypeMeta(bytes: Uint8Array): KindName {
  const reader = new BinaryReader(bytes);
  let kind = "";
  let apiVersion = "";
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number > 2 || wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (number === 1) apiVersion = readText(reader);
    else kind = readText(reader);
  }
  return { kind, apiVersion };
}
