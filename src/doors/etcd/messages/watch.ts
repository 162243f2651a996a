/** The messages of etcd's Watch service. Source: etcd-io/etcd api/etcdserverpb/rpc.proto, api/mvccpb/kv.proto (v3.5). */
import { bool, bytes, encoded, int64, Message, nested, numbers, text } from "../../../grpc/message.ts";
import type { MessageOf } from "../../../grpc/message.ts";
import { KeyValue, ResponseHeader } from "./kv.ts";

/** The filters of a watch: what it is not told of. */
export const watchFilters = { noPut: 0, noDelete: 1 } as const;

export const WatchCreateRequest = new Message({
  key: bytes(1),
  rangeEnd: bytes(2),
  startRevision: int64(3),
  progressNotify: bool(4),
  /** See {@link watchFilters}. */
  filters: numbers(5),
  prevKv: bool(6),
  watchId: int64(7),
  fragment: bool(8),
});
export type WatchCreateRequest = MessageOf<typeof WatchCreateRequest>;

export const WatchRequest = new Message({
  create: nested(1, WatchCreateRequest),
  cancel: nested(2, new Message({ watchId: int64(1) })),
  progress: nested(3, new Message({})),
});

export const eventTypes = { put: 0, delete: 1 } as const;
export const Event = new Message({ type: int64(1), kv: nested(2, KeyValue), prevKv: nested(3, KeyValue) });

export const WatchResponse = new Message({
  header: nested(1, ResponseHeader),
  watchId: int64(2),
  created: bool(3),
  canceled: bool(4),
  compactRevision: int64(5),
  cancelReason: text(6),
  fragment: bool(7),
  /** Each an {@link Event}. */
  events: encoded(11),
});
