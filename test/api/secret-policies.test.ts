/** Policies that deny what roles allow, over HTTP. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFailure, create, patchTypes, secret, secretsIn } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient, userCredentials } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const group = "/apis/strongroom.dev/v1";
const clusterPath = `${group}/clustersecretpolicies`;
const policiesPath = `${group}/namespaces/prod/secretpolicies`;
const secrets = secretsIn("prod");
let dev: UserClient;
let root: UserClient;

const subjects = [{ kind: "Group", name: "devs" }];

function policy(name: string, deny: object | readonly object[], spec: object = {}): object {
  return {
    metadata: { name },
    spec: { mode: "enforce", subjects, deny: Array.isArray(deny) ? deny : [deny], ...spec },
  };
}

before(async () => {
  dev = await userClient(server, "dev", ["devs"]);
  root = await userClient(server, "root", ["system:masters"]);
  for (const name of ["prod", "test"]) await create(server, "/api/v1/namespaces", { metadata: { name } });
  for (const name of ["db-main", "db-copy", "web"]) await create(server, secrets, secret(name));
  await create(server, secrets, secret("top", { metadata: { name: "top", labels: { tier: "top" } } }));
  await create(server, secretsIn("test"), secret("db-main"));
  const rules = [coreRule("*", "secrets"), coreRule("*", "secrets/metadata"), coreRule("*", "pods")];
  await create(server, `${rbacPath}/clusterroles`, { ...roleObject("all-secrets", ...rules), kind: "ClusterRole" });
  const binding = bindingObject("devs", "ClusterRole all-secrets", "Group devs");
  await create(server, `${rbacPath}/clusterrolebindings`, { ...binding, kind: "ClusterRoleBinding" });
});

/** Runs with a policy there is only meanwhile. */
async function withPolicy(path: string, object: object, run: (answer: Answer) => Promise<void>): Promise<void> {
  const answer = await root("POST", path, { body: object });
  assert.equal(answer.status, 201, answer.text);
  try {
    await run(answer);
  } finally {
    assert.equal((await root("DELETE", `${path}/${answer.json.metadata.name}`)).status, 200);
  }
}

async function status(client: UserClient, method: string, path: string, body?: object): Promise<number> {
  return (await client(method, path, body === undefined ? {} : { body })).status;
}

test("What a policy denies is denied from the next request on, by its verbs, namespaces and names, until it is gone", async () => {
  assert.equal(await status(dev, "GET", `${secrets}/db-main`), 200);
  await withPolicy(clusterPath, policy("db", { namespaces: ["pro*"], names: ["db-*"] }), async () => {
    const refused = await dev("GET", `${secrets}/db-main`);
    const what = 'User "dev" cannot get resource "secrets" in API group "" in the namespace "prod"';
    const text = `secrets "db-main" is forbidden: ${what}: denied by SecretPolicy "db"`;
    assertFailure(refused, 403, "Forbidden", text, { name: "db-main", kind: "secrets" });
    assert.equal(await status(dev, "GET", `${secrets}?fieldSelector=metadata.name%3Ddb-copy`), 403);
    assert.equal(await status(dev, "GET", `${secrets}?fieldSelector=metadata.name%3Dweb`), 200);
    assert.equal(await status(dev, "GET", `${secrets}/web`), 200);
    assert.equal(await status(dev, "GET", `${secretsIn("test")}/db-main`), 200);
    for (const path of [secrets, "/api/v1/secrets", `${secrets}?watch=true`]) {
      assert.equal(await status(dev, "GET", path), 403, `${path}: a secret that is denied could be in it`);
    }
    assert.equal(await status(dev, "DELETE", secrets), 403);
    assert.equal(await status(dev, "DELETE", `${secrets}/db-main?dryRun=All`), 403);
    assert.equal(await status(dev, "GET", "/api/v1/namespaces/prod/pods"), 200, "policies are about secrets");
    assert.equal(
      await status(dev, "PUT", `${secrets}/db-copy`, secret("db-copy")),
      200,
      "a verb that discloses nothing",
    );
    const table = { headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } };
    assert.equal((await dev("GET", secrets, table)).status, 200, "names are not values");
  });
  assert.equal(await status(dev, "GET", `${secrets}/db-main`), 200);
});

