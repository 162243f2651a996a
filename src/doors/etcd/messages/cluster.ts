/** The messages of etcd's Cluster and Maintenance services. Source: etcd-io/etcd api/etcdserverpb/rpc.proto (v3.5). */
import { bool, int64, Message, nested, repeated, text, texts, uint64 } from "../../../grpc/message.ts";
import { ResponseHeader } from "./kv.ts";

export const Member = new Message({
  id: uint64(1),
  name: text(2),
  peerUrls: texts(3),
  clientUrls: texts(4),
  isLearner: bool(5),
});
export const MemberListResponse = new Message({ header: nested(1, ResponseHeader), members: repeated(2, Member) });
export const StatusResponse = new Message({
  header: nested(1, ResponseHeader),
  version: text(2),
  dbSize: int64(3),
  leader: uint64(4),
  raftIndex: uint64(5),
  raftTerm: uint64(6),
  raftAppliedIndex: uint64(7),
  dbSizeInUse: int64(9),
});
