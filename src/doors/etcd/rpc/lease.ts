/**
 * Lease.LeaseGrant, LeaseRevoke and LeaseKeepAlive, over the store's TTL leases. No secret is ever attached to one; clients
 * that make one all the same find it as they expect. Source: etcd server/etcdserver/api/v3rpc/lease.go.
 */
import { isStrongroomError, StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Revision } from "../../../store/revision.ts";
import type { Store, TtlLeaseId } from "../../../store/store.ts";
import { askedOfAll } from "../door-calls.ts";
import type { DoorCalls } from "../door-calls.ts";
import { GrpcError, grpcCodes } from "../../../grpc/grpc-status.ts";
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
import { unserved } from "../etcd-error.ts";

export interface LeaseOptions {
  readonly calls: DoorCalls;
  readonly identity: MemberIdentity;
  readonly leases: Pick<Store, "grantTtlLease" | "renewTtlLease" | "revokeTtlLease">;
  readonly currentRevision: () => Promise<Revision>;
  readonly now: () => Date;
}

/** Leases of a cluster at a time. */
const leasesMax = 1000;

/**
 * The leases that were granted to a cluster: those of others, and of the store's other users, are nobody's here. After a start
 * it has none; its clients grant themselves new ones.
 */
class OwnLeases {
  readonly #options: LeaseOptions;
  readonly #endsMs = new Map<TtlLeaseId, number>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Raises `invalid`, and RESOURCE_EXHAUSTED when there are too many. */
  async grant(ttlSeconds: number) {
    const nowMs = this.#nowMs();
    for (const [id, endMs] of this.#endsMs) if (endMs < nowMs) this.#endsMs.delete(id);
    if (this.#endsMs.size >= leasesMax) {
      throw new GrpcError(grpcCodes.resourceExhausted, `strongroom: at most ${leasesMax} leases are there at a time`);
    }
    const granted = await this.#options.leases.grantTtlLease(ttlSeconds);
    this.#endsMs.set(granted.id, nowMs + granted.ttlSeconds * 1000);
    return granted;
  }

  /** The seconds that it has; 0 when it is gone. */
  async renew(id: number): Promise<number> {
    try {
      const { ttlSeconds } = await this.#options.leases.renewTtlLease(this.#own(id));
      this.#endsMs.set(id as TtlLeaseId, this.#nowMs() + ttlSeconds * 1000); // it is one of them
      return ttlSeconds;
    } catch (error) {
      if (isStrongroomError(error, "lease-not-found")) return 0;
      throw error;
    }
  }

  /** Raises `lease-not-found`. */
  async revoke(id: number): Promise<void> {
    const own = this.#own(id);
    await this.#options.leases.revokeTtlLease(own);
    this.#endsMs.delete(own);
  }

  #own(id: number): TtlLeaseId {
    const own = id as TtlLeaseId; // looked up, never made
    if (!this.#endsMs.has(own)) throw new StrongroomError("lease-not-found", "the lease must be one of this cluster");
    return own;
  }

  #nowMs(): number {
    return this.#options.now().getTime();
  }
}

/** The methods of `etcdserverpb.Lease`. */
export function leaseMethods(options: LeaseOptions): readonly (readonly [string, Method])[] {
  const leases = new OwnLeases(options);
  return [
    ["LeaseGrant", grantMethod(options, leases)],
    ["LeaseRevoke", revokeMethod(options, leases)],
    ["LeaseKeepAlive", keepAliveMethod(options, leases)],
  ];
}

function grantMethod(options: LeaseOptions, leases: OwnLeases): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { ttl, id } = LeaseGrantRequest.decode(message);
      if (id !== 0) throw unserved("the id of a lease is chosen by the server");
      return options.calls.run(call, askedOfAll, `ttl=${ttl}`, async () => {
        const granted = await leases.grant(ttl);
        const header = await headerOf(options);
        return { answer: LeaseGrantResponse.encode({ header, id: granted.id, ttl: granted.ttlSeconds }), code: 200 };
      });
    },
  };
}

function revokeMethod(options: LeaseOptions, leases: OwnLeases): UnaryMethod {
  return {
    type: "unary",
    async run(call, message) {
      const { id } = LeaseRevokeRequest.decode(message);
      return options.calls.run(call, askedOfAll, `id=${id}`, async () => {
        await leases.revoke(id);
        return { answer: LeaseRevokeResponse.encode({ header: await headerOf(options) }), code: 200 };
      });
    },
  };
}

/** Each message is a call of its own for the gate; a lease that is gone has no time left, which is no error. */
function keepAliveMethod(options: LeaseOptions, leases: OwnLeases): StreamMethod {
  return {
    type: "stream",
    async run(call, messages, send) {
      for await (const message of messages) await send(await keepAlive(options, leases, call, message));
    },
  };
}

function keepAlive(options: LeaseOptions, leases: OwnLeases, call: GrpcCall, message: Buffer): Promise<Uint8Array> {
  const { id } = LeaseKeepAliveRequest.decode(message);
  return options.calls.run(call, askedOfAll, `id=${id}`, async () => {
    const ttl = await leases.renew(id);
    return { answer: LeaseKeepAliveResponse.encode({ header: await headerOf(options), id, ttl }), code: 200 };
  });
}

async function headerOf({ identity, currentRevision }: LeaseOptions) {
  return responseHeader(identity, await currentRevision());
}
