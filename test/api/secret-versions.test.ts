/** History, rollback, the trash and what brings back from it, over HTTP. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { findLeaks, leakForms } from "../canary/canary-search.ts";
import { assertFailure, base64, create, secret, secretsIn, secretsPath } from "../support/api-objects.ts";
import { looseAuditEvents } from "../support/audit-events.ts";
import { bindingObject, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const group = "/apis/strongroom.dev/v1";
const versionsPath = `${group}/namespaces/default/secretversions`;
const trashPath = `${group}/namespaces/default/deletedsecrets`;

function rollback(name: string, toVersion: number, metadata: object = {}): object {
  return {
    apiVersion: "strongroom.dev/v1",
    kind: "SecretRollback",
    metadata: { name, ...metadata },
    spec: { toVersion },
  };
}

const restoring = { apiVersion: "strongroom.dev/v1", kind: "SecretRestore" };

async function put(name: string, data: Record<string, string>): Promise<void> {
  const answer = await server.call("PUT", `${secretsPath}/${name}`, { body: secret(name, { data }) });
  assert.equal(answer.status, 200, answer.text);
}

async function historyOf(name: string): Promise<Answer["json"][]> {
  const answer = await server.call("GET", `${versionsPath}?fieldSelector=secret%3D${name}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.items;
}

async function dataOf(name: string): Promise<object> {
  return (await server.call("GET", `${secretsPath}/${name}`)).json.data;
}

async function trashedName(name: string): Promise<string> {
  const { json } = await server.call("GET", `${trashPath}?fieldSelector=secret%3D${name}`);
  return json.items.at(-1).metadata.name;
}

const [one, two, three] = ["one", "second", "3"].map((text) => base64(text)) as [string, string, string];

test("The history tells who wrote which keys when, from the first version to the current one, and no values", async () => {
  const created = await create(server, secretsPath, secret("told", { data: { a: one, b: two } }));
  await put("told", { a: two, c: three });
  await put("told", { a: two, c: three });
  const [first, second, ...more] = await historyOf("told");
  assert.deepEqual(more, [], "a write of the same values is no version");
  const { metadata, time, ...facts } = second;
  assert.deepEqual(facts, {
    secret: "told",
    secretUID: created.metadata.uid,
    version: 2,
    current: true,
    type: "Opaque",
    author: "strongroom-admin",
    door: "kubernetes",
    sizeBytes: `{"a":"${two}","c":"${three}"}`.length,
    keys: [
      { name: "a", sizeBytes: 6 },
      { name: "c", sizeBytes: 1 },
    ],
    changes: { added: ["c"], changed: ["a"], removed: ["b"] },
  });
  assert.equal(metadata.name, "told.v2");
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  assert.deepEqual([first.current, first.changes], [false, { added: ["a", "b"] }]);
  const alone = await server.call("GET", `${versionsPath}/told.v1`);
  assert.deepEqual(alone.json, { kind: "SecretVersion", apiVersion: "strongroom.dev/v1", ...first });
  for (const name of ["told.v3", "told.v0", "told.v01", "told", "nobody.v1"]) {
    assert.equal((await server.call("GET", `${versionsPath}/${name}`)).status, 404, name);
  }
});

test("Values of a version are had by the subresource alone, and are on record by name and number", async () => {
  await create(server, secretsPath, secret("valued", { data: { a: one } }));
  await put("valued", { a: two });
  const plain = await server.call("GET", `${versionsPath}/valued.v1`);
  assert.equal(plain.json.data, undefined);
  const answer = await server.call("GET", `${versionsPath}/valued.v1/value`);
  assert.deepEqual(answer.json.data, { a: one });
  const events = await looseAuditEvents(server);
  const recordOf = ({ headers }: Answer) => events.findLast((event) => event.auditID === headers["audit-id"]);
  const [metadata, values] = [recordOf(plain), recordOf(answer)];
  const disclosures = [metadata, values].map((event) => {
    assert.ok(event !== undefined);
    const [{ name, version, keys }] = event.disclosed;
    return { name, version, keys };
  });
  assert.deepEqual(disclosures, [
    { name: "valued", version: 1, keys: undefined },
    { name: "valued", version: 1, keys: ["a"] },
  ]);
});

test("A rollback is a new version with the values of an earlier one, and an update for everybody else", async () => {
  const labels = { tier: "top" };
  await create(server, secretsPath, secret("back", { metadata: { name: "back", labels }, data: { a: one } }));
  await server.call("PUT", `${secretsPath}/back`, {
    body: secret("back", { metadata: { name: "back", labels }, data: { b: two } }),
  });
  const before = (await server.call("GET", `${secretsPath}/back`)).json;
  const dry = await server.call("POST", `${secretsPath}/back/rollback?dryRun=All`, { body: rollback("back", 1) });
  assert.equal(dry.status, 201, dry.text);
  assert.deepEqual(await dataOf("back"), { b: two });
  const answer = await server.call("POST", `${secretsPath}/back/rollback`, { body: rollback("back", 1) });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.json.kind, "SecretRollback");
  const after = (await server.call("GET", `${secretsPath}/back`)).json;
  assert.deepEqual(answer.json.status, {
    version: 3,
    changed: true,
    resourceVersion: after.metadata.resourceVersion,
  });
  assert.deepEqual([after.data, after.metadata.labels, after.metadata.uid], [{ a: one }, labels, before.metadata.uid]);
  const third = (await historyOf("back")).at(-1);
  assert.deepEqual([third.again, third.current, third.changes], [1, true, { added: ["a"], removed: ["b"] }]);
  const same = await server.call("POST", `${secretsPath}/back/rollback`, { body: rollback("back", 3) });
  assert.deepEqual([same.json.status.version, same.json.status.changed], [3, false]);
});

test("A rollback is refused where it cannot be meant", async () => {
  const path = `${secretsPath}/refused/rollback`;
  const missing = await server.call("POST", path, { body: rollback("refused", 1) });
  assertFailure(missing, 404, "NotFound", 'secrets "refused" not found', { name: "refused", kind: "secrets" });
  const created = await create(server, secretsPath, secret("refused", { data: { a: one } }));
  await put("refused", { a: two });
  const none = await server.call("POST", path, { body: rollback("refused", 7) });
  const details = { name: "refused.v7", group: "strongroom.dev", kind: "secretversions" };
  assertFailure(none, 404, "NotFound", 'secretversions.strongroom.dev "refused.v7" not found', details);
  for (const toVersion of [0, -1]) {
    const bad = await server.call("POST", path, { body: rollback("refused", toVersion) });
    assert.equal(bad.status, 422, bad.text);
    assert.match(bad.json.message, /spec\.toVersion: Invalid value: .*must be greater than or equal to 1/);
  }
  const { resourceVersion } = created.metadata;
  const stale = await server.call("POST", path, { body: rollback("refused", 1, { resourceVersion }) });
  assert.deepEqual([stale.status, stale.json.reason], [409, "Conflict"]);
  const other = await server.call("POST", path, { body: rollback("another", 1) });
  assert.equal(other.status, 400);
  assert.deepEqual(await dataOf("refused"), { a: two });
  await server.call("PUT", `${secretsPath}/refused`, {
    body: secret("refused", { data: { a: two }, immutable: true }),
  });
  const frozen = await server.call("POST", path, { body: rollback("refused", 1) });
  assert.equal(frozen.status, 422, frozen.text);
  const type = "helm.sh/release.v1";
  await create(server, secretsPath, secret("release", { data: { a: one }, type }));
  const unversioned = await server.call("POST", `${secretsPath}/release/rollback`, { body: rollback("release", 1) });
  assert.equal(unversioned.status, 409);
  assert.match(unversioned.json.message, /secrets of this type keep no versions/);
});

test("A deleted secret comes back with its versions and a uid of its own, and what was made anew has none of them", async () => {
  const created = await create(server, secretsPath, secret("gone", { data: { a: one } }));
  await put("gone", { a: two });
  await server.call("DELETE", `${secretsPath}/gone`);
  assert.deepEqual(await historyOf("gone"), []);
  const name = await trashedName("gone");
  assert.equal(name, `gone.${created.metadata.uid}`);
  const { json: deleted } = await server.call("GET", `${trashPath}/${name}`);
  assert.deepEqual([deleted.secret, deleted.version, deleted.author], ["gone", 2, "strongroom-admin"]);

  await create(server, secretsPath, secret("gone", { data: { other: three } }));
  assert.deepEqual((await historyOf("gone")).length, 1, "what is made anew does not inherit");
  const taken = await server.call("POST", `${trashPath}/${name}/restore`, { body: restoring });
  assertFailure(taken, 409, "AlreadyExists", 'secrets "gone" already exists', { name: "gone", kind: "secrets" });
  await server.call("DELETE", `${secretsPath}/gone`);

  const dry = await server.call("POST", `${trashPath}/${name}/restore?dryRun=All`, { body: restoring });
  assert.equal(dry.status, 201, dry.text);
  assert.equal((await server.call("GET", `${secretsPath}/gone`)).status, 404);
  const restored = await server.call("POST", `${trashPath}/${name}/restore`, { body: restoring });
  assert.equal(restored.status, 201, restored.text);
  const now = (await server.call("GET", `${secretsPath}/gone`)).json;
  assert.deepEqual(restored.json.status, {
    secret: "gone",
    uid: now.metadata.uid,
    version: 3,
    resourceVersion: now.metadata.resourceVersion,
  });
  assert.deepEqual(now.data, { a: two });
  assert.notEqual(now.metadata.uid, created.metadata.uid);
  const versions = await historyOf("gone");
  assert.deepEqual(
    versions.map(({ version, again }) => [version, again]),
    [
      [1, undefined],
      [2, undefined],
      [3, 2],
    ],
  );
  const again = await server.call("POST", `${trashPath}/${name}/restore`, { body: restoring });
  assert.equal(again.status, 404, "it is no longer in the trash");
  const back = await server.call("POST", `${secretsPath}/gone/rollback`, { body: rollback("gone", 1) });
  assert.equal(back.json.status.version, 4);
  assert.deepEqual(await dataOf("gone"), { a: one });
  await server.call("DELETE", `${secretsPath}/gone`);
  assert.equal((await server.call("GET", `${trashPath}/${name}`)).json.version, 4, "and goes to the trash again");
});

test("A purge is for good: the versions are gone, and nothing can be restored", async () => {
  await create(server, secretsPath, secret("purged", { data: { a: one } }));
  await server.call("DELETE", `${secretsPath}/purged`);
  const name = await trashedName("purged");
  const dry = await server.call("DELETE", `${trashPath}/${name}?dryRun=All`);
  assert.equal(dry.status, 200, dry.text);
  assert.equal((await server.call("GET", `${trashPath}/${name}`)).status, 200);
  const foreground = await server.call("DELETE", `${trashPath}/${name}?propagationPolicy=Foreground`);
  assert.equal(foreground.status, 400, foreground.text);
  assert.equal((await server.call("DELETE", `${trashPath}/${name}`)).status, 200);
  assert.equal((await server.call("GET", `${trashPath}/${name}`)).status, 404);
  assert.equal((await server.call("POST", `${trashPath}/${name}/restore`, { body: restoring })).status, 404);
  assert.equal((await server.call("DELETE", trashPath)).status, 405, "one by one");
});

test("A namespace that is made anew has neither versions nor trash of the one before", async () => {
  const secrets = secretsIn("again");
  const namespace = { metadata: { name: "again" } };
  await create(server, "/api/v1/namespaces", namespace);
  await create(server, secrets, secret("db", { data: { a: one } }));
  await server.call("DELETE", `${secrets}/db`);
  const trash = `${group}/namespaces/again/deletedsecrets`;
  const [{ metadata }] = (await server.call("GET", trash)).json.items;
  await server.call("DELETE", "/api/v1/namespaces/again");
  while ((await server.call("GET", "/api/v1/namespaces/again")).status === 200);
  const gone = await server.call("POST", `${trash}/${metadata.name}/restore`, { body: restoring });
  assert.equal(gone.status, 404, gone.text);
  await create(server, "/api/v1/namespaces", namespace);
  assert.deepEqual((await server.call("GET", trash)).json.items, []);
  assert.equal((await server.call("POST", `${trash}/${metadata.name}/restore`, { body: restoring })).status, 404);
  const everywhere = (await server.call("GET", `${group}/deletedsecrets`)).json.items;
  assert.ok(!everywhere.some(({ metadata: { namespace: where } }: Answer["json"]) => where === "again"));
});

test("Lists of versions come in pages of one revision, over many secrets", async () => {
  const secrets = secretsIn("paged");
  await create(server, "/api/v1/namespaces", { metadata: { name: "paged" } });
  const expected: string[] = [];
  for (const name of ["a", "a.b", "b"]) {
    await create(server, secrets, secret(name, { data: { n: base64("0") } }));
    for (let n = 1; n < 12; n++) {
      await server.call("PUT", `${secrets}/${name}`, { body: secret(name, { data: { n: base64(String(n)) } }) });
    }
    expected.push(...Array.from({ length: 12 }, (_, n) => `${name}.v${n + 1}`));
  }
  for (const limit of [1, 5, 12, 100]) {
    const names: string[] = [];
    let token = "";
    let revision: string | undefined;
    do {
      const path = `${group}/namespaces/paged/secretversions?limit=${limit}&continue=${token}`;
      const { json } = await server.call("GET", path);
      revision ??= json.metadata.resourceVersion;
      assert.equal(json.metadata.resourceVersion, revision);
      names.push(...json.items.map(({ metadata }: Answer["json"]) => metadata.name));
      token = encodeURIComponent(json.metadata.continue ?? "");
    } while (token !== "");
    assert.deepEqual(names, expected, `limit ${limit}`);
  }
});

const canary = `canary-${randomBytes(24).toString("base64url")}`;
const meta = "v=v1;g=meta.k8s.io";

test("No form of the history or the trash has a value in it, nor has any refusal", async () => {
  await create(server, secretsPath, secret("canary", { data: { a: base64(canary) } }));
  await put("canary", { a: one });
  await create(server, secretsPath, secret("dead", { data: { a: base64(canary) } }));
  await server.call("DELETE", `${secretsPath}/dead`);
  const dead = await trashedName("dead");
  const accepts = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
  const views = [`application/json;as=Table;${meta}`, `application/json;as=PartialObjectMetadata;${meta}`];
  const answers: Answer[] = [];
  for (const Accept of [...accepts, ...views]) {
    for (const path of [`${versionsPath}/canary.v1`, `${trashPath}/${dead}`]) {
      answers.push(await server.call("GET", path, { headers: { Accept } }));
    }
  }
  for (const Accept of [...accepts, views[0] ?? ""]) {
    for (const path of [versionsPath, trashPath, `${group}/secretversions`]) {
      answers.push(await server.call("GET", `${path}?includeObject=Object`, { headers: { Accept } }));
    }
  }
  answers.push(await server.call("POST", `${secretsPath}/canary/rollback`, { body: rollback("canary", 1) }));
  answers.push(await server.call("POST", `${trashPath}/${dead}/restore`, { body: restoring }));
  for (const answer of answers) {
    assert.ok(answer.status < 300, answer.text);
    assert.deepEqual(findLeaks(answer.body, leakForms(canary)), []);
  }
  const value = await server.call("GET", `${versionsPath}/canary.v1/value`);
  assert.ok(value.text.includes(base64(canary)));
});

/** `verbs group resources`. */
async function userWith(name: string, ...rules: string[]): Promise<UserClient> {
  const rows = rules.map((rule) => {
    const [verbs = "", apiGroup = "", resources = ""] = rule.split(" ");
    const apiGroups = [apiGroup === "core" ? "" : apiGroup];
    return { verbs: verbs.split(","), apiGroups, resources: resources.split(",") };
  });
  await create(server, `${rbacPath}/namespaces/default/roles`, { ...roleObject(name), rules: rows });
  const binding = bindingObject(name, `Role ${name}`, `User ${name}`);
  await create(server, `${rbacPath}/namespaces/default/rolebindings`, binding);
  return userClient(server, name);
}

