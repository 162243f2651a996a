import assert from "node:assert/strict";
import { test } from "node:test";
import { readFact } from "../facts/read-fact.ts";
import { SecretMaterial } from "../facts/secret-material.ts";
import { redactObject } from "./redact-object.ts";
import { withoutValues } from "./secret-values.ts";

const at = { file: "f", document: 1, item: undefined, line: undefined };
const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = (data: Readonly<Record<string, string>>, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "db", namespace: "a", creationTimestamp: "2026-01-02T03:04:05Z" },
  data,
  ...more,
});

function factOf(value: unknown, material = new SecretMaterial()) {
  const fact = readFact("Secret", { value: withoutValues(value, material), at, placeOf: () => at });
  assert.ok(typeof fact !== "string" && fact.kind === "Secret");
  return fact;
}

test("Of a value its size stays, and a fingerprint that is equal for equal values of one key only", () => {
  const material = new SecretMaterial();
  const fact = factOf(
    secret({ a: base64("s3cret-long"), b: base64("another-one") }, { stringData: { c: "s3cret-long" } }),
    material,
  );
  assert.deepEqual([fact.keys, fact.createdAt], [["a", "b", "c"], "2026-01-02T03:04:05Z"]);
  const [a, b, c] = fact.values ?? [];
  assert.deepEqual([a?.sizeBytes, b?.sizeBytes], [11, 11]);
  assert.deepEqual(a, c);
  assert.notEqual(a?.fingerprint, b?.fingerprint);
  const [other] = factOf(secret({ a: base64("s3cret-long") })).values ?? [];
  assert.notEqual(other?.fingerprint, a?.fingerprint);
});

test("Nothing else of a Secret passes: not its annotations, and not the fields that nobody knows", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "s3cret", other: "s3cret" };
  const metadata = { name: "db", namespace: "a", annotations, managedFields: ["s3cret"], labels: { a: "s3cret" } };
  const shown = JSON.stringify(withoutValues(secret({ a: base64("s3cret") }, { metadata, surprise: "s3cret" })));
  assert.doesNotMatch(shown, /s3cret|czNjcmV0/);
});

test("An object that is no Secret is left as it is", () => {
  const role = { apiVersion: "v1", kind: "ConfigMap", data: { a: "b" } };
  assert.equal(withoutValues(role), role);
});

test("Whether a Secret is immutable is known of a dump too", () => {
  const secret = { apiVersion: "v1", kind: "Secret", immutable: true, metadata: { name: "s" }, data: { k: "dg==" } };
  const redacted = redactObject("Secret", withoutValues(secret));
  assert.equal((redacted as { immutable?: boolean }).immutable, true);
  assert.doesNotMatch(JSON.stringify(redacted), /dg==/);
});
