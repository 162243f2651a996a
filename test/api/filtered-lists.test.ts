/** `strongroomFilter=allowed`: lists and watches of exactly the secrets that their caller may get. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, createNamespace, secret, secretsIn, secretsPath } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { grant, userClient, userCredentials } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const filter = "strongroomFilter=allowed";
const filtered = `${secretsPath}?${filter}`;
const hidden = Buffer.from("canary-hidden").toString("base64");
const meta = "v=v1;g=meta.k8s.io";
const table = { Accept: `application/json;as=Table;${meta}` };
const clusterRoles = `${rbacPath}/clusterroles`;
const clusterBindings = `${rbacPath}/clusterrolebindings`;

/** May get a and c in default and everything in team; in default there are a, b, c, d and z, in team x and y. */
let some: UserClient;
before(async () => {
  for (const name of ["a-b", "team"]) await createNamespace(server, name);
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": hidden };
  for (const name of ["a", "c", "d"]) {
    const metadata = { name, annotations: name === "d" ? annotations : {}, labels: { seen: "yes" } };
    await create(server, secretsPath, {
      ...secret(name, { data: { v: name === "d" ? hidden : "c2Vlbg==" } }),
      metadata,
    });
  }
  for (const name of ["b", "z"]) {
    await create(server, secretsPath, {
      ...secret(name, { data: { v: hidden } }),
      metadata: { name, labels: { seen: "yes" } },
    });
  }
  for (const name of ["x", "y"]) await create(server, secretsIn("team"), secret(name));
  await create(server, secretsIn("a-b"), secret("hidden", { data: { v: hidden } }));
  await grant(server, "some", ["get", "secrets", "a", "c", "not-there", "../x", ""], ["get", "secrets/metadata", "d"]);
  const inTeam = `${rbacPath}/namespaces/team`;
  await create(server, `${inTeam}/roles`, roleObject("some", coreRule("get", "secrets")));
  await create(server, `${inTeam}/rolebindings`, bindingObject("some", "Role some", "User some"));
  some = await userClient(server, "some");
});

const namesIn = ({ json }: Answer): string[] =>
  json.items.map(({ metadata }: Answer["json"]) => `${metadata.namespace}/${metadata.name}`);

test("Exactly what the caller may get is in the list, which says that it is filtered", async () => {
  const list = await some("GET", filtered);
  assert.equal(list.status, 200);
  assert.deepEqual(namesIn(list), ["default/a", "default/c"]);
  assert.equal(list.json.items[0].data.v, "c2Vlbg==");
  assert.deepEqual(list.json.metadata.annotations, { "strongroom.dev/filtered": "allowed" });
  assert.equal(list.headers["strongroom-filtered"], "allowed");
  assert.equal(list.headers["warning"], '299 - "filtered: only the secrets that you may get are in this answer"');
  const everywhere = await some("GET", `/api/v1/secrets?${filter}`);
  assert.deepEqual(namesIn(everywhere), ["default/a", "default/c", "team/x", "team/y"]);
  assert.ok(!(list.text + everywhere.text).includes(hidden));
});

test("In YAML and protobuf too, where unmodified clients read it as any list", async () => {
  for (const accept of ["application/yaml", "application/vnd.kubernetes.protobuf"]) {
    const list = await some("GET", filtered, { headers: { Accept: accept } });
    assert.deepEqual([list.status, list.headers["strongroom-filtered"]], [200, "allowed"]);
    assert.ok(list.text.includes("seen") && !list.text.includes("canary-hidden") && !list.text.includes(hidden));
  }
});

test("Nothing is filtered that was not asked to be, and a filter that there is not is refused", async () => {
  assert.equal((await some("GET", secretsPath)).status, 403);
  for (const value of ["", "Allowed", "all"]) {
    assert.equal((await some("GET", `${secretsPath}?strongroomFilter=${value}`)).status, 403);
    assert.equal((await server.call("GET", `${secretsPath}?strongroomFilter=${value}`)).status, 400);
  }
  const whole = await server.call("GET", filtered);
  assert.equal(whole.json.items.length, 5);
  assert.deepEqual([whole.json.metadata.annotations, whole.headers["strongroom-filtered"]], [undefined, undefined]);
  assert.equal((await some("GET", `/api/v1/namespaces/default/configmaps?${filter}`)).status, 403);
  assert.equal((await some("DELETE", filtered)).status, 403);
});

test("Whoever may get nothing gets an empty list, from namespaces that are not there as well", async () => {
  const nobody = await userClient(server, "nobody");
  for (const path of [filtered, `/api/v1/secrets?${filter}`, `${secretsIn("absent")}?${filter}`]) {
    const list = await nobody("GET", path);
    assert.deepEqual([list.status, list.json.items], [200, []]);
  }
});

test("Pages are as if there was nothing hidden, and no token names it", async () => {
  for (const [path, pages] of [
    [filtered, [["default/a"], ["default/c"]]],
    [`/api/v1/secrets?${filter}`, [["default/a"], ["default/c"], ["team/x"], ["team/y"]]],
  ] as const) {
    const found: string[][] = [];
    let token: string | undefined = "";
    while (token !== undefined) {
      const page = await some("GET", `${path}&limit=1&continue=${token}`);
      assert.equal(page.status, 200, page.text);
      found.push(namesIn(page));
      assert.equal(page.json.metadata.remainingItemCount, undefined);
      token = page.json.metadata.continue;
      if (token === undefined) continue;
      const { start } = JSON.parse(Buffer.from(token, "base64url").toString());
      assert.match(start, /^(default\/)?a\0$|^(default\/c|team\/x)\0$/);
    }
    assert.deepEqual(found, pages);
  }
});

