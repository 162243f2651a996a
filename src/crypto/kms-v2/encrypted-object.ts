/**
 * The protobuf message `v2.EncryptedObject` that Kubernetes stores for KMS v2:
 *
 *     bytes encryptedData = 1;
 *     string keyID = 2;
 *     bytes encryptedDEKSource = 3;
 *     map<string, bytes> annotations = 4;
 *     EncryptedDEKSourceType encryptedDEKSourceType = 5;
 *
 * It is read in two parts. Field 1 differs from record to record; the rest, here
 * called the *envelope*, is the same for all records under one seed. So the bytes of
 * the envelope are the name under which an unwrapped seed is cached, and only the
 * first record under a seed pays for decoding them:
 *
 *     0a <length> <encryptedData> | 12 <keyID> 1a <source> 22 <annotation>... 28 01
 *                                 ^ the envelope begins here
 *
 * Decoding is strict: fields in ascending order, each once, shortest varints, valid
 * UTF-8, no default values written out, no unknown fields. So there is one encoding
 * per value but for the order of annotations, which upstream's encoder leaves to chance.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/envelope/kmsv2 (v2/api.proto, envelope.go).
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** How `encryptedDEKSource` is used: a key, or (since Kubernetes 1.29) a seed from which each record's key is derived. */
export const dekSourceTypes = { aesGcmKey: 0, hkdfSha256ExtendedNonceSeed: 1 } as const;
export type DekSourceType = (typeof dekSourceTypes)[keyof typeof dekSourceTypes];

/** Upstream's limits, in bytes (kubernetes/apiserver kmsv2/envelope.go). */
export const keyIdBytesMax = 1024;
export const encryptedDekSourceBytesMax = 1024;
export const annotationsBytesMax = 32 * 1024;

/** What a key management service needs to give a seed back, and how the seed is used. */
export interface Envelope {
  readonly keyId: string;
  /** The seed, encrypted by the key management service; 1 to 1024 bytes. */
  readonly encryptedDekSource: Uint8Array;
  /** Notes of the key management service to itself; the keys are domain names. */
  readonly annotations: ReadonlyMap<string, Uint8Array>;
  readonly dekSourceType: DekSourceType;
}

/** Raised, with a reason for logs, for bytes that are not the one encoding of a message. */
export class EncodingError extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(`the encrypted object must ${reason}`, options);
    this.name = "EncodingError";
  }
}

/** Encodes fields 2 to 5. Raises {@link EncodingError} when a limit is exceeded. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  checkEnvelope(envelope);
  const writer = new BinaryWriter();
  writer.tag(2, WireType.LengthDelimited).string(envelope.keyId);
  writer.tag(3, WireType.LengthDelimited).bytes(envelope.encryptedDekSource);
  for (const [name, value] of Array.from(envelope.annotations).sort(byName)) {
    writer.tag(4, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name);
    writer.tag(2, WireType.LengthDelimited).bytes(value);
    writer.join();
  }
  if (envelope.dekSourceType !== 0) writer.tag(5, WireType.Varint).int32(envelope.dekSourceType);
  return writer.finish();
}

/** Decodes fields 2 to 5; the inverse of {@link encodeEnvelope}. Raises {@link EncodingError}. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new BinaryReader(bytes);
  const keyId = decodeText(readBytes(reader, 2));
  const encryptedDekSource = Uint8Array.from(readBytes(reader, 3)); // a copy: `bytes` belongs to a larger record
  const annotations = readAnnotations(reader, bytes);
  const dekSourceType = reader.pos < reader.len ? readSourceType(reader) : dekSourceTypes.aesGcmKey;
  if (reader.pos !== reader.len) throw new EncodingError("hold its fields in order, each once");
  const envelope = { keyId, encryptedDekSource, annotations, dekSourceType };
  // No varint can be shorter than the ones written here, so equal lengths mean that all are the shortest.
  if (encodeEnvelope(envelope).length !== bytes.length) throw new EncodingError("use the shortest encoding");
  return envelope;
}

/** Tag and length that precede `encryptedData` of that many bytes. */
export function encodeDataHeader(dataBytes: number): Uint8Array {
  return new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(dataBytes).finish();
}

/** `encryptedData` and the bytes of the envelope, both views on `bytes`. Raises {@link EncodingError}. */
export function splitEncryptedObject(bytes: Uint8Array): { data: Uint8Array; envelope: Uint8Array } {
  const data = readBytes(new BinaryReader(bytes), 1);
  const headerBytes = data.byteOffset - bytes.byteOffset;
  if (headerBytes !== 1 + varintBytes(data.length)) throw new EncodingError("use the shortest encoding");
  return { data, envelope: bytes.subarray(headerBytes + data.length) };
}

function readAnnotations(reader: BinaryReader, bytes: Uint8Array): Map<string, Uint8Array> {
  const annotations = new Map<string, Uint8Array>();
  while (reader.pos < reader.len && bytes[reader.pos] === annotationTag) {
    const entry = new BinaryReader(readBytes(reader, 4));
    const name = decodeText(readBytes(entry, 1));
    const value = Uint8Array.from(readBytes(entry, 2));
    if (entry.pos !== entry.len || annotations.has(name)) throw new EncodingError("hold each annotation once");
    annotations.set(name, value);
  }
  return annotations;
}

function readSourceType(reader: BinaryReader): DekSourceType {
  const [field, wireType] = complete(() => reader.tag());
  if (field !== 5 || wireType !== WireType.Varint) throw new EncodingError("hold known fields only, in order");
  const value = complete(() => reader.int32());
  if (value !== dekSourceTypes.hkdfSha256ExtendedNonceSeed) throw new EncodingError("name a known type of source");
  return value;
}

function readBytes(reader: BinaryReader, expectedField: number): Uint8Array {
  const [field, wireType] = complete(() => reader.tag());
  if (field !== expectedField || wireType !== WireType.LengthDelimited) {
    throw new EncodingError(`hold field ${expectedField} where it belongs`);
  }
  return complete(() => reader.bytes());
}

/** The reader raises when it runs out of bytes or meets an impossible tag or varint. */
function complete<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new EncodingError("be complete", { cause });
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new EncodingError("hold valid UTF-8", { cause });
  }
}

function checkEnvelope(envelope: Envelope): void {
  const { keyId, encryptedDekSource, annotations } = envelope;
  const annotationsBytes = Array.from(annotations).reduce((sum, [k, v]) => sum + Buffer.byteLength(k) + v.length, 0);
  if (!isWithin(Buffer.byteLength(keyId), keyIdBytesMax)) throw new EncodingError("have a key id of 1 to 1024 bytes");
  if (!isWithin(encryptedDekSource.length, encryptedDekSourceBytesMax)) {
    throw new EncodingError("have an encrypted source of 1 to 1024 bytes");
  }
  if (annotationsBytes > annotationsBytesMax) throw new EncodingError("have annotations of at most 32 KiB");
  if (!Array.from(annotations.keys()).every(isDomainName))
    throw new EncodingError("have domain names as keys of annotations");
}

/** Lower case labels of 1 to 63 letters, digits and `-`, at least two of them, at most 253 bytes; a final dot may follow. */
function isDomainName(name: string): boolean {
  return name.length <= 254 && domainName.test(name);
}

function isWithin(bytes: number, max: number): boolean {
  return bytes >= 1 && bytes <= max;
}

function varintBytes(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}

function byName([a]: [string, Uint8Array], [b]: [string, Uint8Array]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const domainName = /^(?=.{1,253}\.?$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+\.?$/;
const annotationTag = (4 << 3) | WireType.LengthDelimited;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