/** Each right by itself, and what it is enough for. */
const rights: readonly (readonly [rule: string, allows: readonly string[]])[] = [
  ["get,list,watch core secrets", []],
  ["get,list,watch core secrets/metadata", []],
  ["update,patch core secrets", []],
  ["get strongroom.dev secretversions", ["get"]],
  ["list strongroom.dev secretversions", ["list"]],
  ["get strongroom.dev secretversions/value", ["value"]],
  ["create core secrets/rollback", ["rollback"]],
  ["list strongroom.dev deletedsecrets", ["trash"]],
  ["get strongroom.dev deletedsecrets", ["trashed"]],
  ["create strongroom.dev deletedsecrets/restore", ["restore"]],
  ["delete strongroom.dev deletedsecrets", ["purge"]],
  ["create,delete,update core secrets", []],
];

let requests: Record<string, readonly [method: string, path: string, body?: object]>;

before(async () => {
  await create(server, secretsPath, secret("db", { data: { a: one } }));
  await create(server, secretsPath, secret("trashed", { data: { a: one } }));
  await server.call("DELETE", `${secretsPath}/trashed`);
  const trashed = `${trashPath}/${await trashedName("trashed")}`;
  requests = {
    get: ["GET", `${versionsPath}/db.v1`],
    list: ["GET", versionsPath],
    value: ["GET", `${versionsPath}/db.v1/value`],
    rollback: ["POST", `${secretsPath}/db/rollback?dryRun=All`, rollback("db", 1)],
    trash: ["GET", trashPath],
    trashed: ["GET", trashed],
    restore: ["POST", `${trashed}/restore?dryRun=All`, restoring],
    purge: ["DELETE", `${trashed}?dryRun=All`],
  };
});