test("A policy of a namespace is about that namespace, also in requests for all", async () => {
  await withPolicy(policiesPath, policy("db", { names: ["db-*"] }), async () => {
    assert.equal(await status(dev, "GET", `${secrets}/db-main`), 403);
    assert.equal(await status(dev, "GET", `${secretsIn("test")}/db-main`), 200);
    assert.equal(await status(dev, "GET", "/api/v1/secrets"), 403);
    assert.equal(await status(dev, "GET", secretsIn("test")), 200);
  });
});

test("A filtered list leaves out what a policy denies", async () => {
  await withPolicy(policiesPath, policy("db", { names: ["db-*"] }), async () => {
    const list = await dev("GET", `${secrets}?strongroomFilter=allowed`);
    assert.deepEqual(
      list.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ["top", "web"],
    );
  });
});

test("Who lists their rules is told that an enforced policy may deny some of them", async () => {
  const url = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
  const rulesOf = async (client: UserClient) =>
    (await client("POST", url, { body: { spec: { namespace: "prod" } } })).json.status;
  assert.equal((await rulesOf(dev)).incomplete, false);
  await withPolicy(clusterPath, policy("warns", {}, { mode: "warn" }), async () => {
    assert.equal((await rulesOf(dev)).incomplete, false);
  });
  await withPolicy(clusterPath, policy("denies", {}), async () => {
    const { incomplete, evaluationError } = await rulesOf(dev);
    const reason = "a SecretPolicy about this user may deny what these rules allow";
    assert.deepEqual([incomplete, evaluationError], [true, reason]);
    assert.equal((await rulesOf(root)).incomplete, false, "whom policies do not bind");
  });
});

test("Until it is enforced a policy warns", async () => {
  await withPolicy(policiesPath, policy("trial", { names: ["db-*"] }, { mode: undefined }), async ({ json }) => {
    assert.equal(json.spec.mode, "warn");
    assert.deepEqual(json.spec.deny[0].verbs, ["get", "list", "watch", "patch", "delete", "deletecollection"]);
    const answer = await dev("GET", `${secrets}/db-main`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.warning, '299 - "SecretPolicy \\"prod/trial\\" would deny this if it were enforced"');
    assert.equal((await dev("GET", `${secrets}/web`)).headers.warning, undefined);
  });
});

test("Whom labels deny a secret does not get it from under the rule, by no way of writing it, nor its versions", async () => {
  const value = Buffer.from("crown").toString("base64");
  const labelled = { metadata: { name: "crown", labels: { tier: "top", a: "b" } }, data: { v: value } };
  await create(server, secrets, secret("crown", labelled));
  const versions = [
    coreRule("*", "secrets"),
    { verbs: ["get"], apiGroups: ["strongroom.dev"], resources: ["secretversions/value"] },
  ];
  await create(server, `${rbacPath}/clusterroles`, { ...roleObject("versions", ...versions), kind: "ClusterRole" });
  const binding = bindingObject("versions", "ClusterRole versions", "Group devs");
  await create(server, `${rbacPath}/clusterrolebindings`, { ...binding, kind: "ClusterRoleBinding" });
  const url = `${secrets}/crown`;
  const selector = { matchLabels: { tier: "top" } };
  const condition = 'has(secret.labels.tier) && secret.labels.tier == "top"';
  for (const rule of [
    { selector },
    { selector, verbs: ["get"] },
    { condition },
    { condition, verbs: ["get", "list"] },
  ]) {
    await withPolicy(clusterPath, policy("top", rule), async () => {
      for (const labels of [{}, { tier: "low" }, { a: "b" }]) {
        const body = secret("crown", { metadata: { name: "crown", labels }, data: { v: "eA==" } });
        assert.equal(await status(dev, "PUT", url, body), 403, JSON.stringify([rule, labels]));
        const patch = { metadata: { labels: { tier: null } } };
        const patched = await dev("PATCH", url, { body: patch, headers: { "Content-Type": patchTypes.merge } });
        assert.equal(patched.status, 403);
        const applied = { apiVersion: "v1", kind: "Secret", metadata: { name: "crown", labels: { tier: "low" } } };
        const apply = await dev("PATCH", `${url}?fieldManager=m&force=true`, {
          body: applied,
          headers: { "Content-Type": "application/apply-patch+yaml" },
        });
        assert.equal(apply.status, 403);
      }
      assert.equal(await status(dev, "GET", url), 403);
      assert.equal(await status(dev, "GET", `${group}/namespaces/prod/secretversions/crown.v1/value`), 403);
      // What leaves it where it is stays allowed, as the rule's verbs say.
      const kept = secret("crown", {
        ...labelled,
        metadata: { ...labelled.metadata, labels: { tier: "top", c: "d" } },
      });
      assert.equal(await status(dev, "PUT", `${url}?dryRun=All`, kept), 200);
      assert.equal(
        await status(server.call, "PUT", `${url}?dryRun=All`, secret("crown", { data: { v: value } })),
        200,
        "others may",
      );
    });
  }
  assert.equal((await server.call("GET", url)).json.data.v, value);
});

