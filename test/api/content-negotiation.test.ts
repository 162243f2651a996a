/**
 * What Accept and Content-Type lead to, in all combinations.
 * Source: apiserver pkg/endpoints/handlers/negotiation/negotiate.go, pkg/endpoints/handlers/{rest,response}.go.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { parse } from "yaml";
import { decodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { base64, create, secret, secretsPath } from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
await create(server, secretsPath, secret("one", { stringData: { k: "v" } }));

const json = "application/json";
const yaml = "application/yaml";
const protobuf = "application/vnd.kubernetes.protobuf";
const as = (kind: string, version = "v1") => `;as=${kind};v=${version};g=meta.k8s.io`;
const table = as("Table");
const partial = as("PartialObjectMetadata");
const partialList = as("PartialObjectMetadataList");

const noneServed = `only the following media types are accepted: ${json}, ${yaml}, ${protobuf}`;
const noStream = `only the following media types are accepted: ${json};stream=watch, ${protobuf};stream=watch`;
const isList = "you requested PartialObjectMetadata, but the requested object is a list (*core.SecretList)";
const isNoList = "you requested PartialObjectMetadataList, but the requested object is not a list (*core.Secret)";

/** What an answer is: media type and kind, or the message of its refusal. */
function described(answer: Answer): string {
  const type = answer.headers["content-type"] ?? "";
  if (type === protobuf) return `${type} ${decodeEnvelope(answer.body).kind}`;
  const { kind, message } = parse(answer.text) as { kind: string; message?: string }; // JSON is YAML, too
  return answer.status === 406 ? String(message) : `${type} ${kind}`;
}

/** Accept, and what a GET of one object, of the list and a watch of it answer. */
const accepts: readonly [accept: string, object: string, list: string, watch: string][] = [
  ["", `${json} Secret`, `${json} SecretList`, json],
  ["*/*", `${json} Secret`, `${json} SecretList`, json],
  ["application/*", `${json} Secret`, `${json} SecretList`, json],
  [json, `${json} Secret`, `${json} SecretList`, json],
  [yaml, `${yaml} Secret`, `${yaml} SecretList`, noStream],
  [protobuf, `${protobuf} Secret`, `${protobuf} SecretList`, `${protobuf};stream=watch`],
  ["text/html", noneServed, noneServed, noStream],
  ["text/html, */*;q=0.1", `${json} Secret`, `${json} SecretList`, json],
  // Quality decides, then the order.
  [`${json};q=0.5, ${yaml};q=0.9`, `${yaml} Secret`, `${yaml} SecretList`, noStream],
  [`${protobuf},${json}`, `${protobuf} Secret`, `${protobuf} SecretList`, `${protobuf};stream=watch`],
  [`${json};q=0.9,${protobuf};q=1`, `${protobuf} Secret`, `${protobuf} SecretList`, `${protobuf};stream=watch`],
  // YAML was chosen; that it cannot be streamed is found out too late to choose again - unless a stream was asked for.
  [`${yaml}, ${json}`, `${yaml} Secret`, `${yaml} SecretList`, noStream],
  [`${yaml};stream=watch, ${json}`, `${json} Secret`, `${json} SecretList`, json],
  [`${json};stream=watch`, `${json} Secret`, `${json} SecretList`, json],
  [`${protobuf};stream=watch`, `${protobuf} Secret`, `${protobuf} SecretList`, `${protobuf};stream=watch`],
  [`${json};stream=other`, noneServed, noneServed, noStream],
  // Parameters.
  [`${json};charset=utf-8`, `${json} Secret`, `${json} SecretList`, json],
  [`${json};unknown=x`, `${json} Secret`, `${json} SecretList`, json],
  [`${json};sv=v1`, `${json} Secret`, `${json} SecretList`, json],
  [`${json};sv=v2`, noneServed, noneServed, noStream],
  [`${json};v=v1`, noneServed, noneServed, noStream],
  [`${json};g=meta.k8s.io;v=v1`, noneServed, noneServed, noStream],
  // Tables.
  [`${json}${table}`, `${json} Table`, `${json} Table`, json],
  [`*/*${table}`, `${json} Table`, `${json} Table`, json],
  [`${yaml}${table}`, `${yaml} Table`, `${yaml} Table`, noStream],
  [`${json}${as("Table", "v1beta1")}`, `${json} Table`, `${json} Table`, json],
  [`${json}${as("Table", "v2")}`, noneServed, noneServed, noStream],
  [`${json}${as("Table", "v2")},${json}`, `${json} Secret`, `${json} SecretList`, json],
  [`${json};as=Table;v=v1;g=other`, noneServed, noneServed, noStream],
  [`${json};as=Table;v=v1`, noneServed, noneServed, noStream],
  [`${json}${as("Chair")},${json}`, `${json} Secret`, `${json} SecretList`, json],
  [`${protobuf}${table}`, noneServed, noneServed, noStream],
  [`${protobuf}${table},${json}${table}`, `${json} Table`, `${json} Table`, json],
  // Metadata: which of the two fits is found out too late to choose again.
  [`${json}${partial}`, `${json} PartialObjectMetadata`, isList, json],
  [`${json}${partial},${json}`, `${json} PartialObjectMetadata`, isList, json],
  [`${protobuf}${partial}`, `${protobuf} PartialObjectMetadata`, isList, `${protobuf};stream=watch`],
  [`${json}${partialList},${json}`, isNoList, `${json} PartialObjectMetadataList`, json],
  [`${yaml}${partialList}`, isNoList, `${yaml} PartialObjectMetadataList`, noStream],
];

