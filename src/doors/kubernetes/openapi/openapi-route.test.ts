import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ApiError } from "../api-error.ts";
import { kinds } from "../kinds/kinds.ts";
import { openApiRoute } from "./openapi-route.ts";
import { openApiV2 } from "./openapi-v2.ts";
import { openApiV3 } from "./openapi-v3.ts";

const now = new Date("2026-01-02T03:04:05Z");
const route = openApiRoute(kinds, () => now);

function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const reply = route({ method, url: new URL(path, "https://localhost"), headers });
  if (reply === undefined) return undefined;
  assert.ok(Buffer.isBuffer(reply.body));
  return { ...reply, body: reply.body };
}

function found(path: string, headers: Record<string, string> = {}) {
  return get(path, headers) ?? assert.fail(`${path} must be answered`);
}

/** Every $ref of a document, with what it points at. */
function references(document: unknown): [string, unknown][] {
  const refs = new Set<string>();
  JSON.stringify(document, (key, value: unknown) => {
    if (key === "$ref" && typeof value === "string") refs.add(value);
    return value;
  });
  return [...refs].map((ref) => [ref, lookUp(document, ref.split("/").slice(1))]);
}

function lookUp(value: unknown, names: readonly string[]): unknown {
  const [name, ...rest] = names;
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return lookUp(Object.entries(value).find(([key]) => key === name)?.[1], rest);
}

/** The PATCH operation of an item, which clients decide by. */
function patchOf(document: unknown, path: string): unknown {
  return lookUp(document, ["paths", path, "patch"]);
}

const itemPaths = {
  Secret: "/api/v1/namespaces/{namespace}/secrets/{name}",
  Namespace: "/api/v1/namespaces/{name}",
};

for (const [version, document] of [
  [2, openApiV2(kinds)],
  [3, openApiV3(kinds)],
] as const) {
  test(`OpenAPI ${version}: every reference leads to a schema`, () => {
    const all = references(document);
    assert.ok(all.length > 5);
    for (const [ref, schema] of all) assert.notEqual(schema, undefined, ref);
  });

  test(`OpenAPI ${version}: the PATCH of each kind names the kind, dryRun and fieldValidation`, () => {
    for (const [kind, path] of Object.entries(itemPaths)) {
      const patch = patchOf(document, path);
      assert.deepEqual(lookUp(patch, ["x-kubernetes-group-version-kind"]), { group: "", version: "v1", kind });
      const parameters = lookUp(patch, ["parameters"]);
      assert.ok(Array.isArray(parameters));
      const names = parameters.filter(({ in: place }) => place === "query").map(({ name }) => name);
      assert.deepEqual(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
    }
  });

  test(`OpenAPI ${version}: the list of what may be filtered says so, and no other`, () => {
    const names = (path: string, method: string) =>
      JSON.stringify(lookUp(document, ["paths", path, method, "parameters"])).match(/"name":"strongroomFilter"/g);
    for (const path of ["/api/v1/secrets", "/api/v1/namespaces/{namespace}/secrets"]) {
      assert.equal(names(path, "get")?.length, 1, path);
    }
    assert.equal(names("/api/v1/namespaces/{namespace}/secrets", "delete"), null);
    assert.equal(names("/api/v1/configmaps", "get"), null);
  });

  test(`OpenAPI ${version}: operations have distinct ids and only the verbs that are served`, () => {
    const ids = [...JSON.stringify(document).matchAll(/"operationId":"([^"]+)"/g)].map((match) => match[1]);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of [
      "listCoreV1SecretForAllNamespaces",
      "readCoreV1NamespacedSecret",
      "replaceCoreV1NamespaceFinalize",
    ]) {
      assert.ok(ids.includes(id), id);
    }
    assert.ok(ids.includes("deleteCoreV1CollectionNamespacedSecret"));
    assert.ok(!ids.includes("deleteCoreV1CollectionNamespace"), "namespaces are not deleted by the dozen");
  });

  test(`OpenAPI ${version}: each kind's schema has apiVersion, kind, a description per field and its GVK`, () => {
    const schemas = lookUp(document, version === 2 ? ["definitions"] : ["components", "schemas"]);
    const secret = lookUp(schemas, ["io.k8s.api.core.v1.Secret"]);
    assert.deepEqual(lookUp(secret, ["x-kubernetes-group-version-kind"]), [
      { group: "", version: "v1", kind: "Secret" },
    ]);
    const properties = lookUp(secret, ["properties"]);
    assert.ok(typeof properties === "object" && properties !== null);
    assert.deepEqual(Object.keys(properties), [
      "apiVersion",
      "data",
      "immutable",
      "kind",
      "metadata",
      "stringData",
      "type",
    ]);
    for (const [name, property] of Object.entries(properties)) assert.ok(property.description.length > 10, name);
    const owners = lookUp(schemas, [
      "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
      "properties",
      "ownerReferences",
    ]);
    assert.equal(lookUp(owners, ["x-kubernetes-patch-merge-key"]), "uid");
    assert.deepEqual(lookUp(owners, ["x-kubernetes-list-map-keys"]), ["uid"]);
  });
}

