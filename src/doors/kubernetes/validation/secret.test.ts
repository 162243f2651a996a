import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import { formatFieldError } from "./field-error-format.ts";
import { base64ByteLength, secretBytesMax, validateSecret, validateSecretUpdate } from "./secret.ts";

function tree(value: unknown): JsonObject {
  // JSON.parse gives plain objects; cloneJson copies them into ones without prototype.
  return cloneJson(JSON.parse(JSON.stringify(value)) as JsonObject); // the tests pass objects only
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function secret(type: string, data: Record<string, string>, more: Record<string, unknown> = {}): JsonObject {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)]));
  return tree({ metadata: { name: "s", namespace: "n" }, type, data: encoded, ...more });
}

const keyText =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  " +
  "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const createCases: readonly { name: string; secret: JsonObject; errors: string[] }[] = [
  { name: "an opaque Secret without data", secret: secret("Opaque", {}), errors: [] },
  { name: "a free type", secret: secret("example.com/anything at all", { a: "b" }), errors: [] },
  { name: "a key of 253", secret: secret("Opaque", { ["k".repeat(253)]: "" }), errors: [] },
  {
    name: "a key of 254",
    secret: secret("Opaque", { ["k".repeat(254)]: "" }),
    errors: [`data[${"k".repeat(254)}]: Invalid value: "${"k".repeat(254)}": must be no more than 253 characters`],
  },
  {
    name: "a key with a blank",
    secret: secret("Opaque", { "a b": "v" }),
    errors: [`data[a b]: Invalid value: "a b": ${keyText}`],
  },
  { name: "an empty key", secret: secret("Opaque", { "": "v" }), errors: [`data[]: Invalid value: "": ${keyText}`] },
  {
    name: "the key .",
    secret: secret("Opaque", { ".": "v" }),
    errors: [`data[.]: Invalid value: ".": must not be '.'`],
  },
  {
    name: "the key ..",
    secret: secret("Opaque", { "..": "v" }),
    errors: [`data[..]: Invalid value: "..": must not be '..'`],
  },
  {
    name: "a key beginning with ..",
    secret: secret("Opaque", { "..x": "v" }),
    errors: [`data[..x]: Invalid value: "..x": must not start with '..'`],
  },
  { name: "a hidden key", secret: secret("Opaque", { ".secret-file": "v" }), errors: [] },
  { name: "exactly 1 MiB", secret: secret("Opaque", { a: "x".repeat(secretBytesMax - 1), b: "y" }), errors: [] },
  {
    name: "1 MiB and a byte",
    secret: secret("Opaque", { a: "x".repeat(secretBytesMax), b: "y" }),
    errors: ["data: Too long: may not be more than 1048576 bytes"],
  },
  {
    name: "a service account token without its annotation",
    secret: secret("kubernetes.io/service-account-token", {}),
    errors: ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
  },
  {
    name: "a service account token with an empty annotation",
    secret: secret(
      "kubernetes.io/service-account-token",
      {},
      {
        metadata: { annotations: { "kubernetes.io/service-account.name": "" } },
      },
    ),
    errors: ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
  },
  {
    name: "a service account token with its annotation and no data",
    secret: secret(
      "kubernetes.io/service-account-token",
      {},
      {
        metadata: { annotations: { "kubernetes.io/service-account.name": "robot" } },
      },
    ),
    errors: [],
  },
  {
    name: "a dockercfg without its key",
    secret: secret("kubernetes.io/dockercfg", { other: "{}" }),
    errors: ["data[.dockercfg]: Required value"],
  },
  {
    name: "a dockercfg that is no JSON",
    secret: secret("kubernetes.io/dockercfg", { ".dockercfg": "hunter2" }),
    errors: [
      `data[.dockercfg]: Invalid value: "<secret contents redacted>": invalid character 'h' looking for beginning of value`,
    ],
  },
  { name: "a dockercfg", secret: secret("kubernetes.io/dockercfg", { ".dockercfg": "{}" }), errors: [] },
  {
    name: "a dockerconfigjson without its key",
    secret: secret("kubernetes.io/dockerconfigjson", {}),
    errors: ["data[.dockerconfigjson]: Required value"],
  },
  {
    name: "a dockerconfigjson that is a list",
    secret: secret("kubernetes.io/dockerconfigjson", { ".dockerconfigjson": "[1]" }),
    errors: [
      `data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": ` +
        "json: cannot unmarshal array into Go value of type map[string]interface {}",
    ],
  },
  {
    name: "a dockerconfigjson",
    secret: secret("kubernetes.io/dockerconfigjson", { ".dockerconfigjson": '{"auths":{}}' }),
    errors: [],
  },
  {
    name: "basic-auth with neither key",
    secret: secret("kubernetes.io/basic-auth", {}),
    errors: ["data[username]: Required value", "data[password]: Required value"],
  },
  { name: "basic-auth with an empty user", secret: secret("kubernetes.io/basic-auth", { username: "" }), errors: [] },
  {
    name: "basic-auth with a password only",
    secret: secret("kubernetes.io/basic-auth", { password: "p" }),
    errors: [],
  },
  {
    name: "ssh-auth without its key",
    secret: secret("kubernetes.io/ssh-auth", {}),
    errors: ["data[ssh-privatekey]: Required value"],
  },
  {
    name: "ssh-auth with an empty key",
    secret: secret("kubernetes.io/ssh-auth", { "ssh-privatekey": "" }),
    errors: ["data[ssh-privatekey]: Required value"],
  },
  { name: "ssh-auth", secret: secret("kubernetes.io/ssh-auth", { "ssh-privatekey": "k" }), errors: [] },
  {
    name: "tls with neither key",
    secret: secret("kubernetes.io/tls", {}),
    errors: ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
  },
  {
    name: "tls without the private key",
    secret: secret("kubernetes.io/tls", { "tls.crt": "c" }),
    errors: ["data[tls.key]: Required value"],
  },
  { name: "tls with empty values", secret: secret("kubernetes.io/tls", { "tls.crt": "", "tls.key": "" }), errors: [] },
  { name: "a bootstrap token without keys", secret: secret("bootstrap.kubernetes.io/token", {}), errors: [] },
];

