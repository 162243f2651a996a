/** A Secret as a kube-apiserver stores it, decrypted: protobuf in the envelope of the API, or JSON. */
import { DecodeError } from "../doors/kubernetes/codec/decode-error.ts";
import { decodeObject } from "../doors/kubernetes/codec/decode-object.ts";
import { parseStoredJson } from "../doors/kubernetes/codec/json-parser.ts";
import { isJsonObject } from "../doors/kubernetes/codec/json.ts";
import type { JsonObject, JsonValue } from "../doors/kubernetes/codec/json.ts";
import { decodeMessage } from "../doors/kubernetes/codec/protobuf.ts";
import { decodeEnvelope } from "../doors/kubernetes/codec/protobuf-envelope.ts";
import { Secret } from "../doors/kubernetes/schema/core-v1.ts";
import { startsWith } from "../crypto/starts-with.ts";

type Texts = Readonly<Record<string, string>>;

/** A secret as it was. `data` has the standard base64 of each value. */
export interface StoredSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly immutable: boolean;
  readonly labels: Texts;
  readonly annotations: Texts;
  readonly data: Texts;
}

const kindName = { kind: "Secret", apiVersion: "v1" };
const magic = Buffer.from("k8s\0");
const brace = 0x7b;

/** Undefined for what is no Secret; why is not told, since texts of decoders may show parts of what they read. */
export function decodeStoredSecret(value: Uint8Array): StoredSecret | undefined {
  try {
    const tree = treeOf(value);
    return tree && secretOf(tree);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function treeOf(value: Uint8Array): JsonObject | undefined {
  if (value[0] === brace) {
    const parsed = parseStoredJson(value);
    // A body may leave them out, as the path says them; a stored object says what it is.
    if (!isJsonObject(parsed) || parsed["kind"] !== kindName.kind) return undefined;
    return decodeObject(Secret, parsed, kindName).object;
  }
  if (!startsWith(value, magic)) return undefined;
  const { kind, apiVersion, raw } = decodeEnvelope(value);
  return kind === kindName.kind && apiVersion === kindName.apiVersion ? decodeMessage(Secret, raw) : undefined;
}

function secretOf(tree: JsonObject): StoredSecret {
  const metadata = isJsonObject(tree["metadata"]) ? tree["metadata"] : {};
  return {
    namespace: textOf(metadata["namespace"]),
    name: textOf(metadata["name"]),
    type: textOf(tree["type"]) || "Opaque",
    immutable: tree["immutable"] === true,
    labels: textsOf(metadata["labels"]),
    annotations: textsOf(metadata["annotations"]),
    data: textsOf(tree["data"]),
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: JsonValue | undefined): Texts {
  if (!isJsonObject(value)) return {};
  // Not by assignment: `__proto__` is a key that a secret may have.
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, textOf(text)]));
}