test("/openapi/v2 is JSON by default and protobuf for who asks for it, under a media type clients can parse", () => {
  assert.equal(found("/openapi/v2").contentType, "application/json");
  const asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const reply = found("/openapi/v2?timeout=32s", { accept: asked });
  assert.equal(reply.contentType, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  assert.equal(reply.body.subarray(0, 5).toString("latin1"), "\n\x032.0");
});

test("/openapi/v3 links to the document by its hash, which may then be cached for ever", () => {
  const index = JSON.parse(found("/openapi/v3").body.toString());
  const groups = [
    "events.k8s.io",
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "coordination.k8s.io",
    "strongroom.dev",
  ];
  assert.deepEqual(Object.keys(index.paths), ["api/v1", ...groups.map((group) => `apis/${group}/v1`)]);
  const url: string = index.paths["api/v1"].serverRelativeURL;
  assert.match(url, /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/);
  const reply = found(url);
  assert.equal(reply.headers?.["Cache-Control"], "public, immutable");
  assert.equal(reply.headers?.["Expires"], "Sat, 02 Jan 2027 03:04:05 GMT");
  assert.equal(JSON.parse(reply.body.toString()).openapi, "3.0.0");
  const stale = found("/openapi/v3/api/v1?hash=OLD");
  assert.deepEqual([stale.code, stale.headers?.["Location"]], [301, url]);
  assert.equal(found("/openapi/v3/api/v1").headers?.["Cache-Control"], undefined);
});

test("OpenAPI documents are not sent again to who has them, and are compressed for who accepts it", () => {
  for (const path of ["/openapi/v2", "/openapi/v3/api/v1"]) {
    const first = found(path, { "accept-encoding": "deflate, gzip" });
    assert.equal(first.headers?.["Content-Encoding"], "gzip");
    assert.deepEqual(gunzipSync(first.body), found(path).body);
    const again = found(path, { "if-none-match": String(first.headers?.["ETag"]) });
    assert.deepEqual([again.code, again.body.length], [304, 0]);
    assert.equal(found(path, { "if-none-match": '"other"' }).code, 200);
    assert.equal(found(path, { "accept-encoding": "gzip;q=0" }).headers?.["Content-Encoding"], undefined);
  }
});

test("what is no OpenAPI document is left to others, and an unacceptable form is a 406", () => {
  for (const path of ["/openapi", "/openapi/v4", "/openapi/v3/apis/apps/v1", "/api"])
    assert.equal(get(path), undefined);
  assert.equal(get("/openapi/v2", {}, "POST"), undefined);
  for (const path of ["/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1"]) {
    assert.throws(
      () => get(path, { accept: "application/octet-stream" }),
      (error) => error instanceof ApiError && error.code === 406,
    );
  }
});
