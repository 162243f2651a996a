import assert from "node:assert/strict";
import { test } from "node:test";
import { NoSpaceError } from "../../errors/no-space-error.ts";
import { StrongroomError, errorCodes } from "../../errors/strongroom-error.ts";
import { describeEtcdError, grpcErrorOf } from "./etcd-error.ts";
import { GrpcError, encodeStatusMessage, grpcCodes } from "../../grpc/grpc-status.ts";

test("Every error of the core has etcd's status, and the text that clients know it by", () => {
  const texts = new Map([
    ["compacted", "11 etcdserver: mvcc: required revision has been compacted"],
    ["future-revision", "11 etcdserver: mvcc: required revision is a future revision"],
    ["denied", "7 etcdserver: permission denied"],
    ["lease-not-found", "5 etcdserver: requested lease not found"],
    ["too-large", "3 etcdserver: request is too large"],
    ["corrupt", "15 etcdserver: corrupt cluster"],
    ["unavailable", "14 strongroom: it must hold"],
    ["invalid", "3 strongroom: it must hold"],
  ]);
  for (const code of errorCodes) {
    const { code: status, message } = grpcErrorOf(new StrongroomError(code, "it must hold"));
    assert.notEqual(status, grpcCodes.ok);
    const expected = texts.get(code);
    if (expected !== undefined) assert.equal(`${status} ${message}`, expected);
  }
});

test("A full disk is etcd's used up space, whether the store or the audit log said so", () => {
  const full = new NoSpaceError("the data directory /secret/place must have free space");
  for (const error of [full, new StrongroomError("unavailable", "not recorded", { cause: full })]) {
    const { code, message } = grpcErrorOf(error);
    assert.deepEqual([code, message], [8, "etcdserver: mvcc: database space exceeded"]);
  }
});

test("What is no error of ours is INTERNAL, without detail", () => {
  const { code, message } = grpcErrorOf(new Error("hunter2"));
  assert.deepEqual([code, message], [grpcCodes.internal, "strongroom: the request could not be served"]);
  assert.deepEqual(describeEtcdError(new Error("hunter2")), { code: 500, reason: "internal" });
});

test("A status message is printable ASCII, whatever it says", () => {
  assert.equal(encodeStatusMessage("100% of \u00e9\n"), "100%25 of %C3%A9%0A");
  assert.equal(grpcErrorOf(new GrpcError(grpcCodes.aborted, "x")).code, grpcCodes.aborted);
});
