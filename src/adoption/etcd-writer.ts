/** Writes single keys of an etcd, each over what was read of it. */
import {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
  TxnResponse,
} from "../doors/etcd/messages/kv.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { connectEtcd } from "../etcd-client/etcd-target.ts";
import type { EtcdTarget } from "../etcd-client/etcd-target.ts";
import { GrpcClient } from "../grpc/grpc-client.ts";
import { GrpcError, grpcCodes } from "../grpc/grpc-status.ts";

const txnPath = "/etcdserverpb.KV/Txn";
const timeoutMs = 30_000;
const messageBytesMax = 1024 * 1024;
const modRevisionTarget = 2;

export class EtcdWriter implements Disposable {
  readonly #members: readonly GrpcClient[];
  #answering = 0;

  /** Members of one cluster, one at least. */
  constructor(targets: readonly EtcdTarget[]) {
    this.#members = targets.map((target) => new GrpcClient({ connect: () => connectEtcd(target), messageBytesMax }));
  }

  /** Puts a value over what was there at `modRevision` (0: nothing). False when that has changed since. */
  put(key: Uint8Array, value: Uint8Array, modRevision: number): Promise<boolean> {
    return this.#swap(key, modRevision, RequestOp.of({ put: PutRequest.of({ key, value }) }));
  }

  /** The same for taking it away. */
  delete(key: Uint8Array, modRevision: number): Promise<boolean> {
    return this.#swap(key, modRevision, RequestOp.of({ deleteRange: DeleteRangeRequest.of({ key }) }));
  }

  [Symbol.dispose](): void {
    for (const member of this.#members) member[Symbol.dispose]();
  }

  async #swap(key: Uint8Array, modRevision: number, change: RequestOp): Promise<boolean> {
    const compare = [Compare.of({ key, target: modRevisionTarget, modRevision })];
    const message = TxnRequest.encode({ compare, success: [change] });
    let failure: unknown;
    for (let tried = 0; tried < this.#members.length; tried++) {
      const index = (this.#answering + tried) % this.#members.length;
      try {
        const answer = await this.#members[index]?.unary(txnPath, message, timeoutMs);
        this.#answering = index;
        return TxnResponse.decode(answer ?? new Uint8Array()).succeeded;
      } catch (error) {
        failure = error;
        if (!isOfMember(error)) break;
      }
    }
    throw failure instanceof GrpcError ? strongroomError(failure) : failure;
  }
}

/** Whether another member may take what this one does not. A change that was made without an answer fails its own condition then. */
function isOfMember(error: unknown): boolean {
  return (
    error instanceof GrpcError && (error.code === grpcCodes.unavailable || error.code === grpcCodes.deadlineExceeded)
  );
}

function strongroomError(error: GrpcError): StrongroomError {
  const isDenied = error.code === grpcCodes.permissionDenied || error.code === grpcCodes.unauthenticated;
  const must = isDenied ? "the etcd must allow writing" : "the etcd must take what is written";
  return new StrongroomError(isDenied ? "denied" : "unavailable", `${must}: ${error.message}`, { cause: error });
}