test("Selectors find among what is visible; a hidden name is as one that is not there", async () => {
  const ask = async (query: string) => {
    const answer = await some("GET", `${filtered}&${query}`);
    return answer.text.replace(/"resourceVersion":"\d+"/g, "");
  };
  assert.equal(await ask("fieldSelector=metadata.name%3Db"), await ask("fieldSelector=metadata.name%3Dabsent"));
  assert.deepEqual(namesIn(await some("GET", `${filtered}&labelSelector=seen%3Dyes&limit=1`)), ["default/a"]);
  assert.deepEqual(namesIn(await some("GET", `${filtered}&fieldSelector=metadata.name%3Dc`)), ["default/c"]);
  const forged = Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: -1, start: "b\0" })).toString("base64url");
  assert.deepEqual(namesIn(await some("GET", `${filtered}&continue=${forged}`)), ["default/c"]);
});

test("In a form without values, a right to metadata makes visible as well", async () => {
  const list = await some("GET", filtered, { headers: table });
  assert.deepEqual(
    list.json.rows.map(({ cells }: Answer["json"]) => cells[0]),
    ["a", "c", "d"],
  );
  assert.ok(!list.text.includes(hidden));
  assert.deepEqual(list.json.metadata.annotations, { "strongroom.dev/filtered": "allowed" });
});

test("A right to get everything, or names wherever they are, reaches what it says", async () => {
  await create(server, clusterRoles, roleObject("getter", coreRule("get", "secrets")));
  await create(server, clusterBindings, bindingObject("getter", "ClusterRole getter", "Group getters"));
  const getter = await userClient(server, "getter", ["getters"]);
  assert.equal(namesIn(await getter("GET", `/api/v1/secrets?${filter}`)).length, 8);
  await create(server, clusterRoles, roleObject("named", coreRule("get", "secrets", "x", "a")));
  await create(server, clusterBindings, bindingObject("named", "ClusterRole named", "User named"));
  const named = await userClient(server, "named");
  assert.deepEqual(namesIn(await named("GET", `/api/v1/secrets?${filter}&limit=1`)), ["default/a"]);
  assert.deepEqual(namesIn(await named("GET", `/api/v1/secrets?${filter}`)), ["default/a", "team/x"]);
  assert.deepEqual(namesIn(await named("GET", filtered)), ["default/a"]);
});

test("A filtered watch shows what is visible, and nothing of the rest", async () => {
  const credentials = await userCredentials(server, "some");
  await using watch = await openWatch({ url: server.url, credentials }, `${filtered}&watch=1&allowWatchBookmarks=true`);
  assert.deepEqual(
    (await watch.take(2)).map(({ object }) => object.metadata.name),
    ["a", "c"],
  );
  const put = (name: string) =>
    server.call("PUT", `${secretsPath}/${name}`, { body: secret(name, { data: { n: "MQ==" } }) });
  await put("b");
  await create(server, secretsPath, secret("not-there"));
  await server.call("DELETE", `${secretsPath}/z`);
  await put("c");
  await server.call("DELETE", `${secretsPath}/not-there`);
  const events = await watch.take(3);
  assert.deepEqual(
    events.map(({ type, object }) => [type, object.metadata.name]),
    [
      ["ADDED", "not-there"],
      ["MODIFIED", "c"],
      ["DELETED", "not-there"],
    ],
  );
});

test("A filtered watch ends with 410 when other objects become visible, and goes on when others' rights change", async () => {
  await grant(server, "turning", ["get", "secrets", "a"]);
  const credentials = await userCredentials(server, "turning");
  const path = `${filtered}&watch=1`;
  await using watch = await openWatch({ url: server.url, credentials }, path);
  await watch.take(1);
  await grant(server, "somebody-else", ["get", "secrets", "b"]);
  await server.call("PUT", `${secretsPath}/a`, { body: secret("a", { data: { n: "Mg==" } }) });
  assert.equal((await watch.take(1))[0].type, "MODIFIED");
  const rolePath = `${rbacPath}/namespaces/default/roles/turning`;
  await server.call("PUT", rolePath, { body: roleObject("turning", coreRule("get", "secrets", "a", "c")) });
  const [error] = await watch.rest();
  assert.deepEqual([error.type, error.object.code, error.object.reason], ["ERROR", 410, "Expired"]);
  await using again = await openWatch({ url: server.url, credentials }, path);
  assert.deepEqual(
    (await again.take(2)).map(({ object }) => object.metadata.name),
    ["a", "c"],
  );
  await server.call("DELETE", `${rbacPath}/namespaces/default/rolebindings/turning`);
  assert.equal((await again.rest())[0].object.code, 410);
});

test("Long filtered lists come in order, each secret once", async () => {
  await createNamespace(server, "long");
  const names = Array.from({ length: 1300 }, (_, index) => `n${String(index).padStart(4, "0")}`);
  for (let at = 0; at < names.length; at += 100) {
    await Promise.all(names.slice(at, at + 100).map((name) => create(server, secretsIn("long"), secret(name))));
  }
  const inLong = `${rbacPath}/namespaces/long`;
  const even = names.filter((_, index) => index % 2 === 0);
  await create(server, `${inLong}/roles`, roleObject("even", coreRule("get", "secrets", ...even)));
  await create(server, `${inLong}/rolebindings`, bindingObject("even", "Role even", "User even"));
  const client = await userClient(server, "even");
  for (const limit of ["", "&limit=100"]) {
    const found: string[] = [];
    let token: string | undefined = "";
    while (token !== undefined) {
      const page = await client("GET", `${secretsIn("long")}?${filter}${limit}&continue=${token}`);
      found.push(...namesIn(page).map((name) => name.slice("long/".length)));
      token = page.json.metadata.continue;
    }
    assert.deepEqual(found, even);
  }
});
