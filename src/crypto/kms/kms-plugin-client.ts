import { randomUUID } from "node:crypto";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { GrpcClient } from "../../grpc/grpc-client.ts";
import { connectUnixSocket } from "../../grpc/unix-socket.ts";
import type { KeyManagementService, WrappedSeed } from "../kms-v2/key-management-service.ts";
import { socketPathOf } from "./kms-endpoint.ts";
import {
  decodeAnnotations,
  DecryptRequest,
  DecryptResponse,
  encodeAnnotations,
  EncryptRequest,
  EncryptResponse,
  kmsMessageBytesMax,
  kmsMethods,
  StatusRequest,
  StatusResponse,
} from "./messages.ts";

/** How long a plugin may take, as upstream has it. */
export const kmsTimeoutMsDefault = 3000;

/**
 * What uids of our calls begin with: a plugin of ours has them on record, and so knows that more than a cluster's etcd stands on its
 * keys (see removeKey).
 */
export const strongroomCaller = "strongroom-";

/** What a plugin says of itself. */
export interface KmsStatus {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

/** What is needed of a plugin. */
export interface KmsPlugin extends KeyManagementService {
  status(): Promise<KmsStatus>;
  encrypt(seed: Uint8Array): Promise<WrappedSeed>;
  decrypt(wrapped: WrappedSeed): Promise<Uint8Array>;
}

/**
 * A KMS v2 plugin behind a unix socket. Every call raises `unavailable` when the plugin cannot be reached, does not answer in time or
 * refuses; its answers are not trusted further than that (see KmsProvider).
 */
export class KmsPluginClient implements KmsPlugin, Disposable {
  readonly #client: GrpcClient;
  readonly #path: string;
  readonly #timeoutMs: number;
  readonly #caller: string;

  /** `endpoint` as in EncryptionConfiguration: `unix:///run/kms.sock`. `caller` begins the uid of each call. Raises `invalid`. */
  constructor(endpoint: string, timeoutMs: number = kmsTimeoutMsDefault, caller: string = strongroomCaller) {
    const path = socketPathOf(endpoint);
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.#caller = caller;
    this.#client = new GrpcClient({
      connect: () => connectUnixSocket(path),
      messageBytesMax: kmsMessageBytesMax,
    });
  }

  async status(): Promise<KmsStatus> {
    return await this.#call(kmsMethods.status, StatusRequest.encode({}), (answer) => StatusResponse.decode(answer));
  }

  async encrypt(seed: Uint8Array): Promise<WrappedSeed> {
    const request = EncryptRequest.encode({ plaintext: seed, uid: this.#uid() });
    const answer = await this.#call(kmsMethods.encrypt, request, (bytes) => EncryptResponse.decode(bytes));
    request.fill(0);
    const { keyId, annotations } = answer;
    return { keyId, ciphertext: Uint8Array.from(answer.ciphertext), annotations: decodeAnnotations(annotations) };
  }

  async decrypt({ keyId, ciphertext, annotations }: WrappedSeed): Promise<Uint8Array> {
    const request = DecryptRequest.encode({
      ciphertext,
      uid: this.#uid(),
      keyId,
      annotations: encodeAnnotations(annotations),
    });
    return (await this.#call(kmsMethods.decrypt, request, (answer) => DecryptResponse.decode(answer))).plaintext;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  #uid(): string {
    return `${this.#caller}${randomUUID()}`;
  }

  async #call<T>(method: string, message: Uint8Array, decode: (answer: Buffer) => T): Promise<T> {
    try {
      return decode(await this.#client.unary(method, message, this.#timeoutMs));
    } catch (cause) {
      const call = method.slice(method.lastIndexOf("/") + 1);
      throw new StrongroomError("unavailable", `the KMS plugin at ${this.#path} must answer ${call}`, { cause });
    }
  }
}
