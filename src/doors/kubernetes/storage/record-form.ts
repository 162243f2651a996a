/**
 * The form in which an object is stored: compact JSON, or, where it is large and that is shorter, upstream's protobuf - text of control
 * characters takes six times its length in JSON, and an etcd takes requests of 1.5 MiB. Both are read, whoever wrote them.
 *
 * Source: apiserver pkg/storage/etcd3 (values are what the codec of the storage makes), apimachinery pkg/runtime/serializer/protobuf.
 */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { DecodeError } from "../codec/decode-error.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { parseStoredJson } from "../codec/json-parser.ts";
import type { KindName } from "../codec/kind-name.ts";
import { decodeMessage, encodeMessage } from "../codec/protobuf.ts";
import { decodeEnvelope, encodeEnvelope, isEnvelope } from "../codec/protobuf-envelope.ts";
import type { Message } from "../schema/schema.ts";

/** Below, JSON is as good, and can be handed on as it is. */
const largeBytes = 256 * 1024;

export interface RecordFormOptions {
  readonly name: KindName;
  readonly schema: Message;
  /** Whether others read these records as JSON. */
  readonly jsonOnly: boolean;
  /** The JSON form of an object of the kind. */
  readonly toJson: (tree: JsonObject) => Buffer;
}

export class RecordForm {
  readonly #options: RecordFormOptions;

  constructor(options: RecordFormOptions) {
    this.#options = options;
  }

  /** What is stored of an object that is this in JSON. */
  encode(json: Buffer): Uint8Array {
    const { name, schema, jsonOnly } = this.#options;
    if (jsonOnly || json.length < largeBytes) return json;
    const parsed = parseStoredJson(json);
    const record = encodeEnvelope(name, encodeMessage(schema, isJsonObject(parsed) ? parsed : jsonObject()));
    return record.length < json.length && this.#decode(record).equals(json) ? record : json;
  }

  /** The JSON of what is stored under a key. Raises `corrupt` for what is no object of the kind. */
  decode(key: string, record: Uint8Array): Buffer {
    if (!isEnvelope(record)) return Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    try {
      return this.#decode(record);
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      throw new StrongroomError("corrupt", `record ${key} must be an object of its kind`, { cause });
    }
  }

  #decode(record: Uint8Array): Buffer {
    const { name, schema, toJson } = this.#options;
    const { kind, apiVersion, raw } = decodeEnvelope(record);
    if (kind !== name.kind || apiVersion !== name.apiVersion) {
      throw new DecodeError(`an object must be of the kind ${name.kind} in ${name.apiVersion}`);
    }
    return toJson(decodeMessage(schema, raw));
  }
}
