/**
 * Bodies that no honest client sends, to every kind in every media type: refused with
 * a Status in the words of the API, or taken without what is not known, and never a
 * failure of the server's own.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { decodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { apiVersionOf } from "../../src/doors/kubernetes/response/encode-object.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer, TestServer } from "../running-server.ts";
import { create, patchTypes, sendPatch } from "../support/api-objects.ts";
import { kindExamples } from "../support/kind-examples.ts";

const protobuf = "application/vnd.kubernetes.protobuf";
const yaml = "application/yaml";
const json = "application/json";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const withType = (contentType: string) => ({ "Content-Type": contentType });

/** Refused as the client's fault, by a Status that stays small. */
function assertRefused(answer: Answer, what: string): void {
  assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
  assert.equal(answer.json.kind, "Status", what);
  assert.ok(answer.text.length < 20_000, what);
}

for (const { kind, collection, object } of kindExamples) {
  const apiVersion = apiVersionOf(kind);
  const post = (path: string, body: string | Buffer | object, contentType = json) =>
    server.call("POST", path, { body, headers: withType(contentType) });
  const dry = `${collection}?dryRun=All`;

  describe(`${apiVersion} ${kind.kind}`, () => {
    test("refuses what is no object of any form", async () => {
      for (const contentType of [json, yaml, protobuf]) {
        for (const body of ["[]", "{", '"text"', "a: [", "\u0000", "k8s\u0000\u00ff\u00ff", "-1"]) {
          assertRefused(await post(dry, body, contentType), `${contentType} ${JSON.stringify(body)}`);
        }
      }
      assertRefused(await post(dry, "<x/>", "application/xml"), "application/xml");
    });

    test("refuses another kind, another version, and fields of a wrong type", async () => {
      const good = object("typed");
      for (const [what, body] of Object.entries({
        kind: { ...good, kind: kind.kind === "Secret" ? "ConfigMap" : "Secret" },
        version: { ...good, apiVersion: "apps/v1" },
        kindOfKind: { ...good, kind: 1 },
        metadata: { ...good, metadata: "text" },
        name: { ...good, metadata: { name: 1 } },
        labels: { ...good, metadata: { name: "typed", labels: ["a"] } },
        label: { ...good, metadata: { name: "typed", labels: { a: 1 } } },
        owner: { ...good, metadata: { name: "typed", ownerReferences: {} } },
        timestamp: { ...good, metadata: { name: "typed", creationTimestamp: "yesterday" } },
      })) {
        const answer = await post(dry, body);
        assertRefused(answer, what);
        assert.equal(answer.status, 400, what);
      }
    });

    test("refuses, warns of or ignores unknown and duplicate fields as it is asked", async () => {
      const text = JSON.stringify({ ...object("strict"), oddField: { nested: 1 } });
      const unknown = text.replace('"name":"strict"', '"name":"strict","oddMeta":1,"labels":{"a":"1","a":"2"}');
      const errors = [
        'unknown field "metadata.oddMeta"',
        'unknown field "oddField"',
        'duplicate field "metadata.labels.a"',
      ];
      const strict = await post(`${dry}&fieldValidation=Strict`, unknown);
      assertRefused(strict, json);
      for (const error of errors) assert.ok(strict.json.message.includes(error), error);
      assertRefused(await post(`${dry}&fieldValidation=Strict`, unknown, yaml), yaml);
      const warned = await post(`${dry}&fieldValidation=Warn`, unknown);
      assert.equal(warned.status, 201, warned.text);
      for (const error of errors) {
        assert.ok(String(warned.headers["warning"]).includes(error.replaceAll('"', '\\"')), error);
      }
      const ignored = await post(`${dry}&fieldValidation=Ignore`, unknown);
      assert.deepEqual([ignored.status, ignored.headers["warning"]], [201, undefined]);
      assert.equal(ignored.json.oddField, undefined);
    });

    test("takes names of prototypes for what they are", async () => {
      const body = `{"apiVersion":"${apiVersion}","kind":"${kind.kind}","__proto__":{"a":1},"constructor":1,"toString":{},${JSON.stringify(object("proto")).slice(1)}`;
      const strict = await post(
        `${dry}&fieldValidation=Strict`,
        body.replace(/"apiVersion":"[^"]*","kind":"[^"]*",/, ""),
      );
      assertRefused(strict, "strict");
      for (const name of ["__proto__", "constructor", "toString"]) {
        assert.ok(strict.json.message.includes(`unknown field "${name}"`), name);
      }
      const labelled = {
        ...object("proto"),
        metadata: { name: "proto", labels: JSON.parse('{"constructor":"x","toString":"y"}') },
      };
      const answer = await post(dry, labelled);
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.json.metadata.labels.constructor, "x");
    });

    test("refuses protobuf that ends too early, wherever, or takes what is whole", async () => {
      const created = await create(server, collection, object("cut"));
      const { body } = await server.call("GET", `${collection}/cut`, { headers: { Accept: protobuf } });
      const { raw } = decodeEnvelope(body);
      assert.ok(raw.length > 0);
      const put = (sent: Buffer) =>
        server.call("PUT", `${collection}/cut?dryRun=All`, { body: sent, headers: withType(protobuf) });
      for (let length = 0; length < body.length; length += Math.max(1, Math.floor(body.length / 60))) {
        const answer = await put(body.subarray(0, length));
        assert.ok(answer.status < 500, `${length}: ${answer.text.slice(0, 200)}`);
      }
      for (let at = 4; at < body.length; at += Math.max(1, Math.floor(body.length / 40))) {
        const changed = Buffer.from(body);
        changed[at] = (changed[at] ?? 0) ^ 0x55;
        const answer = await put(changed);
        assert.ok(answer.status < 500, `${at}: ${answer.text.slice(0, 200)}`);
      }
      assert.deepEqual((await server.call("GET", `${collection}/cut`)).json, created, "nothing was changed");
      await server.call("DELETE", `${collection}/cut`);
    });

    test("is the same in YAML as in JSON", async () => {
      const inYaml = await post(dry, stringify(object("same")), yaml);
      const inJson = await post(dry, object("same"));
      const common = ({ json: { metadata, ...rest } }: Answer) => ({ name: metadata.name, ...rest });
      assert.deepEqual(common(inYaml), common(inJson));
    });

    test("refuses patches that do not fit", async () => {
      await create(server, collection, object("patched"));
      for (const [type, patch] of [
        ["merge", "[]"],
        ["merge", '{"metadata":"x"}'],
        ["merge", '{"metadata":{"uid":"other"}}'],
        ["strategic", '{"metadata":{"finalizers":{"a":1}}}'],
        ["strategic", '{"metadata":{"$patch":"odd"}}'],
        ["json", '[{"op":"remove","path":"/nowhere"}]'],
        ["json", '[{"op":"add","path":"/metadata/labels/__proto__/a","value":1}]'],
        ["json", "{}"],
      ] as const) {
        assertRefused(await sendPatch(server, type, `${collection}/patched`, patch), `${patchTypes[type]} ${patch}`);
      }
      await server.call("DELETE", `${collection}/patched`);
    });

    test("refuses names and selectors that are none", async () => {
      for (const query of ["fieldSelector=no.such%3Dx", "labelSelector=a%20b%20c", "limit=x", "continue=x"]) {
        assertRefused(await server.call("GET", `${collection}?${query}`), query);
      }
      assertRefused(await post(dry, { ...object("x"), metadata: { name: "a/b" } }), "a/b");
      assertRefused(await post(dry, { ...object("x"), metadata: {} }), "no name");
    });
  });
}
