/** The messages of the KMS v2 API of Kubernetes. Source: kubernetes/kms apis/v2/api.proto. */
import { bytes, Message, repeated, text } from "../../grpc/message.ts";
import type { MessageOf } from "../../grpc/message.ts";

const service = "/v2.KeyManagementService";
/** The paths of its calls. */
export const kmsMethods = {
  status: `${service}/Status`,
  encrypt: `${service}/Encrypt`,
  decrypt: `${service}/Decrypt`,
} as const;

/** An entry of the map `annotations`. */
const Annotation = new Message({ name: text(1), value: bytes(2) });

export const StatusRequest = new Message({});
export const StatusResponse = new Message({ version: text(1), healthz: text(2), keyId: text(3) });
export const EncryptRequest = new Message({ plaintext: bytes(1), uid: text(2) });
export const EncryptResponse = new Message({
  ciphertext: bytes(1),
  keyId: text(2),
  annotations: repeated(3, Annotation),
});
export const DecryptRequest = new Message({
  ciphertext: bytes(1),
  uid: text(2),
  keyId: text(3),
  annotations: repeated(4, Annotation),
});
export const DecryptResponse = new Message({ plaintext: bytes(1) });

/** The largest message of either side: 32 KiB of annotations, and what is beside them. */
export const kmsMessageBytesMax = 64 * 1024;

/** Annotations as a message has them. */
export function encodeAnnotations(
  annotations: ReadonlyMap<string, Uint8Array>,
): readonly MessageOf<typeof Annotation>[] {
  return Array.from(annotations, ([name, value]) => ({ name, value }));
}

/** The inverse of {@link encodeAnnotations}; the values are copies. */
export function decodeAnnotations(entries: readonly MessageOf<typeof Annotation>[]): ReadonlyMap<string, Uint8Array> {
  return new Map(entries.map(({ name, value }) => [name, Uint8Array.from(value)]));
}
