/**
 * Lease.LeaseGrant, LeaseRevoke and LeaseKeepAlive, over the store's TTL leases. No secret is ever attached to one; clients
 * that make one all the same find it as they expect. Source: etcd server/etcdserver/api/v3rpc/lease.go.
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { Revision } from "../../../store/revision.ts";
import type { Store, TtlLeaseId } from "../../../store/store.ts";
import { askedOfAll } from "../door-calls.ts";
import type { DoorCalls } from "../door-calls.ts";
import type { GrpcCall, Method, StreamMethod, UnaryMethod } from "../../../grpc/serve-grpc.ts";
import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
} from "../messages/lease.ts";
import { responseHeader } from "./header.ts";
import type { MemberIdentity } from "./header.ts";
import { unserved } from "./write-key.ts";

export interface LeaseOptions {
  readonly calls: DoorCalls;
  readonly identity: MemberIdentity;
  readonly leases: Pick<Store, "grantTtlLease" | "renewTtlLease" | "revokeTtlLease">;
  readonly currentRevision: () => Promise<Revision>;
}

/** The methods of `etcdserverpb.Lease`. */
export function leaseMethods(options: LeaseOptions): readonly (readonly [string, Method])[] {
  return [
    ["LeaseGrant", grantMethod(options)],
    ["LeaseRevoke", revokeMethod(options)],
    ["LeaseKeepAlive", keepAliveMethod(options)],
  ];
}

function grantMethod(options: LeaseOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { ttl, id } = LeaseGrantRequest.decode(message);
      if (id !== 0) throw unserved("the id of a lease is chosen by the server");
      return options.calls.run(call, askedOfAll, `ttl=${ttl}`, async () => {
        const granted = await options.leases.grantTtlLease(ttl);
        const header = await headerOf(options);
        return { answer: LeaseGrantResponse.encode({ header, id: granted.id, ttl: granted.ttlSeconds }), code: 200 };
      });
    },
  };
}

function revokeMethod(options: LeaseOptions): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { id } = LeaseRevokeRequest.decode(message);
      return options.calls.run(call, askedOfAll, `id=${id}`, async () => {
        await options.leases.revokeTtlLease(leaseId(id));
        return { answer: LeaseRevokeResponse.encode({ header: await headerOf(options) }), code: 200 };
      });
    },
  };
}

/** Each message is a call of its own for the gate; a lease that is gone has no time left, which is no error. */
function keepAliveMethod(options: LeaseOptions): StreamMethod {
  return {
    type: "stream",
    async run(call, messages, send) {
      for await (const message of messages) await send(await keepAlive(options, call, message));
    },
  };
}

function keepAlive(options: LeaseOptions, call: GrpcCall, message: Buffer): Promise<Uint8Array> {
  const { id } = LeaseKeepAliveRequest.decode(message);
  return options.calls.run(call, askedOfAll, `id=${id}`, async () => {
    const ttl = await renewed(options, id);
    return { answer: LeaseKeepAliveResponse.encode({ header: await headerOf(options), id, ttl }), code: 200 };
  });
}

async function renewed({ leases }: LeaseOptions, id: number): Promise<number> {
  try {
    return (await leases.renewTtlLease(leaseId(id))).ttlSeconds;
  } catch (error) {
    if (isStrongroomError(error, "lease-not-found")) return 0;
    throw error;
  }
}

function leaseId(id: number): TtlLeaseId {
  return id as TtlLeaseId; // looked up, never made
}

async function headerOf({ identity, currentRevision }: LeaseOptions) {
  return responseHeader(identity, await currentRevision());
}
