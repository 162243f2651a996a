/** The messages of etcd's Lease service. Source: etcd-io/etcd api/etcdserverpb/rpc.proto (v3.5). */
import { int64, Message, nested, text } from "../../../grpc/message.ts";
import { ResponseHeader } from "./kv.ts";

export const LeaseGrantRequest = new Message({ ttl: int64(1), id: int64(2) });
export const LeaseGrantResponse = new Message({
  header: nested(1, ResponseHeader),
  id: int64(2),
  ttl: int64(3),
  error: text(4),
});
export const LeaseRevokeRequest = new Message({ id: int64(1) });
export const LeaseRevokeResponse = new Message({ header: nested(1, ResponseHeader) });
export const LeaseKeepAliveRequest = new Message({ id: int64(1) });
export const LeaseKeepAliveResponse = new Message({ header: nested(1, ResponseHeader), id: int64(2), ttl: int64(3) });
