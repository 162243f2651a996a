/**
 * The messages of etcd's KV service, and what the others share with it.
 * Source: etcd-io/etcd api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto (v3.5).
 */
import { bool, bytes, encoded, int64, Message, nested, repeated, uint64 } from "../../../grpc/message.ts";
import type { MessageOf } from "../../../grpc/message.ts";

/** What every answer begins with. */
export const ResponseHeader = new Message({
  clusterId: uint64(1),
  memberId: uint64(2),
  revision: int64(3),
  raftTerm: uint64(4),
});
export type ResponseHeader = MessageOf<typeof ResponseHeader>;

export const KeyValue = new Message({
  key: bytes(1),
  createRevision: int64(2),
  modRevision: int64(3),
  version: int64(4),
  value: bytes(5),
  lease: int64(6),
});
export type KeyValue = MessageOf<typeof KeyValue>;

export const RangeRequest = new Message({
  key: bytes(1),
  rangeEnd: bytes(2),
  limit: int64(3),
  revision: int64(4),
  sortOrder: int64(5),
  sortTarget: int64(6),
  serializable: bool(7),
  keysOnly: bool(8),
  countOnly: bool(9),
  minModRevision: int64(10),
  maxModRevision: int64(11),
  minCreateRevision: int64(12),
  maxCreateRevision: int64(13),
});
export type RangeRequest = MessageOf<typeof RangeRequest>;

export const RangeResponse = new Message({
  header: nested(1, ResponseHeader),
  /** Each a {@link KeyValue}. */
  kvs: encoded(2),
  more: bool(3),
  count: int64(4),
});

export const PutRequest = new Message({
  key: bytes(1),
  value: bytes(2),
  lease: int64(3),
  prevKv: bool(4),
  ignoreValue: bool(5),
  ignoreLease: bool(6),
});
export type PutRequest = MessageOf<typeof PutRequest>;
export const PutResponse = new Message({ header: nested(1, ResponseHeader), prevKv: nested(2, KeyValue) });

export const DeleteRangeRequest = new Message({ key: bytes(1), rangeEnd: bytes(2), prevKv: bool(3) });
export type DeleteRangeRequest = MessageOf<typeof DeleteRangeRequest>;
export const DeleteRangeResponse = new Message({
  header: nested(1, ResponseHeader),
  deleted: int64(2),
  prevKvs: repeated(3, KeyValue),
});

/** What of a key is compared; the number is that of its field in the message as well as of the target. */
export const compareTargets = ["version", "createRevision", "modRevision", "value", "lease"] as const;
export const compareRelations = ["=", ">", "<", "!="] as const;

export const Compare = new Message({
  /** Index into {@link compareRelations}. */
  result: int64(1),
  /** Index into {@link compareTargets}. */
  target: int64(2),
  key: bytes(3),
  version: int64(4),
  createRevision: int64(5),
  modRevision: int64(6),
  value: bytes(7),
  lease: int64(8),
  rangeEnd: bytes(64),
});
export type Compare = MessageOf<typeof Compare>;

/** One of them is there. A transaction within one is not decoded: it is not served. */
export const RequestOp = new Message({
  range: nested(1, RangeRequest),
  put: nested(2, PutRequest),
  deleteRange: nested(3, DeleteRangeRequest),
  txn: nested(4, new Message({})),
});
export type RequestOp = MessageOf<typeof RequestOp>;

export const ResponseOp = new Message({
  range: nested(1, RangeResponse),
  put: nested(2, PutResponse),
  deleteRange: nested(3, DeleteRangeResponse),
});
export type ResponseOp = MessageOf<typeof ResponseOp>;

export const TxnRequest = new Message({
  compare: repeated(1, Compare),
  success: repeated(2, RequestOp),
  failure: repeated(3, RequestOp),
});
export const TxnResponse = new Message({
  header: nested(1, ResponseHeader),
  succeeded: bool(2),
  responses: repeated(3, ResponseOp),
});

export const CompactionRequest = new Message({ revision: int64(1), physical: bool(2) });
export const CompactionResponse = new Message({ header: nested(1, ResponseHeader) });