test("A rule by labels looks at what is stored, and what is not there is refused alike", async () => {
  const byLabel = { selector: { matchLabels: { tier: "top" } }, verbs: ["*"] };
  await withPolicy(policiesPath, policy("top", byLabel), async () => {
    const refused = await dev("GET", `${secrets}/top`);
    assert.equal(refused.status, 403);
    const missing = await dev("GET", `${secrets}/topp`);
    assert.equal(missing.text.replaceAll("topp", "top"), refused.text);
    assert.equal(await status(dev, "GET", `${secrets}/web`), 200);
    const relabel = (name: string, tier: string | null) =>
      dev("PATCH", `${secrets}/${name}`, {
        body: { metadata: { labels: { tier } } },
        headers: { "Content-Type": patchTypes.merge },
      });
    assert.equal((await relabel("top", null)).status, 403, "whoever may not read it cannot take the label off");
    assert.equal((await relabel("web", "top")).status, 403, "nor put it on what it can read");
    const labelled = { metadata: { name: "new", labels: { tier: "top" } } };
    const created = await dev("POST", secrets, { body: { ...secret("new"), ...labelled } });
    assertFailure(created, 403, "Forbidden", 'secrets "new" is forbidden: denied by SecretPolicy "prod/top"', {
      name: "new",
      kind: "secrets",
    });
    assert.equal(
      (
        await dev("PUT", `${secrets}/web`, {
          body: { ...secret("web"), metadata: { ...labelled.metadata, name: "web" } },
        })
      ).status,
      403,
    );
  });
});

const conditions: readonly [condition: string, denied: boolean][] = [
  ['user.username == "dev" && "devs" in user.groups && "system:authenticated" in user.groups', true],
  ['user.username == "other"', false],
  ['inCIDR(source, "127.0.0.0/8")', true],
  ['!inCIDR(source, "127.0.0.0/8")', false],
  ['door == "kubernetes" && verb == "get" && secret.namespace == "prod" && secret.name == "top"', true],
  ['secret.labels["tier"] == "top"', true],
  ["time > timestamp('2020-01-01T00:00:00Z')", true],
  ["time < timestamp('2020-01-01T00:00:00Z')", false],
  ['user.extra["no"][0] == "such"', true],
  ['"not a boolean"', true],
];

for (const [condition, denied] of conditions) {
  test(`A rule with the condition ${condition} ${denied ? "denies" : "does not deny"}`, async () => {
    await withPolicy(policiesPath, policy("conditional", { condition }), async () => {
      assert.equal(await status(dev, "GET", `${secrets}/top`), denied ? 403 : 200);
    });
  });
}

test("A condition on names, labels or namespaces denies what could hold a secret that it is true of", async () => {
  const statuses = async (condition: string, paths: readonly string[]) => {
    const found: number[] = [];
    await withPolicy(clusterPath, policy("condition", { condition }), async () => {
      for (const path of paths) found.push(await status(dev, "GET", path));
    });
    return found;
  };
  const named = [
    `${secrets}/db-main`,
    `${secrets}/web`,
    secrets,
    "/api/v1/secrets",
    `${secrets}?watch=true&timeoutSeconds=1`,
  ];
  assert.deepEqual(await statuses('secret.name == "db-main"', named), [403, 200, 403, 403, 403]);
  assert.deepEqual(await statuses('[secret].exists(s, s.name == "db-main")', named), [403, 200, 403, 403, 403]);
  const labelled = [`${secrets}/top`, `${secrets}/web`, `${secrets}/absent`, secrets];
  const byLabel = 'has(secret.labels.tier) && secret.labels.tier == "top"';
  assert.deepEqual(await statuses(byLabel, labelled), [403, 200, 403, 403], "what is not there is refused alike");
  const spaces = [secrets, secretsIn("test"), "/api/v1/secrets"];
  assert.deepEqual(await statuses('secret.namespace == "prod"', spaces), [403, 200, 403]);
});

