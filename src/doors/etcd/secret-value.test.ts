import assert from "node:assert/strict";
import { test } from "node:test";
import { toRevision } from "../../store/revision.ts";
import type { Secret } from "../../core/secrets/canonical-secret.ts";
import { jsonObject } from "../kubernetes/codec/json.ts";
import { encodeMessage } from "../kubernetes/codec/protobuf.ts";
import { encodeEnvelope } from "../kubernetes/codec/protobuf-envelope.ts";
import { Secret as SecretMessage } from "../kubernetes/schema/core-v1.ts";
import { opaqueType, stateOfTree, treeOfValue, valueOfSecret } from "./secret-value.ts";

const facts = {
  namespace: "edge-default",
  inCluster: "default",
  name: "a",
  uid: "made-here",
  now: new Date("2026-01-02T03:04:05.678Z"),
};

function secretValue(more: Parameters<typeof jsonObject>[0] = []): Buffer {
  const metadata = jsonObject([
    ["name", "a"],
    ["namespace", "default"],
    ["uid", "u-1"],
    ["creationTimestamp", "2026-01-02T03:04:05Z"],
    ["labels", jsonObject([["app", "x"]])],
  ]);
  const tree = jsonObject([["metadata", metadata], ["data", jsonObject([["k", "djE="]])], ["type", "Opaque"], ...more]);
  return Buffer.from(encodeEnvelope({ apiVersion: "v1", kind: "Secret" }, encodeMessage(SecretMessage, tree)));
}

/** The secret that a value becomes when it is written and read again. */
function stored(value: Uint8Array): Secret {
  const state = stateOfTree(treeOfValue(value, facts), "prod");
  const book = {
    namespaceUid: "ns",
    uid: state.uid,
    type: state.type,
    form: "map" as const,
    payloadBytes: 0,
    promotion: undefined,
    versionsBytes: 0,
    cluster: state.cluster,
  };
  const [metadata, rest] = [Buffer.from(state.metadata), Buffer.from(state.rest)];
  const revisions = { revision: toRevision(7), createRevision: toRevision(7), version: 1 };
  return { namespace: facts.namespace, name: "a", ...revisions, book, metadata, rest, payload: state.payload };
}

test("A Secret in a value is a Secret here, and comes back byte for byte", () => {
  const value = secretValue([["immutable", true]]);
  const secret = stored(value);
  assert.equal(secret.book.type, "Opaque");
  assert.equal(secret.book.uid, "u-1");
  assert.equal(JSON.parse(secret.metadata.toString()).namespace, "edge-default");
  assert.deepEqual(JSON.parse(secret.payload.bytes.toString()), { k: "djE=" });
  assert.deepEqual(Buffer.from(valueOfSecret(secret, facts.inCluster)), value);
});

test("A value that cannot be given back as a Secret is kept as it is, and says how it begins", () => {
  const unknownField = Buffer.concat([secretValue(), Buffer.from([0x7a, 1, 1])]);
  const ofOpaqueType = Buffer.from(secretValue().toString("latin1").replace("Opaque", "Opaqu\xff"), "latin1");
  const values: [value: Buffer, form: string][] = [
    [Buffer.from("k8s:enc:kms:v2:provider-1:\0\xff", "latin1"), "k8s:enc:kms:v2:provider-1:"],
    [Buffer.from("k8s:enc:aescbc:v1:key-2:secret-text"), "k8s:enc:aescbc:v1:key-2:"],
    [Buffer.from('{"kind":"Secret","apiVersion":"v1"}'), "json"],
    [Buffer.from("password"), "unknown"],
    [Buffer.alloc(0), "unknown"],
    [unknownField, "protobuf"],
    [ofOpaqueType, "protobuf"],
    [secretValue([["type", opaqueType]]), "protobuf"],
  ];
  for (const [value, form] of values) {
    const secret = stored(value);
    assert.equal(secret.book.type, opaqueType);
    const metadata = JSON.parse(secret.metadata.toString());
    assert.equal(metadata.annotations["strongroom.dev/etcd-value-form"], form);
    assert.deepEqual(Buffer.from(valueOfSecret(secret, facts.inCluster)), value);
  }
});

test("A Secret of another key, without a uid or with keys that no Secret has is refused", () => {
  const refused = (value: Buffer, more: Partial<typeof facts>, message: RegExp) =>
    assert.throws(() => treeOfValue(value, { ...facts, ...more }), { code: "invalid", message });
  refused(secretValue(), { name: "b" }, /those of its key/);
  refused(secretValue(), { inCluster: "other" }, /those of its key/);
  refused(secretValue([["data", jsonObject([["a/b", "djE="]])]]), {}, /data\[a\/b\] of the Secret must be valid/);
});