for (const [rule, allows] of rights) {
  test(`The right to ${rule} is enough for ${allows.join(", ") || "nothing of versions"}, and for what is not there as well`, async () => {
    const user = await userWith(rule.replaceAll(/[^a-z]+/g, "-"), rule);
    for (const [what, [method, path, body]] of Object.entries(requests)) {
      const call = body === undefined ? {} : { body };
      const allowed = allows.includes(what);
      const answer = await user(method, path, call);
      assert.equal(answer.status < 300, allowed, `${what}: ${answer.text}`);
      const missing = path.replace(/db|trashed/g, "nowhere");
      if (missing === path || allowed) continue;
      const hidden = await user(method, missing, body === undefined ? {} : { body: rollback("nowhere", 1) });
      assert.deepEqual(
        hidden.json.message.replaceAll("nowhere", "?"),
        answer.json.message.replaceAll(/db|trashed/g, "?"),
        "what is there and what is not are refused alike",
      );
      assert.equal(hidden.status, 403);
    }
  });
}

test("Of the default roles, admin has history, its values, rollback and restore; edit and view have none; nobody purges", async () => {
  const may: Record<string, string[]> = { view: [], edit: [], admin: [] };
  for (const role of Object.keys(may)) {
    const binding = bindingObject(`by-${role}`, `ClusterRole ${role}`, `User of-${role}`);
    await create(server, `${rbacPath}/namespaces/default/rolebindings`, binding);
    const user = await userClient(server, `of-${role}`);
    for (const [what, [method, path, body]] of Object.entries(requests)) {
      if ((await user(method, path, body === undefined ? {} : { body })).status < 300) may[role]?.push(what);
    }
  }
  const all = ["get", "list", "value", "rollback", "trash", "trashed", "restore"];
  assert.deepEqual(may, { view: [], edit: [], admin: all });
});