test("A condition on names or labels holds of what is created and changed", async () => {
  const verbs = ["create", "update", "patch"];
  const dryRun = "?dryRun=All";
  await withPolicy(clusterPath, policy("made", { verbs, condition: 'secret.name.startsWith("made")' }), async () => {
    assert.equal(await status(dev, "POST", secrets + dryRun, secret("made")), 403);
    assert.equal(await status(dev, "POST", secrets + dryRun, { metadata: { generateName: "made-" } }), 403);
    assert.equal(await status(dev, "POST", secrets + dryRun, secret("other")), 201);
  });
  const top = secret("web", { metadata: { name: "web", labels: { tier: "top" } } });
  await withPolicy(clusterPath, policy("top", { verbs, condition: "has(secret.labels.tier)" }), async () => {
    assert.equal(await status(dev, "PUT", `${secrets}/web${dryRun}`, top), 403);
    assert.equal(
      await status(dev, "POST", secrets + dryRun, { ...top, metadata: { name: "n", labels: { tier: "" } } }),
      403,
    );
    assert.equal(await status(dev, "PUT", `${secrets}/web${dryRun}`, secret("web")), 200);
  });
});

test("What is created with labels is held against the door and address that it comes from", async () => {
  const selector = { matchLabels: { tier: "top" } };
  const top = secret("new", { metadata: { name: "new", labels: { tier: "top" } } });
  for (const [condition, expected] of [
    ['door == "kubernetes"', 403],
    ['door != "kubernetes"', 201],
    ['!inCIDR(source, "127.0.0.0/8")', 201],
  ] as const) {
    await withPolicy(clusterPath, policy("here", { verbs: ["create"], selector, condition }), async () => {
      assert.equal(await status(dev, "POST", `${secrets}?dryRun=All`, top), expected, condition);
    });
  }
});

test("A watch of one secret ends before it shows what a label has put under a policy", async () => {
  await create(server, secrets, secret("watched"));
  await withPolicy(clusterPath, policy("top", { selector: { matchLabels: { tier: "top" } } }), async () => {
    const path = `${secrets}?watch=true&fieldSelector=metadata.name%3Dwatched`;
    const credentials = await userCredentials(server, "dev", ["devs"]);
    await using watch = await openWatch({ url: server.url, credentials }, path);
    assert.equal((await watch.next())?.type, "ADDED");
    const labelled = secret("watched", {
      metadata: { name: "watched", labels: { tier: "top" } },
      data: { password: "aGlkZGVu" },
    });
    assert.equal((await server.call("PUT", `${secrets}/watched`, { body: labelled })).status, 200);
    const next = await watch.next();
    assert.deepEqual([next?.type, next?.object.code], ["ERROR", 403]);
  });
});

test("A filtered watch ends when a label puts what it showed under a policy, and shows deletions of the rest", async () => {
  const policyOfTop = policy("top", { selector: { matchLabels: { tier: "top" } } });
  const labelled = (name: string, tier: string) =>
    secret(name, { metadata: { name, labels: { tier } }, data: { password: "aGlkZGVu" } });
  for (const name of ["shown", "gone"]) await create(server, secrets, labelled(name, "low"));
  await create(server, secrets, labelled("hidden", "top"));
  await withPolicy(clusterPath, policyOfTop, async () => {
    const credentials = await userCredentials(server, "dev", ["devs"]);
    const { json } = await dev("GET", `${secrets}?strongroomFilter=allowed`);
    const path = `${secrets}?watch=true&strongroomFilter=allowed&resourceVersion=${json.metadata.resourceVersion}`;
    await using watch = await openWatch({ url: server.url, credentials }, path);
    // Of what was never shown nothing is told: neither that it changes, nor that it goes.
    const hidden = labelled("hidden", "top");
    assert.equal((await server.call("PUT", `${secrets}/hidden`, { body: { ...hidden, data: {} } })).status, 200);
    assert.equal((await server.call("DELETE", `${secrets}/hidden`)).status, 200);
    assert.equal((await server.call("DELETE", `${secrets}/gone`)).status, 200);
    const first = await watch.next();
    assert.deepEqual([first?.type, first?.object.metadata.name], ["DELETED", "gone"]);
    assert.equal((await server.call("PUT", `${secrets}/shown`, { body: labelled("shown", "top") })).status, 200);
    const next = await watch.next();
    assert.deepEqual([next?.type, next?.object.code], ["ERROR", 410]);
  });
});