test("Accept decides about the form of an object, of a list and of a watch", async () => {
  for (const [accept, ...expected] of accepts) {
    const headers: Record<string, string> = accept === "" ? {} : { Accept: accept };
    const object = described(await server.call("GET", `${secretsPath}/one`, { headers }));
    const list = described(await server.call("GET", secretsPath, { headers }));
    assert.deepEqual([object, list, await watchAnswer(headers)], expected, accept);
  }
});

/** The media type of a watch, or the message of its refusal. */
async function watchAnswer(headers: Record<string, string>): Promise<string> {
  const path = `${secretsPath}?watch=true`;
  await using watch = await openWatch(server, path, headers);
  return watch.status === 200 ? watch.contentType : described(await server.call("GET", path, { headers }));
}

test("A failure is told in the first form asked for that can hold a Status", async () => {
  for (const [accept, type] of [
    ["", json],
    [yaml, yaml],
    [protobuf, protobuf],
    [`${protobuf}${partial},${json}${partial},${json}`, json],
    [`${yaml}${table}`, json],
    ["text/html", json],
  ] as const) {
    const headers = { Accept: accept };
    const answer = await server.call("GET", `${secretsPath}/absent`, { headers });
    assert.equal(answer.headers["content-type"], type, accept);
    assert.equal(answer.status, accept === "text/html" ? 406 : 404, accept);
  }
});

test("JSON is indented for those who ask, and for agents of people", async () => {
  const cases: readonly [query: string, headers: Record<string, string>, pretty: boolean][] = [
    ["", {}, false],
    ["?pretty=true", {}, true],
    ["?pretty=1", {}, true],
    ["?pretty=yes", {}, false],
    ["?pretty", {}, false],
    ["?pretty=", { "User-Agent": "curl/8.0" }, true],
    ["?pretty=false", { "User-Agent": "curl/8.0" }, false],
    ["", { "User-Agent": "curl/8.0" }, true],
    ["", { "User-Agent": "Wget/1.21" }, true],
    ["", { "User-Agent": "Mozilla/5.0 (X11)" }, true],
    ["", { "User-Agent": "Mozilla/4.0" }, false],
    ["", { "User-Agent": "kubectl/v1.34.0" }, false],
    ["?pretty=false", { Accept: `${json};pretty=1` }, true],
    ["", { Accept: `${json};pretty=0` }, false],
  ];
  for (const [query, headers, pretty] of cases) {
    const { text } = await server.call("GET", `${secretsPath}/one${query}`, { headers });
    assert.equal(text.startsWith('{\n  "'), pretty, `${query} ${JSON.stringify(headers)}`);
  }
});

const unknownBody = `the body of the request was in an unknown format - accepted media types include: ${json}, ${yaml}, ${protobuf}`;

/** Content-Type of a POST, and the name of the created object or the message of the refusal. */
const contentTypes: readonly [type: string, body: string, outcome: string][] = [
  [json, JSON.stringify(secret("by-json")), "by-json"],
  ["APPLICATION/JSON", JSON.stringify(secret("by-capitals")), "by-capitals"],
  [`${json}; charset=utf-8`, JSON.stringify(secret("by-charset")), "by-charset"],
  [`${json};`, JSON.stringify(secret("by-semicolon")), "by-semicolon"],
  [yaml, "apiVersion: v1\nkind: Secret\nmetadata: {name: by-yaml}\n", "by-yaml"],
  // YAML holds JSON; JSON does not hold YAML.
  [yaml, JSON.stringify(secret("by-json-in-yaml")), "by-json-in-yaml"],
  ["text/plain", "{}", unknownBody],
  ["application/x-www-form-urlencoded", "{}", unknownBody],
  [`${json};nonsense`, "{}", unknownBody],
  ["nonsense", "{}", unknownBody],
  ["application/json-patch+json", "{}", unknownBody],
];

test("Content-Type decides how a body is read", async () => {
  for (const [type, body, outcome] of contentTypes) {
    const answer = await server.call("POST", secretsPath, { body, headers: { "Content-Type": type } });
    assert.equal(answer.status, outcome === unknownBody ? 415 : 201, `${type}: ${answer.text}`);
    assert.equal(answer.status === 415 ? answer.json.message : answer.json.metadata.name, outcome, type);
  }
});

test("A body of one form is answered in the other that Accept names", async () => {
  const body = "apiVersion: v1\nkind: Secret\nmetadata: {name: crossed}\nstringData: {k: v}\n";
  const headers = { "Content-Type": yaml, Accept: protobuf };
  const made = await server.call("POST", secretsPath, { body, headers });
  assert.equal(made.status, 201);
  assert.equal(described(made), `${protobuf} Secret`);
  const back = { "Content-Type": protobuf, Accept: json };
  const replaced = await server.call("PUT", `${secretsPath}/crossed`, { body: made.body, headers: back });
  assert.equal(replaced.status, 200, replaced.text);
  assert.deepEqual(replaced.json.data, { k: base64("v") });
});

test("A patch names its kind in Content-Type, of which parameters are cut off and nothing else is changed", async () => {
  const merge = "application/merge-patch+json";
  for (const [type, status] of [
    [merge, 200],
    [`${merge};charset=utf-8`, 200],
    [`${merge};nonsense`, 200],
    [merge.toUpperCase(), 415],
    [`${merge} ;charset=utf-8`, 415],
    [json, 415],
    ["", 415],
  ] as const) {
    const answer = await server.call("PATCH", `${secretsPath}/one`, { body: "{}", headers: { "Content-Type": type } });
    assert.equal(answer.status, status, `${type}: ${answer.text}`);
    if (status === 415)
      assert.match(answer.json.message, /accepted media types include: application\/json-patch\+json, /);
  }
});
