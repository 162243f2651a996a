/** The calls of the KMS v2 API. Source: kubernetes/kms apis/v2/api.proto, and what kube-apiserver demands of the answers. */
import { keyIdBytesMax } from "../../crypto/kms-v2/encrypted-object.ts";
import {
  decodeAnnotations,
  DecryptRequest,
  DecryptResponse,
  encodeAnnotations,
  EncryptRequest,
  EncryptResponse,
  kmsMethods,
  StatusRequest,
  StatusResponse,
} from "../../crypto/kms/messages.ts";
import { isStrongroomError, StrongroomError } from "../../errors/strongroom-error.ts";
import { GrpcError, grpcCodes } from "../../grpc/grpc-status.ts";
import type { Method } from "../../grpc/serve-grpc.ts";
import type { CallRecord } from "./call-records.ts";
import type { KeyRing } from "./key-ring.ts";

/** The longest plaintext whose ciphertext kube-apiserver takes: 1 KiB less nonce and tag. Seeds have 32 bytes. */
export const plaintextBytesMax = 1024 - 12 - 16;
const ciphertextBytesMax = 1024;

export interface CallOptions {
  readonly ring: () => KeyRing;
  /** Resolves when the record is durable. */
  readonly record: (record: CallRecord) => Promise<void>;
  readonly now: () => Date;
}

/** The methods by their paths. No answer leaves before its record is durable; questions for the status have none, but for what they change. */
export function keyManagementCalls(options: CallOptions): ReadonlyMap<string, Method> {
  const calls = new KeyManagementCalls(options);
  return new Map<string, Method>([
    [kmsMethods.status, { type: "unary", run: (_, message) => calls.status(message) }],
    [kmsMethods.encrypt, { type: "unary", run: (_, message) => calls.encrypt(message) }],
    [kmsMethods.decrypt, { type: "unary", run: (_, message) => calls.decrypt(message) }],
  ]);
}

class KeyManagementCalls {
  readonly #options: CallOptions;
  #writeKeyId = "";

  constructor(options: CallOptions) {
    this.#options = options;
  }

  async status(message: Buffer): Promise<Uint8Array> {
    StatusRequest.decode(message);
    const { keyId } = await this.#writer();
    return StatusResponse.encode({ version: "v2", healthz: "ok", keyId });
  }

  async encrypt(message: Buffer): Promise<Uint8Array> {
    const { plaintext, uid } = EncryptRequest.decode(message);
    const { keyId, service } = await this.#writer();
    return await this.#recorded({ event: "encrypt", keyId, uid }, async () => {
      if (plaintext.length === 0 || plaintext.length > plaintextBytesMax)
        throw new StrongroomError("invalid", `the plaintext must have 1 to ${plaintextBytesMax} bytes`);
      const wrapped = await service.encrypt(plaintext);
      plaintext.fill(0);
      const annotations = encodeAnnotations(wrapped.annotations);
      return EncryptResponse.encode({ ciphertext: wrapped.ciphertext, keyId: wrapped.keyId, annotations });
    });
  }

  async decrypt(message: Buffer): Promise<Uint8Array> {
    const { ciphertext, uid, keyId, annotations } = DecryptRequest.decode(message);
    const service = this.#options.ring().serviceAt(this.#options.now());
    return await this.#recorded({ event: "decrypt", keyId: keyId.slice(0, keyIdBytesMax), uid }, async () => {
      if (ciphertext.length === 0 || ciphertext.length > ciphertextBytesMax)
        throw new StrongroomError("invalid", `the ciphertext must have 1 to ${ciphertextBytesMax} bytes`);
      const plaintext = await service.decrypt({ keyId, ciphertext, annotations: decodeAnnotations(annotations) });
      const answer = DecryptResponse.encode({ plaintext });
      plaintext.fill(0);
      return answer;
    });
  }

  /** The key that writes now, on record since when. */
  async #writer() {
    const now = this.#options.now();
    const ring = this.#options.ring();
    const { id: keyId } = ring.writeKey(now);
    if (keyId !== this.#writeKeyId) {
      await this.#options.record({ event: "write-key", keyId });
      this.#writeKeyId = keyId;
    }
    return { keyId, service: ring.serviceAt(now) };
  }

  async #recorded(record: CallRecord, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
    let answer: Uint8Array;
    try {
      answer = await work();
    } catch (error) {
      await this.#options.record({ ...record, outcome: "refused", reason: callStatus(error).message });
      throw error;
    }
    await this.#options.record({ ...record, outcome: "ok" });
    return answer;
  }
}

/** The status of what a call raised: one text for whatever does not decrypt, so that nobody learns why. */
export function callStatus(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  if (isStrongroomError(error, "invalid")) return new GrpcError(grpcCodes.invalidArgument, error.message);
  if (isStrongroomError(error, "unavailable")) return new GrpcError(grpcCodes.unavailable, error.message);
  if (isStrongroomError(error, "sealed"))
    return new GrpcError(grpcCodes.failedPrecondition, "the key that was named must be one of this plugin");
  return new GrpcError(grpcCodes.invalidArgument, "the ciphertext must be one of this plugin", { cause: error });
}
