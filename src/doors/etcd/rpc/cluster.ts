/**
 * Cluster.MemberList and Maintenance.Status: this instance, as a cluster of one.
 * Source: etcd server/etcdserver/api/v3rpc/{member,maintenance}.go.
 */
import type { Revision } from "../../../store/revision.ts";
import { askedOfAll } from "../door-calls.ts";
import type { DoorCalls } from "../door-calls.ts";
import type { UnaryMethod } from "../../../grpc/serve-grpc.ts";
import { Member, MemberListResponse, StatusResponse } from "../messages/cluster.ts";
import { raftTerm, responseHeader } from "./header.ts";
import type { MemberIdentity } from "./header.ts";

/**
 * The release of etcd whose protocol this door speaks. API servers look at it before they ask a watch for its progress,
 * which etcd answers reliably from 3.4.31 and 3.5.13 on. Source: apiserver pkg/storage/feature/feature_support_checker.go.
 */
export const etcdVersion = "3.5.21";

export interface ClusterOptions {
  readonly calls: DoorCalls;
  readonly identity: MemberIdentity;
  readonly currentRevision: () => Promise<Revision>;
  /** Where clients reach this door. */
  readonly url: () => string;
}

/** `etcdserverpb.Cluster/MemberList`. */
export function memberListMethod(options: ClusterOptions): UnaryMethod {
  return {
    type: "unary",
    onlyReads: true,
    run(call) {
      return options.calls.run(call, askedOfAll, "", async () => {
        const url = options.url();
        const member = Member.of({
          id: options.identity.memberId,
          name: "strongroom",
          clientUrls: [url],
          peerUrls: [url],
        });
        return { answer: MemberListResponse.encode({ header: await headerOf(options), members: [member] }), code: 200 };
      });
    },
  };
}

/** `etcdserverpb.Maintenance/Status`. The size of the store is that of all doors, and so no business of a cluster: it is 0. */
export function statusMethod(options: ClusterOptions): UnaryMethod {
  return {
    type: "unary",
    onlyReads: true,
    run(call) {
      return options.calls.run(call, askedOfAll, "", async () => {
        const header = await headerOf(options);
        const index = BigInt(header.revision);
        const { memberId: leader } = options.identity;
        const raft = { leader, raftIndex: index, raftAppliedIndex: index, raftTerm };
        return { answer: StatusResponse.encode({ header, version: etcdVersion, ...raft }), code: 200 };
      });
    },
  };
}

async function headerOf({ identity, currentRevision }: ClusterOptions) {
  return responseHeader(identity, await currentRevision());
}