test("A policy that denies a secret denies its old values, its rollback, its restore and its purge", async () => {
  const root = await userClient(server, "root", ["system:masters"]);
  const user = await userWith(
    "held",
    "* strongroom.dev secretversions,secretversions/value,deletedsecrets,deletedsecrets/restore",
    "* core secrets,secrets/rollback",
  );
  const spec = { mode: "enforce", subjects: [{ kind: "User", name: "held" }] };
  const deny = [{ verbs: ["get", "update", "create", "delete"], names: ["db", "trashed"] }];
  const policies = `${group}/namespaces/default/secretpolicies`;
  const made = await root("POST", policies, { body: { metadata: { name: "held" }, spec: { ...spec, deny } } });
  assert.equal(made.status, 201, made.text);
  const statuses: Record<string, number> = {};
  for (const [what, [method, path, body]] of Object.entries(requests)) {
    statuses[what] = (await user(method, path, body === undefined ? {} : { body })).status;
  }
  const denied = { value: 403, rollback: 403, restore: 403, purge: 403 };
  assert.deepEqual(statuses, { get: 200, list: 200, trash: 200, trashed: 200, ...denied });
  await put("told", { x: one });
  assert.equal((await user("GET", `${versionsPath}/told.v1/value`)).status, 200, "others are not denied");
});

