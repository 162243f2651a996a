import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "../sources/file-source.ts";
import { sensitivityOfSecret } from "./sensitivity.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function of(namespace: string, name: string, more: object = { data: { x: base64("0123456789") } }) {
  const object = { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, ...more };
  return sensitivityOfSecret(readText("dump", "f", JSON.stringify(object)), { namespace, name });
}

test("A secret is as sensitive as its type, its content or its name says, whichever is most", () => {
  assert.equal(of("a", "x").value, 0.5);
  assert.equal(of("a", "x", { type: "kubernetes.io/tls", data: {} }).value, 0.8);
  assert.equal(of("prod", "orders-db").value, 0.9);
  assert.equal(of("dev", "orders-db").value, 0.3);
  assert.equal(of("dev", "x", { type: "kubernetes.io/tls", data: {} }).value, 0.8);
  const url = base64(`postgres://app:${"q7Zx".repeat(4)}@db/x`);
  assert.equal(of("a", "x", { data: { url } }).value, 0.7);
  const labels = { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" };
  assert.equal(of("a", "x", { metadata: { namespace: "a", name: "x", labels } }).value, 1);
});

test("Only what was read can make a secret less sensitive than an unknown one", () => {
  assert.equal(of("a", "ca", { data: { "ca.crt": base64("-----BEGIN CERTIFICATE-----\nMIIB") } }).value, 0.05);
  const facts = readText("dump", "f", "");
  const unknown = sensitivityOfSecret(facts, { namespace: "a", name: "ca" });
  assert.equal(unknown.value, 0.5);
  assert.equal(unknown.unknown.length, 1);
});

test("The rule of the owner that fits first counts", () => {
  const facts = readText("dump", "f", "");
  const rules = [
    { namespace: "prod", name: "db-*-key", sensitivity: 0.95 },
    { namespace: undefined, name: "db-*", sensitivity: 0.2 },
  ];
  const value = (namespace: string, name: string) => sensitivityOfSecret(facts, { namespace, name }, rules).value;
  assert.deepEqual(
    [value("prod", "db-a-key"), value("prod", "db-key"), value("x", "db-a"), value("x", "y")],
    [0.95, 0.2, 0.2, 0.5],
  );
});
