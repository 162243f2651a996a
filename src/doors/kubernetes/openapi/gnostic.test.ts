import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeGnostic } from "./gnostic.ts";

/** Every form that openapi-v2.ts writes, once. */
const document = {
  swagger: "2.0",
  info: { title: "T", version: "v1" },
  definitions: {
    "a.X": {
      description: "An X.",
      type: "object",
      required: ["list"],
      properties: {
        list: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        map: { type: "object", additionalProperties: { type: "string", format: "byte" } },
        self: { description: "me", $ref: "#/definitions/a.X" },
      },
      "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "X" }],
    },
  },
  paths: {
    "/x/{name}": {
      get: {
        tags: ["core_v1"],
        description: "Read.",
        operationId: "readX",
        produces: ["application/json", "application/yaml"],
        responses: { 200: { description: "OK", schema: { $ref: "#/definitions/a.X" } } },
        schemes: ["https"],
        "x-kubernetes-action": "get",
      },
      patch: {
        consumes: ["application/merge-patch+json"],
        parameters: [
          { name: "body", in: "body", required: true, schema: { $ref: "#/definitions/a.X" } },
          { uniqueItems: true, type: "string", description: "d", name: "dryRun", in: "query" },
        ],
        "x-kubernetes-group-version-kind": { group: "", version: "v1", kind: "X" },
      },
      parameters: [{ uniqueItems: true, type: "string", name: "name", in: "path", required: true }],
    },
  },
};

/** The same document written in text and encoded by protoc 3.21 with google/gnostic openapiv2/OpenAPIv2.proto. */
const fromProtoc = `
CgMyLjASBwoBVBICdjFC+wIS+AIKCS94L3tuYW1lfRLqAhKKAQoHY29yZV92MRoFUmVhZC4qBXJlYWRYMhBhcHBsaWNhdGlvbi9qc29uMhBhcH
BsaWNhdGlvbi95YW1sSiYKJAoDMjAwEh0KGwoCT0sSFQoTChEjL2RlZmluaXRpb25zL2EuWFIFaHR0cHNqHgoTeC1rdWJlcm5ldGVzLWFjdGlv
bhIHEgUiZ2V0IkK5ATocYXBwbGljYXRpb24vbWVyZ2UtcGF0Y2granNvbkInCiUKIxIEYm9keRoEYm9keSABKhMKESMvZGVmaW5pdGlvbnMvYS
5YQiMKIRIfGh0SBXF1ZXJ5GgFkIgZkcnlSdW4yBnN0cmluZ6ABAWpLCh94LWt1YmVybmV0ZXMtZ3JvdXAtdmVyc2lvbi1raW5kEigSJnsiZ3Jv
dXAiOiIiLCJ2ZXJzaW9uIjoidjEiLCJraW5kIjoiWCJ9Sh8KHRIbIhkIARIEcGF0aCIEbmFtZSoGc3RyaW5nmAEBSosCCogCCgNhLlgSgAIiBU
FuIFgumgEEbGlzdLIBCAoGb2JqZWN0ygGTAQpGCgRsaXN0Ej6yAQcKBWFycmF5ugENCguyAQgKBnN0cmluZ/oBIQoWeC1rdWJlcm5ldGVzLWxp
c3QtdHlwZRIHEgUic2V0IgooCgNtYXASIaoBEwoREgRieXRlsgEICgZzdHJpbmeyAQgKBm9iamVjdAofCgRzZWxmEhcKESMvZGVmaW5pdGlvbn
MvYS5YIgJtZfoBTQofeC1rdWJlcm5ldGVzLWdyb3VwLXZlcnNpb24ta2luZBIqEihbeyJncm91cCI6IiIsInZlcnNpb24iOiJ2MSIsImtpbmQi
OiJYIn1d`;

test("encodeGnostic writes the bytes that protoc writes", () => {
  assert.equal(Buffer.from(encodeGnostic(document)).toString("base64"), fromProtoc.replaceAll("\n", ""));
});

test("encodeGnostic raises on what it has no number for, instead of leaving it out", () => {
  assert.throws(() => encodeGnostic({ swagger: "2.0", host: "x" }), /host has no field number/);
  assert.throws(() => encodeGnostic({ definitions: { "a.X": { type: "object", minimum: 1 } } }), /minimum/);
  assert.throws(() => encodeGnostic({ info: 7 }), RangeError);
  assert.throws(() => encodeGnostic({ swagger: 2 }), RangeError);
});
