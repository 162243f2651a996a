import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../api-error.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { secretKind } from "../kinds/secret.ts";
import { discoveryRoute } from "./discovery.ts";

/** A kind of a named group, to see what the core group does not show. */
const widget: Kind = {
  ...secretKind,
  group: "example.com",
  version: "v1beta1",
  kind: "Widget",
  resource: "widgets",
  singular: "widget",
  shortNames: ["wi"],
  categories: ["all"],
  subresources: [],
};
const route = discoveryRoute({
  kinds: [namespaceKind, secretKind, widget],
  version: "0.1.0",
  serverAddress: "127.0.0.1:8443",
  otherPaths: ["/healthz"],
});

function get(path: string, accept?: string, headers: Record<string, string> = {}, method = "GET") {
  const all = accept === undefined ? headers : { ...headers, accept };
  const reply = route({ method, url: new URL(path, "https://localhost"), headers: all });
  if (reply === undefined) return undefined;
  assert.ok(Buffer.isBuffer(reply.body));
  return { ...reply, text: reply.body.toString() };
}

function found(path: string, accept?: string, headers: Record<string, string> = {}) {
  return get(path, accept, headers) ?? assert.fail(`${path} must be answered`);
}

const v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const v2beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
const plain = "application/json";

/** What clients send, and the Content-Type that must come back: exactly what was asked for. */
const negotiations: readonly (readonly [string, string | undefined, string, string])[] = [
  ["kubectl 1.30 and newer", `${v2},${v2beta1},${plain}`, v2, "APIGroupDiscoveryList"],
  ["kubectl 1.27 to 1.29", `${v2beta1},${plain}`, v2beta1, "APIGroupDiscoveryList"],
  ["kubectl 1.20", `${plain}, */*`, plain, "plain"],
  ["curl", "*/*", plain, "plain"],
  ["no Accept", undefined, plain, "plain"],
  ["another group", `application/json;g=other;v=v2;as=APIGroupDiscoveryList,${plain}`, plain, "plain"],
  [
    "a version to come",
    `application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,${plain}`,
    plain,
    "plain",
  ],
  ["a preference for plain", `${v2};q=0.5,${plain}`, plain, "plain"],
];

for (const [who, accept, contentType, kind] of negotiations) {
  test(`discovery answers ${who} with ${contentType}`, () => {
    for (const [path, plainKind] of [
      ["/api", "APIVersions"],
      ["/apis", "APIGroupList"],
    ] as const) {
      const reply = found(path, accept);
      assert.equal(reply.contentType, contentType);
      assert.equal(JSON.parse(reply.text).kind, kind === "plain" ? plainKind : kind);
    }
  });
}

test("discovery raises 406 when nothing that is served is acceptable", () => {
  for (const accept of ["text/html", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;q=0"]) {
    assert.throws(
      () => get("/api", accept),
      (error) => error instanceof ApiError && error.code === 406,
      accept,
    );
  }
});

test("the aggregated document of /api lists the core group as upstream does", () => {
  const document = JSON.parse(found("/api", v2).text);
  assert.equal(document.apiVersion, "apidiscovery.k8s.io/v2");
  const [group, ...more] = document.items;
  assert.equal(more.length, 0);
  assert.deepEqual(group.metadata, { creationTimestamp: null });
  const [namespaces, secrets] = group.versions[0].resources;
  const responseKind = { group: "", version: "v1", kind: "Namespace" };
  assert.deepEqual(namespaces, {
    resource: "namespaces",
    responseKind,
    scope: "Cluster",
    singularResource: "namespace",
    verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
    shortNames: ["ns"],
    subresources: [
      { subresource: "finalize", responseKind, verbs: ["update"] },
      { subresource: "status", responseKind, verbs: ["get", "patch", "update"] },
    ],
  });
  assert.deepEqual([secrets.scope, secrets.shortNames], ["Namespaced", undefined]);
  const metadata = { group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata" };
  const rollback = { group: "strongroom.dev", version: "v1", kind: "SecretRollback" };
  assert.deepEqual(secrets.subresources, [
    { subresource: "metadata", responseKind: metadata, verbs: ["get", "list", "watch"] },
    { subresource: "rollback", responseKind: rollback, verbs: ["create"] },
  ]);
  assert.equal(JSON.parse(found("/api", v2beta1).text).apiVersion, "apidiscovery.k8s.io/v2beta1");
});

test("the aggregated document of /apis lists the named groups only", () => {
  const { items } = JSON.parse(found("/apis", v2).text);
  assert.deepEqual(
    items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ["example.com"],
  );
  assert.deepEqual(items[0].versions[0].resources[0].categories, ["all"]);
});

test("the plain lists are those of upstream, storage version hashes included", () => {
  assert.deepEqual(JSON.parse(found("/api").text), {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:8443" }],
  });
  const core = JSON.parse(found("/api/v1").text);
  assert.deepEqual([core.kind, core.apiVersion, core.groupVersion], ["APIResourceList", undefined, "v1"]);
  const names = core.resources.map((resource: { name: string }) => resource.name);
  const own = ["secrets/metadata", "secrets/rollback"];
  assert.deepEqual(names, ["namespaces", "namespaces/finalize", "namespaces/status", "secrets", ...own]);
  // The hashes of a kube-apiserver: they depend on group, version and kind alone.
  assert.equal(core.resources[0].storageVersionHash, "Q3oi5N2YM8M=");
  assert.equal(core.resources[3].storageVersionHash, "S6u1pOWzb84=");
  const group = JSON.parse(found("/apis/example.com").text);
  assert.deepEqual(group.preferredVersion, { groupVersion: "example.com/v1beta1", version: "v1beta1" });
  assert.equal(JSON.parse(found("/apis/example.com/v1beta1").text).apiVersion, "v1");
});

test("discovery has an ETag in upstream's form and answers 304 to who names it", () => {
  const first = found("/api", v2);
  assert.match(String(first.headers?.["ETag"]), /^"[0-9A-F]{128}"$/);
  assert.match(String(first.headers?.["Vary"]), /^Accept\b/);
  const again = found("/api", v2, { "if-none-match": String(first.headers?.["ETag"]) });
  assert.deepEqual([again.code, again.text], [304, ""]);
  const other = found("/api", plain, { "if-none-match": String(first.headers?.["ETag"]) });
  assert.equal(other.code, 200, "the plain document is another one");
});

test("/version says which release the API is compatible with, in a form semantic versioning accepts", () => {
  const { major, minor, gitVersion } = JSON.parse(found("/version").text);
  assert.deepEqual([major, minor, gitVersion], ["1", "34", "v1.34.0+strongroom.0.1.0"]);
});

test("/ lists the paths, trailing slashes do not matter, YAML is served, and the rest is left to others", () => {
  const { paths } = JSON.parse(found("/").text);
  for (const path of ["/api", "/api/v1", "/apis/example.com/v1beta1", "/healthz"])
    assert.ok(paths.includes(path), path);
  assert.equal(found("/api/v1/").text, found("/api/v1").text);
  assert.match(found("/version", "application/yaml").text, /^major: "1"$/m);
  for (const path of ["/api/v2", "/apis/none.example", "/apis/example.com/v1", "/healthz"]) {
    assert.equal(get(path), undefined, path);
  }
  assert.equal(get("/api", undefined, {}, "POST"), undefined);
});
