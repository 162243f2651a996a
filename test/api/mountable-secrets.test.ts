/** The account of a pod, and pods kept to the secrets of their account. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFailure, create } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const podsPath = "/api/v1/namespaces/default/pods";
const accountsPath = "/api/v1/namespaces/default/serviceaccounts";

function pod(name: string, spec: object = {}, metadata: object = {}): object {
  const containers = [{ name: "c", image: "nginx" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name, ...metadata }, spec: { containers, ...spec } };
}

before(async () => {
  const enforce = { "kubernetes.io/enforce-mountable-secrets": "true" };
  const named = { secrets: [{ name: "own" }], imagePullSecrets: [{ name: "pull" }] };
  await create(server, accountsPath, { metadata: { name: "limited", annotations: enforce }, ...named });
  await create(server, accountsPath, { metadata: { name: "open" }, ...named });
});

test("A pod without an account runs as the default one, also in a namespace made a moment ago", async () => {
  await create(server, "/api/v1/namespaces", { metadata: { name: "new" } });
  const created = await create(server, "/api/v1/namespaces/new/pods", pod("p"));
  assert.deepEqual([created.spec.serviceAccountName, created.spec.serviceAccount], ["default", "default"]);
  assert.equal(created.spec.volumes, undefined, "no token volume: nothing runs here");
  const owned = JSON.stringify(created.metadata.managedFields);
  assert.doesNotMatch(owned, /serviceAccountName/, "nobody owns what they did not send");
});

test("A pod with an account that is not there is refused", async () => {
  const answer = await server.call("POST", podsPath, { body: pod("p", { serviceAccountName: "missing" }) });
  const why = 'error looking up service account default/missing: serviceaccount "missing" not found';
  assertFailure(answer, 403, "Forbidden", `pods "p" is forbidden: ${why}`, { name: "p", kind: "pods" });
});

test("A pod has the pull secrets of its account, unless it names its own", async () => {
  const created = await create(server, podsPath, pod("pulls", { serviceAccountName: "open" }));
  assert.deepEqual(created.spec.imagePullSecrets, [{ name: "pull" }]);
  const own = pod("pulls-own", { serviceAccountName: "open", imagePullSecrets: [{ name: "mine" }] });
  assert.deepEqual((await create(server, podsPath, own)).spec.imagePullSecrets, [{ name: "mine" }]);
});

const secretVolume = (secretName: string) => ({ volumes: [{ name: "v", secret: { secretName } }] });
const inContainer = (fields: object) => ({ containers: [{ name: "c", image: "nginx", ...fields }] });
const inInitContainer = (fields: object) => ({ initContainers: [{ name: "i", image: "nginx", ...fields }] });
const variable = (name: string) => ({ env: [{ name: "E", valueFrom: { secretKeyRef: { name, key: "k" } } }] });
const allOf = (name: string) => ({ envFrom: [{ secretRef: { name } }] });
const byAccount = "is not allowed because service account limited does not reference that secret";

const refusals: readonly [what: string, spec: object, why: string][] = [
  ["a volume", secretVolume("other"), `volume with secret.secretName="other" ${byAccount}`],
  [
    "a projected volume",
    { volumes: [{ name: "v", projected: { sources: [{ secret: { name: "other" } }] } }] },
    `volume with secret.secretName="other" ${byAccount}`,
  ],
  [
    "a driver",
    { volumes: [{ name: "v", csi: { driver: "d.example", nodePublishSecretRef: { name: "other" } } }] },
    `volume with secret.secretName="other" ${byAccount}`,
  ],
  [
    "a variable",
    inContainer(variable("other")),
    `container c with envVar E referencing secret.secretName="other" ${byAccount}`,
  ],
  [
    "all of its keys",
    inContainer(allOf("other")),
    `container c with envFrom referencing secret.secretName="other" ${byAccount}`,
  ],
  [
    "an init container's variable",
    inInitContainer(variable("other")),
    `init container i with envVar E referencing secret.secretName="other" ${byAccount}`,
  ],
  [
    "an init container",
    inInitContainer(allOf("other")),
    `init container i with envFrom referencing secret.secretName="other" ${byAccount}`,
  ],
  [
    "pulling",
    { imagePullSecrets: [{ name: "pull" }, { name: "other" }] },
    'imagePullSecrets[1].name="other" is not allowed because service account limited does not reference that imagePullSecret',
  ],
];

for (const [what, spec, why] of refusals) {
  test(`An account that limits its pods to its secrets refuses another by ${what}`, async () => {
    const limited = await server.call("POST", podsPath, { body: pod("p", { serviceAccountName: "limited", ...spec }) });
    assertFailure(limited, 403, "Forbidden", `pods "p" is forbidden: ${why}`, { name: "p", kind: "pods" });
    const dryRun = `${podsPath}?dryRun=All`;
    const open = await server.call("POST", dryRun, { body: pod("p", { serviceAccountName: "open", ...spec }) });
    assert.equal(open.status, 201, "an account that does not ask for it refuses nothing");
  });
}

test("An account that limits its pods to its secrets lets them have those, and no debugging container another", async () => {
  const spec = { serviceAccountName: "limited", ...secretVolume("own"), ...inContainer(variable("own")) };
  await create(server, podsPath, pod("limited", spec));
  const debug = (name: string) => ({ spec: { ephemeralContainers: [{ name: "d", image: "sh", ...variable(name) }] } });
  const patch = (name: string) =>
    server.call("PATCH", `${podsPath}/limited/ephemeralcontainers`, {
      body: debug(name),
      headers: { "Content-Type": "application/strategic-merge-patch+json" },
    });
  const why = `ephemeral container d with envVar E referencing secret.secretName="other" ${byAccount}`;
  assertFailure(await patch("other"), 403, "Forbidden", `pods "limited" is forbidden: ${why}`, {
    name: "limited",
    kind: "pods",
  });
  assert.equal((await patch("own")).status, 200);
});

test("A mirror pod names no account, no secret and no token", async () => {
  const mirror = (spec: object) => pod("m", spec, { annotations: { "kubernetes.io/config.mirror": "x" } });
  const refusalOf = async (spec: object) => (await server.call("POST", podsPath, { body: mirror(spec) })).json.message;
  const start = 'pods "m" is forbidden: a mirror pod may not';
  assert.equal(await refusalOf({ serviceAccountName: "open" }), `${start} reference service accounts`);
  assert.equal(await refusalOf(secretVolume("own")), `${start} reference secrets`);
  const token = { volumes: [{ name: "v", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }] };
  assert.equal(await refusalOf(token), `${start} use ServiceAccountToken volume projections`);
});
