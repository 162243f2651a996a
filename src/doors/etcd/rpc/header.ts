/** What every answer begins with: this instance is a cluster of one member. */
import { createHash } from "node:crypto";
import type { ResponseHeader } from "../messages/kv.ts";

/** There are no elections here; clients only look whether it grows. */
export const raftTerm = 2n;

export interface MemberIdentity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

/** The ids of an instance for a cluster: the same after each start, others for each instance and cluster. */
export function memberIdentity(instanceId: string, cluster: string): MemberIdentity {
  const digest = createHash("sha256").update(`strongroom etcd ${instanceId} ${cluster}`).digest();
  return { clusterId: digest.readBigUInt64BE(0) | 1n, memberId: digest.readBigUInt64BE(8) | 1n };
}

export function responseHeader(identity: MemberIdentity, revision: number): ResponseHeader {
  return { ...identity, revision, raftTerm };
}
