/** The etcd door, as who brings secrets to it sees it. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import {
  AdoptionResponse,
  adoptionOutcomes,
  AdoptRequest,
  BeginRequest,
  BeginResponse,
  beginPath,
  CopyRequest,
  CopyResponse,
  copyPath,
  ForgetRequest,
  putPath,
  removePath,
} from "../doors/etcd/messages/adoption.ts";
import type { AdoptionOutcome } from "../doors/etcd/messages/adoption.ts";
import { connectEtcd } from "../etcd-client/etcd-target.ts";
import type { EtcdTarget } from "../etcd-client/etcd-target.ts";
import type { KeyValue } from "../etcd-snapshot/key-value.ts";
import { GrpcClient } from "../grpc/grpc-client.ts";
import { GrpcError, grpcCodes } from "../grpc/grpc-status.ts";

const timeoutMs = 30_000;
const messageBytesMax = 4 * 1024 * 1024;

export class DoorClient implements Disposable {
  readonly #client: GrpcClient;

  constructor(target: EtcdTarget) {
    this.#client = new GrpcClient({ connect: () => connectEtcd(target), messageBytesMax });
  }

  /** Which cluster's secrets are there for this client, and the revision that the door has come to. */
  async greet(): Promise<{ readonly cluster: string; readonly revision: number }> {
    return BeginResponse.decode(await this.#call(beginPath, BeginRequest.encode({})));
  }

  /** Has the door go on above a revision that the cluster's etcd has come to. */
  async goOnAbove(revision: number): Promise<number> {
    return BeginResponse.decode(await this.#call(beginPath, BeginRequest.encode({ revision }))).revision;
  }

  put({ key, value, modRevision }: KeyValue): Promise<AdoptionOutcome> {
    return this.#outcome(putPath, AdoptRequest.encode({ key, value, modRevision }));
  }

  /** That the cluster's etcd has nothing under the key. */
  forget(key: Uint8Array): Promise<AdoptionOutcome> {
    return this.#outcome(removePath, ForgetRequest.encode({ key }));
  }

  /** Whether what is under the key is a copy that nobody has changed since. */
  async isCopy(key: Uint8Array): Promise<boolean> {
    return CopyResponse.decode(await this.#call(copyPath, CopyRequest.encode({ key }))).modRevision > 0;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #outcome(path: string, message: Uint8Array): Promise<AdoptionOutcome> {
    const { outcome } = AdoptionResponse.decode(await this.#call(path, message));
    const known = adoptionOutcomes.find((each) => each === outcome);
    if (known === undefined) throw new StrongroomError("corrupt", "the door must say what became of it");
    return known;
  }

  async #call(path: string, message: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#client.unary(path, message, timeoutMs);
    } catch (error) {
      throw error instanceof GrpcError ? strongroomError(error) : error;
    }
  }
}

/** In words of ours; those of the server are behind them. */
function strongroomError(error: GrpcError): StrongroomError {
  const { code, message } = error;
  const options = { cause: error };
  if (code === grpcCodes.unimplemented) {
    return new StrongroomError("invalid", "what is named as Strongroom's etcd door must be one", options);
  }
  if (code === grpcCodes.permissionDenied || code === grpcCodes.unauthenticated) {
    return new StrongroomError("denied", `the etcd door must allow it: ${message}`, options);
  }
  if (code === grpcCodes.invalidArgument || code === grpcCodes.failedPrecondition) {
    return new StrongroomError("invalid", message, options);
  }
  const reason = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return new StrongroomError("unavailable", `the etcd door must answer: ${message}${reason}`, options);
}