test("A policy holds from and until its times", async () => {
  const hour = 60 * 60 * 1000;
  const at = (ms: number) => `${new Date(Date.now() + ms).toISOString().slice(0, 19)}Z`;
  for (const [times, expected] of [
    [{ notBefore: at(hour) }, 200],
    [{ notAfter: at(-hour) }, 200],
    [{ notBefore: at(-hour), notAfter: at(hour) }, 403],
  ] as const) {
    await withPolicy(policiesPath, policy("timed", {}, times), async () => {
      assert.equal(await status(dev, "GET", `${secrets}/web`), expected, JSON.stringify(times));
    });
  }
});

test("Nodes are meant only when they are named", async () => {
  const node = await userClient(server, "system:node:n1", ["system:nodes"]);
  const volumes = [{ name: "v", secret: { secretName: "web" } }];
  const spec = { nodeName: "n1", containers: [{ name: "c", image: "nginx" }], volumes };
  await create(server, "/api/v1/namespaces/prod/pods", { metadata: { name: "p" }, spec });
  const everybody = [{ kind: "Group", name: "system:authenticated" }];
  await withPolicy(policiesPath, policy("all", {}, { subjects: everybody }), async () => {
    assert.equal(await status(node, "GET", `${secrets}/web`), 200);
    assert.equal(await status(dev, "GET", `${secrets}/web`), 403);
  });
  const nodes = [{ kind: "Group", name: "system:nodes" }];
  await withPolicy(policiesPath, policy("nodes", {}, { subjects: nodes }), async () => {
    assert.equal(await status(node, "GET", `${secrets}/web`), 403);
  });
});

test("Members of system:masters are warned, not denied; administrators are denied, and cannot take the policy away", async () => {
  const all = [
    { kind: "Group", name: "system:authenticated" },
    { kind: "Group", name: "strongroom:admins" },
  ];
  await withPolicy(policiesPath, policy("all", {}, { subjects: all }), async () => {
    const answer = await root("GET", `${secrets}/web`);
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers.warning), /denies this to everybody but system:masters/);
    assert.equal((await server.call("GET", `${secrets}/web`)).status, 403);
    const taken = await server.call("DELETE", `${policiesPath}/all`);
    assert.match(taken.json.message, /the policy is about you/);
  });
});

test("Whoever writes a policy holds what it is about, or may escalate policies", async () => {
  const author = await userClient(server, "author");
  const allow = async (name: string, ...rules: object[]) => {
    await create(
      server,
      `${rbacPath}/namespaces/prod/roles`,
      roleObject(name, ...(rules as Parameters<typeof roleObject>[1][])),
    );
    await create(
      server,
      `${rbacPath}/namespaces/prod/rolebindings`,
      bindingObject(name, `Role ${name}`, "User author"),
    );
  };
  const own = (verbs: string[]) => ({ verbs, apiGroups: ["strongroom.dev"], resources: ["secretpolicies"] });
  await allow("policies", own(["create", "delete"]));
  const body = policy("mine", { verbs: ["get"] });
  const refused = await author("POST", policiesPath, { body });
  assert.match(refused.json.message, /you must hold the rights on secrets that the policy is about/);
  await allow("reader", coreRule("get", "secrets"));
  assert.equal(await status(author, "POST", `${policiesPath}?dryRun=All`, body), 201);
  assert.equal(await status(author, "POST", policiesPath, policy("more", { verbs: ["list"] })), 403);
  await allow("escalator", own(["escalate"]));
  assert.equal(await status(author, "POST", policiesPath, policy("more", { verbs: ["list"] })), 201);
  assert.equal(await status(author, "DELETE", `${policiesPath}/more`), 200);
});

test("Nobody takes an enforced policy off themselves, whatever they may do with policies", async () => {
  const held = await userClient(server, "held");
  const every = { verbs: ["*"], apiGroups: ["strongroom.dev"], resources: ["secretpolicies", "clustersecretpolicies"] };
  await create(server, `${rbacPath}/clusterroles`, { ...roleObject("policies", every), kind: "ClusterRole" });
  const binding = bindingObject("held", "ClusterRole policies", "User held");
  await create(server, `${rbacPath}/clusterrolebindings`, { ...binding, kind: "ClusterRoleBinding" });
  for (const path of [clusterPath, policiesPath]) {
    const own = policy("own", {}, { subjects: [{ kind: "User", name: "held" }] });
    await withPolicy(path, own, async () => {
      const url = `${path}/own`;
      const lesser = policy("own", {}, { subjects: [{ kind: "User", name: "other" }] });
      const asked = [
        await held("DELETE", url),
        await held("DELETE", `${url}?dryRun=All`),
        await held("DELETE", path),
        await held("PUT", url, { body: lesser }),
        await held("PATCH", url, {
          body: { spec: { mode: "warn" } },
          headers: { "Content-Type": patchTypes.merge },
        }),
      ];
      for (const answer of asked) {
        assert.equal(answer.status, 403);
        assert.match(answer.json.message, /the policy is about you/);
      }
      assert.equal((await server.call("GET", url)).json.spec.mode, "enforce");
    });
    await withPolicy(path, policy("others", {}), async () => {
      assert.equal(await status(held, "DELETE", `${path}/others?dryRun=All`), 200);
    });
  }
});

