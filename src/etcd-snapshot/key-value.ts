/** What of etcd's message `mvccpb.KeyValue` is of use here; views of the message. Source: etcd-io/etcd api/mvccpb/kv.proto. */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** How often it was written since it was created. */
  readonly version: number;
}

const none = Buffer.alloc(0);
const wireTypes = { varint: 0, bytes: 2 } as const;

/** Undefined for bytes that are no such message. Written by hand: it is decoded for every revision of a file. */
export function decodeKeyValue(bytes: Buffer): KeyValue | undefined {
  let [key, value]: [Buffer, Buffer] = [none, none];
  const numbers: [number, number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0, 0];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = readVarint(bytes, offset);
    if (tag === undefined) return undefined;
    const field = Math.floor(tag.value / 8);
    const content = readVarint(bytes, tag.end);
    if (content === undefined || field === 0) return undefined;
    offset = content.end;
    if (tag.value % 8 === wireTypes.varint) {
      if (field < numbers.length) numbers[field] = content.value;
    } else if (tag.value % 8 === wireTypes.bytes) {
      if (content.value > bytes.length - offset) return undefined;
      const view = bytes.subarray(offset, offset + content.value);
      offset += content.value;
      if (field === 1) key = view;
      if (field === 5) value = view;
    } else return undefined; // no other type is in this message
  }
  const [, , createRevision, modRevision, version] = numbers;
  return { key, value, createRevision, modRevision, version };
}

/** Up to 64 bits; beyond 2^53 the value is not exact. */
function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let offset = start, weight = 1; offset < bytes.length && offset < start + 10; offset++, weight *= 128) {
    const byte = bytes[offset] ?? 0;
    value += (byte & 0x7f) * weight;
    if (byte < 0x80) return { value, end: offset + 1 };
  }
  return undefined;
}