test("A quota counts what comes back from the trash, and an admission policy sees a rollback as an update", async () => {
  await create(server, "/api/v1/namespaces", { metadata: { name: "full" } });
  const secrets = secretsIn("full");
  await create(server, secrets, secret("a", { data: { a: one } }));
  await server.call("DELETE", `${secrets}/a`);
  const trash = `${group}/namespaces/full/deletedsecrets`;
  const [{ metadata }] = (await server.call("GET", trash)).json.items;
  const used = (await server.call("GET", secrets)).json.items.length;
  await create(server, "/api/v1/namespaces/full/resourcequotas", {
    metadata: { name: "few" },
    spec: { hard: { secrets: String(used) } },
  });
  const refused = await server.call("POST", `${trash}/${metadata.name}/restore`, { body: restoring });
  assert.equal(refused.status, 403, refused.text);
  assert.match(refused.json.message, /exceeded quota: few/);

  const admission = "/apis/admissionregistration.k8s.io/v1";
  await create(server, secretsPath, secret("watched", { data: { a: one } }));
  await put("watched", { b: two });
  await create(server, `${admission}/validatingadmissionpolicies`, {
    metadata: { name: "no-a" },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [""],
            apiVersions: ["v1"],
            operations: ["UPDATE"],
            resources: ["secrets"],
            resourceNames: ["watched"],
          },
        ],
      },
      validations: [{ expression: "!('a' in object.data)", message: "not that one again" }],
    },
  });
  await create(server, `${admission}/validatingadmissionpolicybindings`, {
    metadata: { name: "no-a" },
    spec: { policyName: "no-a", validationActions: ["Deny"] },
  });
  const answer = await server.call("POST", `${secretsPath}/watched/rollback`, { body: rollback("watched", 1) });
  assert.match(answer.json.message, /not that one again/);
});

test("Rollbacks and updates at the same time lose nothing: every version is there, and the last is current", async () => {
  await create(server, secretsPath, secret("raced", { data: { n: base64("start") } }));
  const written = Array.from({ length: 30 }, (_, n) => base64(`value ${n}`));
  const answers = await Promise.all(
    written.flatMap((n) => [
      server.call("PUT", `${secretsPath}/raced`, { body: secret("raced", { data: { n } }) }),
      server.call("POST", `${secretsPath}/raced/rollback`, { body: rollback("raced", 1) }),
    ]),
  );
  for (const answer of answers) assert.ok([200, 201].includes(answer.status), answer.text);
  const versions = await historyOf("raced");
  assert.deepEqual(
    versions.map(({ version }) => version),
    versions.map((_, index) => index + 1),
  );
  assert.deepEqual(
    versions.filter(({ current }) => current).map(({ version }) => version),
    [versions.length],
  );
  const values: string[] = [];
  for (const { metadata } of versions) {
    values.push((await server.call("GET", `${versionsPath}/${metadata.name}/value`)).json.data.n);
  }
  for (const value of written) assert.equal(values.filter((each) => each === value).length, 1);
  assert.deepEqual(await dataOf("raced"), { n: values.at(-1) });
});
