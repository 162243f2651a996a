/** Authorization comes before existence: whoever may not learns nothing, by any verb. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { grant, userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import type { Call } from "../running-server.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const [there, absent] = ["there-x", "absent-x"] as const;

let nobody: UserClient;
let other: UserClient;
before(async () => {
  await create(server, secretsPath, secret(there));
  await create(server, `${rbacPath}/clusterroles`, roleObject(there, coreRule("get", "pods")));
  await create(server, `${rbacPath}/namespaces/default/roles`, roleObject("other", coreRule("*", "secrets", "third")));
  const path = `${rbacPath}/namespaces/default/rolebindings`;
  await create(server, path, bindingObject("other", "Role other", "User other"));
  nobody = await userClient(server, "nobody");
  other = await userClient(server, "other");
});

const patch = (type: string, body: object | string): Call => ({
  body,
  headers: { "Content-Type": `application/${type}` },
});
const form = (as: string): Call => ({ headers: { Accept: `application/json;as=${as};v=v1;g=meta.k8s.io` } });
const requests: [name: string, method: string, path: (name: string) => string, call: (name: string) => Call][] = [
  ["get", "GET", (name) => `${secretsPath}/${name}`, () => ({})],
  ["HEAD", "HEAD", (name) => `${secretsPath}/${name}`, () => ({})],
  ["a list that selects it", "GET", (name) => `${secretsPath}?fieldSelector=metadata.name%3D${name}`, () => ({})],
  [
    "a watch that selects it",
    "GET",
    (name) => `${secretsPath}?watch=1&fieldSelector=metadata.name%3D${name}`,
    () => ({}),
  ],
  ["a watch of old", "GET", (name) => `/api/v1/watch/namespaces/default/secrets/${name}`, () => ({})],
  ["create", "POST", () => secretsPath, (name) => ({ body: secret(name) })],
  [
    "create without a name in the right place",
    "POST",
    (name) => `${secretsPath}/${name}`,
    (name) => ({ body: secret(name) }),
  ],
  ["update", "PUT", (name) => `${secretsPath}/${name}`, (name) => ({ body: secret(name) })],
  [
    "an update with a wrong uid",
    "PUT",
    (name) => `${secretsPath}/${name}`,
    (name) => ({ body: { metadata: { name, uid: "x" } } }),
  ],
  ["an update that is no object", "PUT", (name) => `${secretsPath}/${name}`, () => ({ body: "[" })],
  ["a merge patch", "PATCH", (name) => `${secretsPath}/${name}`, () => patch("merge-patch+json", {})],
  ["a strategic patch", "PATCH", (name) => `${secretsPath}/${name}`, () => patch("strategic-merge-patch+json", {})],
  [
    "a JSON patch that tests",
    "PATCH",
    (name) => `${secretsPath}/${name}`,
    () => patch("json-patch+json", [{ op: "test", path: "/type", value: "x" }]),
  ],
  [
    "apply",
    "PATCH",
    (name) => `${secretsPath}/${name}?fieldManager=t`,
    (name) => patch("apply-patch+yaml", { apiVersion: "v1", kind: "Secret", metadata: { name } }),
  ],
  ["a patch of a media type that there is not", "PATCH", (name) => `${secretsPath}/${name}`, () => patch("x", "x")],
  ["delete", "DELETE", (name) => `${secretsPath}/${name}`, () => ({})],
  [
    "a delete as a dry run that orphans",
    "DELETE",
    (name) => `${secretsPath}/${name}?dryRun=All&propagationPolicy=Orphan`,
    () => ({}),
  ],
  [
    "deletecollection",
    "DELETE",
    (name) => `${secretsPath}?fieldSelector=metadata.name%3D${name}&dryRun=All`,
    () => ({}),
  ],
  ...["Table", "PartialObjectMetadata"].map((as): (typeof requests)[number] => [
    `get as ${as}`,
    "GET",
    (name) => `${secretsPath}/${name}`,
    () => form(as),
  ]),
  ...["Table", "PartialObjectMetadataList"].map((as): (typeof requests)[number] => [
    `a list as ${as}`,
    "GET",
    (name) => `${secretsPath}?fieldSelector=metadata.name%3D${name}`,
    () => form(as),
  ]),
  [
    "a watch as Table",
    "GET",
    (name) => `${secretsPath}?watch=1&fieldSelector=metadata.name%3D${name}`,
    () => form("Table"),
  ],
  ["metadata", "GET", (name) => `${secretsPath}/${name}/metadata`, () => ({})],
  ["a watch of metadata", "GET", (name) => `/api/v1/watch/namespaces/default/secrets/${name}/metadata`, () => ({})],
  [
    "a filter that there is not",
    "GET",
    (name) => `${secretsPath}?strongroomFilter=x&fieldSelector=metadata.name%3D${name}`,
    () => ({}),
  ],
  [
    "a JSON patch that copies values",
    "PATCH",
    (name) => `${secretsPath}/${name}?dryRun=All`,
    () => patch("json-patch+json", [{ op: "copy", from: "/data", path: "/metadata/labels" }]),
  ],
  [
    "get as somebody else",
    "GET",
    (name) => `${secretsPath}/${name}`,
    () => ({ headers: { "Impersonate-User": "reader" } }),
  ],
  ["a subresource", "GET", (name) => `${secretsPath}/${name}/status`, () => ({})],
  ["get of a ClusterRole", "GET", (name) => `${rbacPath}/clusterroles/${name}`, () => ({})],
  [
    "escalation of a ClusterRole",
    "PUT",
    (name) => `${rbacPath}/clusterroles/${name}`,
    (name) => ({ body: roleObject(name, coreRule("*", "*")) }),
  ],
];

for (const [name, method, path, call] of requests) {
  test(`By ${name} nobody who may not can tell what is there from what is not`, async () => {
    for (const client of [nobody, other]) {
      const [found, missing] = [
        await client(method, path(there), call(there)),
        await client(method, path(absent), call(absent)),
      ];
      assert.equal(found.status, 403);
      assert.equal(missing.status, 403);
      assert.equal(missing.text.replaceAll(absent, there), found.text);
      const told = (headers: Record<string, unknown>) =>
        Object.entries(headers).filter(([header]) => !["audit-id", "date", "content-length"].includes(header));
      assert.deepEqual(told(missing.headers), told(found.headers));
    }
  });
}

test("A right to create does not tell by PUT or apply what is there", async () => {
  const rules = roleObject("creator", coreRule("create", "secrets"));
  await create(server, `${rbacPath}/namespaces/default/roles`, rules);
  const path = `${rbacPath}/namespaces/default/rolebindings`;
  await create(server, path, bindingObject("creator", "Role creator", "User creator"));
  const creator = await userClient(server, "creator");
  for (const name of [there, absent]) {
    assert.equal((await creator("PUT", `${secretsPath}/${name}`, { body: secret(name) })).status, 403);
    const apply = patch("apply-patch+yaml", { apiVersion: "v1", kind: "Secret", metadata: { name } });
    assert.equal((await creator("PATCH", `${secretsPath}/${name}?fieldManager=t`, apply)).status, 403);
  }
});

test("A namespace that is not there looks to whoever may not as one that is", async () => {
  const ask = async (namespace: string) => {
    const answer = await nobody("POST", `/api/v1/namespaces/${namespace}/secrets`, { body: secret("x") });
    return answer.text.replaceAll(namespace, "NAMESPACE");
  };
  assert.equal(await ask("kube-public"), await ask("not-there-x"));
});

test("A right to the metadata of one name tells nothing of others, by no form and no filter", async () => {
  await grant(server, "namer", ["get,list,watch", "secrets/metadata", "third"]);
  const namer = await userClient(server, "namer");
  const ask = async (name: string, path: string, call: Call) => {
    const answer = await namer("GET", path.replace("NAME", name), call);
    return [answer.status, answer.text.replaceAll(name, "NAME").replaceAll(/"resourceVersion":"\d+"/g, "")];
  };
  for (const [path, call] of [
    [`${secretsPath}/NAME`, form("Table")],
    [`${secretsPath}/NAME/metadata`, {}],
    [`${secretsPath}?fieldSelector=metadata.name%3DNAME`, form("Table")],
    [`${secretsPath}?strongroomFilter=allowed&fieldSelector=metadata.name%3DNAME`, form("Table")],
    [`${secretsPath}?strongroomFilter=allowed&fieldSelector=metadata.name%3DNAME`, {}],
    [`${secretsPath}?strongroomFilter=allowed&watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3DNAME`, {}],
    [`/api/v1/watch/namespaces/default/secrets/NAME?strongroomFilter=allowed&timeoutSeconds=1`, {}],
  ] as const) {
    assert.deepEqual(await ask(there, path, call), await ask(absent, path, call), path);
  }
});

test("A change that reads is refused before what it would change is looked for", async () => {
  await grant(server, "writer", ["patch,update,delete", "secrets"]);
  const writer = await userClient(server, "writer");
  const copies = patch("json-patch+json", [{ op: "test", path: "/data/a", value: "MQ==" }]);
  const [found, missing] = [
    await writer("PATCH", `${secretsPath}/${there}`, copies),
    await writer("PATCH", `${secretsPath}/${absent}`, copies),
  ];
  assert.equal(found.status, 403);
  assert.equal(missing.text.replaceAll(absent, there), found.text);
});