test("Creating a policy says who is cut off from what, also as a dry run", async () => {
  const answer = await root("POST", `${policiesPath}?dryRun=All`, {
    body: policy("db", { names: ["db-*"], verbs: ["get", "list"] }),
  });
  const lines = String(answer.headers.warning);
  assert.match(
    lines,
    /Group \\"devs\\" loses get, list of secrets in namespace \\"prod\\", given by ClusterRoleBinding \\"devs\\"/,
  );
  const trial = await root("POST", `${policiesPath}?dryRun=All`, { body: policy("db", {}, { mode: "warn" }) });
  assert.match(String(trial.headers.warning), /would lose/);
});

const invalid: readonly [what: object, message: RegExp][] = [
  [
    { spec: {} },
    /spec.subjects: Required value: must name at least one subject, spec.deny: Required value: must have at least one rule/,
  ],
  [policy("p", {}, { mode: "audit" }), /spec.mode: Unsupported value: "audit": supported values: "enforce", "warn"/],
  [policy("p", { verbs: ["read"] }), /spec.deny\[0\].verbs: Unsupported value: "read"/],
  [
    policy("p", { names: ["DB*"] }),
    /spec.deny\[0\].names\[0\]: Invalid value: "DB\*": a pattern consists of lower case/,
  ],
  [policy("p", { names: ["*a*a*a*a*a*a*a*a*"] }), /must have at most 8 '\*'/],
  [
    policy("p", { namespaces: ["a"] }),
    /spec.deny\[0\].namespaces: Forbidden: may only be set in a ClusterSecretPolicy/,
  ],
  [policy("p", { selector: {} }), /spec.deny\[0\].selector: Required value: must select by at least one label/],
  [
    policy("p", { selector: { matchLabels: { "a b": "c" } } }),
    /spec.deny\[0\].selector.matchLabels: Invalid value: "a b"/,
  ],
  [
    policy("p", { condition: "frobnicate(user)" }),
    /spec.deny\[0\].condition: Invalid value: "frobnicate\(user\)": undeclared reference to 'frobnicate'/,
  ],
  [policy("p", { condition: "1 +" }), /spec.deny\[0\].condition: Invalid value: "1 \+": Syntax error/],
  [policy("p", { condition: "object.data" }), /undeclared reference to 'object'/],
  [
    policy("p", {}, { notBefore: "2026-01-02T00:00:00Z", notAfter: "2026-01-01T00:00:00Z" }),
    /spec.notAfter: .*must be later than notBefore/,
  ],
  [
    policy("p", {}, { subjects: [{ kind: "Robot", name: "r" }] }),
    /spec.subjects\[0\].kind: Unsupported value: "Robot"/,
  ],
];

for (const [body, message] of invalid) {
  test(`A policy is refused: ${message.source}`, async () => {
    const answer = await root("POST", policiesPath, { body: { metadata: { name: "p" }, ...body } });
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.json.message, message);
  });
}

test("An open watch ends when a policy denies it", async () => {
  const body = { kind: "Group", name: "strongroom:admins" };
  await using watch = await openWatch(server, `${secrets}?watch=true&resourceVersion=0`);
  assert.equal((await watch.next())?.type, "ADDED");
  await withPolicy(policiesPath, policy("admins", {}, { subjects: [body] }), async () => {
    const rest = await watch.rest();
    assert.deepEqual([rest.at(-1)?.type, rest.at(-1)?.object.code], ["ERROR", 403]);
  });
});

test("Policies with conditions hold after a restart", async () => {
  await root("POST", policiesPath, {
    body: policy("lasting", { condition: 'user.username == "dev" && secret.name != "web"' }),
  });
  const again = await server.restart();
  try {
    const client = await userClient(again, "dev", ["devs"]);
    assert.equal(await status(client, "GET", `${secrets}/top`), 403);
    assert.equal(await status(client, "GET", `${secrets}/web`), 200);
  } finally {
    await again.stop();
  }
});
