/** Every rule of a Secret's validation, with the whole body of its 422. Source: k/k pkg/apis/core/validation/validation.go. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, base64, create, secret, secretsPath } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const keyCharset =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or " +
  "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const reasons = {
  "Invalid value": "FieldValueInvalid",
  "Required value": "FieldValueRequired",
  Forbidden: "FieldValueForbidden",
  "Too long": "FieldValueTooLong",
} as const;

interface Finding {
  readonly field: string;
  readonly type: keyof typeof reasons;
  /** Quoted value and detail, or the detail alone; "" when there is none. */
  readonly text: string;
}

function finding(field: string, type: Finding["type"], text = ""): Finding {
  return { field, type, text };
}

/** Message and details as upstream joins them. */
function expected(name: string, findings: readonly Finding[]) {
  const body = ({ type, text }: Finding) => (text === "" ? type : `${type}: ${text}`);
  const texts = findings.map((one) => `${one.field}: ${body(one)}`);
  const joined = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const causes = findings.map((one) => ({ reason: reasons[one.type], message: body(one), field: one.field }));
  return {
    message: `Secret "${name}" is invalid: ${joined}`,
    details: { ...(name !== "" && { name }), kind: "Secret", causes },
  };
}

const value = base64("v");
const mebibyte = Buffer.alloc(1_048_576, 1).toString("base64");
const longKey = "k".repeat(254);
const longName = "n".repeat(254);

const refusedCreates: { title: string; name?: string; fields: object; findings: Finding[] }[] = [
  {
    title: "a name with upper case",
    name: "Bad",
    fields: {},
    findings: [finding("metadata.name", "Invalid value", `"Bad": ${subdomain}`)],
  },
  {
    title: "a name of 254 characters",
    name: longName,
    fields: {},
    findings: [finding("metadata.name", "Invalid value", `"${longName}": must be no more than 253 bytes`)],
  },
  {
    title: "no name at all",
    name: "",
    fields: {},
    findings: [finding("metadata.name", "Required value", "name or generateName is required")],
  },
  {
    title: "a data key of 254 characters",
    fields: { data: { [longKey]: value } },
    findings: [finding(`data[${longKey}]`, "Invalid value", `"${longKey}": must be no more than 253 characters`)],
  },
  {
    title: "a data key with a blank",
    fields: { data: { "a b": value } },
    findings: [finding("data[a b]", "Invalid value", `"a b": ${keyCharset}`)],
  },
  {
    title: "an empty data key",
    fields: { data: { "": value } },
    findings: [finding("data[]", "Invalid value", `"": ${keyCharset}`)],
  },
  {
    title: "the data key .",
    fields: { data: { ".": value } },
    findings: [finding("data[.]", "Invalid value", `".": must not be '.'`)],
  },
  {
    title: "the data key ..",
    fields: { data: { "..": value } },
    findings: [finding("data[..]", "Invalid value", `"..": must not be '..'`)],
  },
  {
    title: "a data key that begins with ..",
    fields: { data: { "..x": value } },
    findings: [finding("data[..x]", "Invalid value", `"..x": must not start with '..'`)],
  },
  {
    title: "a bad key that came by stringData",
    fields: { stringData: { "a/b": "v" } },
    findings: [finding("data[a/b]", "Invalid value", `"a/b": ${keyCharset}`)],
  },
  {
    title: "one byte more than 1 MiB of values",
    fields: { data: { a: mebibyte, b: base64("x") } },
    findings: [finding("data", "Too long", "may not be more than 1048576 bytes")],
  },
  {
    title: "a service account token without its annotation",
    fields: { type: "kubernetes.io/service-account-token" },
    findings: [finding("metadata.annotations[kubernetes.io/service-account.name]", "Required value")],
  },
  {
    title: "a dockercfg without its key",
    fields: { type: "kubernetes.io/dockercfg" },
    findings: [finding("data[.dockercfg]", "Required value")],
  },
  {
    title: "a dockercfg that is no JSON",
    fields: { type: "kubernetes.io/dockercfg", stringData: { ".dockercfg": "nope" } },
    findings: [
      finding(
        "data[.dockercfg]",
        "Invalid value",
        `"<secret contents redacted>": invalid character 'o' in literal null (expecting 'u')`,
      ),
    ],
  },
  {
    title: "a dockerconfigjson without its key",
    fields: { type: "kubernetes.io/dockerconfigjson" },
    findings: [finding("data[.dockerconfigjson]", "Required value")],
  },
  {
    title: "a dockerconfigjson that is a JSON array",
    fields: { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "[]" } },
    findings: [
      finding(
        "data[.dockerconfigjson]",
        "Invalid value",
        `"<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}`,
      ),
    ],
  },
  {
    title: "basic-auth with neither username nor password",
    fields: { type: "kubernetes.io/basic-auth", stringData: { other: "v" } },
    findings: [finding("data[username]", "Required value"), finding("data[password]", "Required value")],
  },
  {
    title: "ssh-auth without its key",
    fields: { type: "kubernetes.io/ssh-auth" },
    findings: [finding("data[ssh-privatekey]", "Required value")],
  },
  {
    title: "ssh-auth with an empty key",
    fields: { type: "kubernetes.io/ssh-auth", stringData: { "ssh-privatekey": "" } },
    findings: [finding("data[ssh-privatekey]", "Required value")],
  },
  {
    title: "tls without either key",
    fields: { type: "kubernetes.io/tls" },
    findings: [finding("data[tls.crt]", "Required value"), finding("data[tls.key]", "Required value")],
  },
  {
    title: "tls without its private key",
    fields: { type: "kubernetes.io/tls", stringData: { "tls.crt": "c" } },
    findings: [finding("data[tls.key]", "Required value")],
  },
];