for (const { name, secret: object, errors } of createCases) {
  test(`validateSecret on ${name}: ${errors.length === 0 ? "accepted" : "refused with upstream's text"}`, () => {
    assert.deepEqual(validateSecret(object).map(formatFieldError), errors);
  });
}

const immutableText = "Forbidden: field is immutable when `immutable` is set";

const updateCases: readonly { name: string; next: JsonObject; previous: JsonObject; errors: string[] }[] = [
  {
    name: "a changed type",
    next: secret("Opaque", {}),
    previous: secret("example.com/t", {}),
    errors: ['type: Invalid value: "Opaque": field is immutable'],
  },
  {
    name: "changed data of an immutable Secret",
    next: secret("Opaque", { a: "2" }, { immutable: true }),
    previous: secret("Opaque", { a: "1" }, { immutable: true }),
    errors: [`data: ${immutableText}`],
  },
  {
    name: "immutable taken back",
    next: secret("Opaque", { a: "1" }),
    previous: secret("Opaque", { a: "1" }, { immutable: true }),
    errors: [`immutable: ${immutableText}`],
  },
  {
    name: "immutable set to false and a key added",
    next: secret("Opaque", { a: "1", b: "1" }, { immutable: false }),
    previous: secret("Opaque", { a: "1" }, { immutable: true }),
    errors: [`immutable: ${immutableText}`, `data: ${immutableText}`],
  },
  {
    name: "labels of an immutable Secret",
    next: secret("Opaque", { a: "1" }, { immutable: true, metadata: { labels: { x: "y" } } }),
    previous: secret("Opaque", { a: "1" }, { immutable: true }),
    errors: [],
  },
  {
    name: "immutable set later",
    next: secret("Opaque", { a: "2" }, { immutable: true }),
    previous: secret("Opaque", { a: "1" }),
    errors: [],
  },
  {
    name: "an update that breaks a rule of create",
    next: secret("kubernetes.io/ssh-auth", {}),
    previous: secret("kubernetes.io/ssh-auth", { "ssh-privatekey": "k" }),
    errors: ["data[ssh-privatekey]: Required value"],
  },
];

for (const { name, next, previous, errors } of updateCases) {
  test(`validateSecretUpdate on ${name}: ${errors.length === 0 ? "accepted" : "refused with upstream's text"}`, () => {
    assert.deepEqual(validateSecretUpdate(next, previous).map(formatFieldError), errors);
  });
}

test("a rule about data never prints a value", () => {
  const canary = "canary-4711";
  const types = [
    "Opaque",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
  ];
  for (const type of types) {
    const object = secret(type, { ".dockercfg": canary, ".dockerconfigjson": canary, "bad key": canary });
    const texts = [
      ...validateSecret(object),
      ...validateSecretUpdate(object, secret(type, { a: canary }, { immutable: true })),
    ].map(formatFieldError);
    assert.ok(texts.length > 0);
    assert.ok(!texts.join("\n").includes(canary), type);
    assert.ok(!texts.join("\n").includes(base64(canary)), type);
  }
});

test("base64ByteLength equals the length of the decoded bytes", () => {
  for (let length = 0; length < 50; length += 1) {
    assert.equal(base64ByteLength(Buffer.alloc(length, 1).toString("base64")), length);
  }
});

test("keys named as parts of a prototype are ordinary keys", () => {
  const data: JsonValue = jsonObject([
    ["__proto__", base64("x")],
    ["constructor", base64("y")],
  ]);
  assert.deepEqual(
    validateSecret(
      jsonObject([
        ["type", "kubernetes.io/tls"],
        ["data", data],
      ]),
    ).map(formatFieldError),
    ["data[tls.crt]: Required value", "data[tls.key]: Required value"],
  );
});
