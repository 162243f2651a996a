/**
 * What of ours is which status of etcd's. Clients know etcd's errors by code and text, so these are its own to the letter.
 * Source: etcd-io/etcd api/v3rpc/rpctypes/error.go.
 */
import { isForNoSpace } from "../../errors/no-space-error.ts";
import type { ErrorCode } from "../../errors/strongroom-error.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { ForbiddenError } from "../../gate/gate.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { GrpcError, grpcCodes } from "../../grpc/grpc-status.ts";
import type { GrpcCode } from "../../grpc/grpc-status.ts";

export const compactedText = "etcdserver: mvcc: required revision has been compacted";
/** What etcd says when its quota is used up. */
export const noSpaceText = "etcdserver: mvcc: database space exceeded";
export const permissionDeniedText = "etcdserver: permission denied";

/** Without a text: that of the error, which says what must hold. */
type Row = readonly [code: GrpcCode, text?: string];

const table = {
  "not-found": [grpcCodes.notFound],
  "already-exists": [grpcCodes.aborted],
  conflict: [grpcCodes.aborted],
  compacted: [grpcCodes.outOfRange, compactedText],
  "future-revision": [grpcCodes.outOfRange, "etcdserver: mvcc: required revision is a future revision"],
  denied: [grpcCodes.permissionDenied, permissionDeniedText],
  unauthenticated: [grpcCodes.unauthenticated],
  sealed: [grpcCodes.unavailable],
  "lease-not-found": [grpcCodes.notFound, "etcdserver: requested lease not found"],
  "too-large": [grpcCodes.invalidArgument, "etcdserver: request is too large"],
  invalid: [grpcCodes.invalidArgument],
  unavailable: [grpcCodes.unavailable],
  corrupt: [grpcCodes.dataLoss, "etcdserver: corrupt cluster"],
} as const satisfies Record<ErrorCode, Row>;

/** The status of whatever was raised; what is no error of ours that a client may be told is INTERNAL without detail. */
export function grpcErrorOf(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  if (error instanceof ForbiddenError) return new GrpcError(grpcCodes.permissionDenied, permissionDeniedText);
  if (error instanceof ApiError) return new GrpcError(codeOfApiError(error), `strongroom: ${error.message}`);
  if (isForNoSpace(error)) return new GrpcError(grpcCodes.resourceExhausted, noSpaceText, { cause: error });
  if (isStrongroomError(error)) {
    const [code, text]: Row = table[error.code];
    return new GrpcError(code, text ?? `strongroom: ${error.message}`, { cause: error });
  }
  return new GrpcError(grpcCodes.internal, "strongroom: the request could not be served", { cause: error });
}

/** What admission raises, in the words of the Kubernetes door. */
function codeOfApiError({ code }: ApiError): GrpcCode {
  if (code === 401) return grpcCodes.unauthenticated;
  if (code === 403) return grpcCodes.permissionDenied;
  if (code >= 500) return code === 500 ? grpcCodes.internal : grpcCodes.unavailable;
  return grpcCodes.failedPrecondition;
}

/** Whether the failure is ours, so that it belongs in the log. */
export function isInternal(error: GrpcError): boolean {
  return error.code === grpcCodes.internal && error.cause !== undefined;
}

/** As the audit log has the end of a request: codes of HTTP, so that records of all doors read alike. */
export function describeEtcdError(error: unknown): { readonly code: number; readonly reason: string } {
  const { code, message } = grpcErrorOf(error);
  const [name = "unknown"] = Object.entries(grpcCodes).find((entry) => entry[1] === code) ?? [];
  return { code: httpCodes.get(code) ?? 500, reason: message.startsWith("etcdserver: ") ? message : name };
}

const httpCodes: ReadonlyMap<number, number> = new Map([
  [grpcCodes.invalidArgument, 400],
  [grpcCodes.notFound, 404],
  [grpcCodes.permissionDenied, 403],
  [grpcCodes.resourceExhausted, 429],
  [grpcCodes.failedPrecondition, 409],
  [grpcCodes.aborted, 409],
  [grpcCodes.outOfRange, 410],
  [grpcCodes.unimplemented, 501],
  [grpcCodes.unavailable, 503],
  [grpcCodes.unauthenticated, 401],
]);

/** What is of etcd's protocol and not served here. */
export function unserved(text: string): GrpcError {
  return new GrpcError(grpcCodes.unimplemented, `strongroom: ${text}`);
}