for (const { title, name = "refused", fields, findings } of refusedCreates) {
  test(`A create with ${title} is a 422 that says so`, async () => {
    const answer = await server.call("POST", secretsPath, { body: secret(name, fields) });
    const { message, details } = expected(name, findings);
    // The unit of a name's length was "characters" before 1.35 and is "bytes" since: a client must take both.
    const neutral = JSON.parse(answer.text.replaceAll("no more than 253 characters", "no more than 253 bytes"));
    assert.equal(answer.status, 422);
    assert.deepEqual(neutral, {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: message.replaceAll("253 characters", "253 bytes"),
      reason: "Invalid",
      details: JSON.parse(JSON.stringify(details).replaceAll("253 characters", "253 bytes")),
      code: 422,
    });
  });
}

const acceptedCreates: { title: string; fields: object; type?: string }[] = [
  { title: "exactly 1 MiB of values", fields: { data: { a: mebibyte } } },
  { title: "a data key of 253 characters", fields: { data: { ["k".repeat(253)]: value } } },
  { title: "a hidden key", fields: { data: { ".secret-file": value } } },
  { title: "no type, which is Opaque", fields: { data: { a: value } }, type: "Opaque" },
  { title: "a type of its own", fields: { type: "example.com/own type!" }, type: "example.com/own type!" },
  {
    title: "basic-auth with an empty password alone",
    fields: { type: "kubernetes.io/basic-auth", stringData: { password: "" } },
  },
  {
    title: "tls with empty keys",
    fields: { type: "kubernetes.io/tls", stringData: { "tls.crt": "", "tls.key": "" } },
  },
  { title: "a bootstrap token of whatever keys", fields: { type: "bootstrap.kubernetes.io/token" } },
  {
    title: "a service account token without data",
    fields: {
      type: "kubernetes.io/service-account-token",
      metadata: { generateName: "token-", annotations: { "kubernetes.io/service-account.name": "robot" } },
    },
  },
  {
    title: "a dockercfg of an empty object",
    fields: { type: "kubernetes.io/dockercfg", stringData: { ".dockercfg": "{}" } },
  },
];

for (const [index, { title, fields, type }] of acceptedCreates.entries()) {
  test(`A create with ${title} is accepted`, async () => {
    const created = await create(server, secretsPath, secret(`accepted-${index}`, fields));
    if (type !== undefined) assert.equal(created.type, type);
    assert.equal("generation" in created.metadata, false);
    assert.equal("stringData" in created, false);
  });
}

test("An update that changes the type is a 422", async () => {
  await create(server, secretsPath, secret("typed", { type: "one" }));
  const answer = await server.call("PUT", `${secretsPath}/typed`, { body: secret("typed", { type: "two" }) });
  const { message, details } = expected("typed", [finding("type", "Invalid value", '"two": field is immutable')]);
  assertFailure(answer, 422, "Invalid", message, details);
});

test("An update without a type keeps the stored one", async () => {
  await create(server, secretsPath, secret("keeps-type", { type: "one" }));
  const answer = await server.call("PUT", `${secretsPath}/keeps-type`, {
    body: secret("keeps-type", { data: { a: value } }),
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.type, "one");
});

test("An immutable secret keeps its data and its flag, and both errors are told", async () => {
  await create(server, secretsPath, secret("fixed", { immutable: true, data: { a: value } }));
  const answer = await server.call("PUT", `${secretsPath}/fixed`, {
    body: secret("fixed", { data: { a: base64("w") } }),
  });
  const text = "field is immutable when `immutable` is set";
  const { message, details } = expected("fixed", [
    finding("immutable", "Forbidden", text),
    finding("data", "Forbidden", text),
  ]);
  assertFailure(answer, 422, "Invalid", message, details);
});

test("An immutable secret takes labels, annotations and finalizers, and can be deleted", async () => {
  await create(server, secretsPath, secret("labelled", { immutable: true, data: { a: value } }));
  const metadata = { name: "labelled", labels: { a: "b" }, annotations: { c: "d" } };
  const body = { apiVersion: "v1", kind: "Secret", metadata, immutable: true, data: { a: value } };
  const answer = await server.call("PUT", `${secretsPath}/labelled`, { body });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json.metadata.labels, { a: "b" });
  assert.equal((await server.call("DELETE", `${secretsPath}/labelled`)).status, 200);
});

test("A secret can become immutable later", async () => {
  await create(server, secretsPath, secret("later", { data: { a: value } }));
  const body = secret("later", { immutable: true, data: { a: value } });
  const answer = await server.call("PUT", `${secretsPath}/later`, { body });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.immutable, true);
});
