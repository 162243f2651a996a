/** Questions about rights: may I, may they, what may I, who am I. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decodeEnvelope, encodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { decodeMessage, encodeMessage } from "../../src/doors/kubernetes/codec/protobuf.ts";
import { message } from "../../src/doors/kubernetes/schema/messages.ts";
import { create, failure } from "../support/api-objects.ts";
import { tree } from "../support/controller-bench.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const path = "/apis/authorization.k8s.io/v1";
const self = `${path}/selfsubjectaccessreviews`;
const others = `${path}/subjectaccessreviews`;
const local = `${path}/namespaces/default/localsubjectaccessreviews`;

let ann: UserClient;
before(async () => {
  const bindings = `${rbacPath}/namespaces/default/rolebindings`;
  await create(server, `${rbacPath}/namespaces/default/roles`, roleObject("r", coreRule("get", "secrets", "a")));
  await create(server, bindings, bindingObject("b", "Role r", "User ann", "Group readers"));
  ann = await userClient(server, "ann", ["devs"]);
});

const asks = (namespace: string, verb: string, resource: string, name = "") => ({
  spec: { resourceAttributes: { namespace, verb, resource, ...(name !== "" && { name }) } },
});

test("Everybody may ask what they may do, and is told why", async () => {
  const yes = await ann("POST", self, { body: asks("default", "get", "secrets", "a") });
  assert.equal(yes.status, 201);
  assert.deepEqual(yes.json, {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    ...asks("default", "get", "secrets", "a"),
    status: { allowed: true, reason: 'RBAC: allowed by RoleBinding "b/default" of Role "r" to User "ann"' },
  });
  const no = await ann("POST", self, { body: asks("default", "get", "secrets") });
  assert.deepEqual(no.json.status, { allowed: false });
  const version = await ann("POST", self, {
    body: { spec: { nonResourceAttributes: { path: "/version", verb: "get" } } },
  });
  assert.equal(version.json.status.allowed, true);
});

test("Nothing is kept of a question, and there is nothing else to do with one", async () => {
  for (const [method, url, status] of [
    ["GET", self, 405],
    ["DELETE", self, 405],
    ["GET", `${self}/x`, 404],
    ["POST", `${path}/localsubjectaccessreviews`, 404],
    ["POST", `${path}/namespaces/default/selfsubjectaccessreviews`, 404],
  ] as const) {
    assert.equal((await server.call(method, url, method === "POST" ? { body: {} } : {})).status, status, url);
  }
});

test("Who may ask about others is told of exactly the user and groups in the question", async () => {
  const of = (who: object) => ({ spec: { ...asks("default", "get", "secrets", "a").spec, ...who } });
  const allowed = async (who: object) => (await server.call("POST", others, { body: of(who) })).json.status.allowed;
  assert.equal(await allowed({ user: "ann" }), true);
  assert.equal(await allowed({ user: "bob" }), false);
  assert.equal(await allowed({ groups: ["readers"] }), true);
  assert.equal(await allowed({ user: "bob", groups: ["system:masters"] }), true);
  const refused = await ann("POST", others, { body: of({ user: "bob" }) });
  const text = 'User "ann" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io"';
  assert.equal(
    refused.json.message,
    `subjectaccessreviews.authorization.k8s.io is forbidden: ${text} at the cluster scope`,
  );
});

test("A local question is about its own namespace", async () => {
  const question = { spec: { ...asks("default", "get", "secrets", "a").spec, user: "ann" } };
  const answer = await server.call("POST", local, { body: question });
  assert.equal(answer.json.status.allowed, true);
  assert.deepEqual(answer.json.metadata, { namespace: "default" });
  const other = { spec: { ...asks("kube-system", "get", "secrets", "a").spec, user: "ann" } };
  const wrong = await server.call("POST", local, { body: other });
  assert.equal(wrong.status, 422);
  const text = 'spec.resourceAttributes.namespace: Invalid value: "kube-system": must match metadata.namespace';
  assert.equal(wrong.json.message, `.authorization.k8s.io "" is invalid: ${text}`);
  const missing = await server.call("POST", local.replace("default", "missing"), {
    body: { spec: { ...asks("missing", "get", "secrets").spec, user: "ann" } },
  });
  assert.equal(missing.json.status.allowed, false);
});

const invalid: [name: string, url: string, body: object, message: string, field: string][] = [
  [
    "nothing",
    self,
    { spec: {} },
    "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
    "spec.resourceAttributes",
  ],
  [
    "two things",
    self,
    { spec: { resourceAttributes: { verb: "get" }, nonResourceAttributes: { path: "/x", verb: "get" } } },
    'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes',
    "spec.nonResourceAttributes",
  ],
  [
    "nobody",
    others,
    { spec: { resourceAttributes: { verb: "get" } } },
    'spec.user: Invalid value: "": at least one of user or group must be specified',
    "spec.user",
  ],
  [
    "somebody by a name of its own",
    self,
    { metadata: { name: "x" }, spec: { resourceAttributes: { verb: "get" } } },
    'metadata: Invalid value: {"name":"x"}: must be empty',
    "metadata",
  ],
  [
    "an empty selector",
    self,
    { spec: { resourceAttributes: { verb: "list", fieldSelector: {} } } },
    "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
    "spec.resourceAttributes.fieldSelector.requirements",
  ],
];

for (const [name, url, body, text, field] of invalid) {
  test(`A question about ${name} is invalid in upstream's words`, async () => {
    const answer = await server.call("POST", url, { body });
    const reason = /Required/.test(text) ? "FieldValueRequired" : "FieldValueInvalid";
    const causes = [{ reason, message: text.slice(field.length + 2), field }];
    assert.deepEqual(
      answer.json,
      failure(422, "Invalid", `.authorization.k8s.io "" is invalid: ${text}`, {
        group: "authorization.k8s.io",
        causes,
      }),
    );
  });
}

test("A selector that cannot be read is told, and the rest decided", async () => {
  const body = asks("default", "list", "secrets");
  Object.assign(body.spec.resourceAttributes, {
    fieldSelector: {
      requirements: [
        { key: "a", operator: "Exists" },
        { key: "b", operator: "In", values: ["c"] },
      ],
    },
    labelSelector: { rawSelector: "((" },
  });
  const { status } = (await server.call("POST", self, { body })).json;
  assert.equal(status.allowed, true);
  assert.equal(
    status.evaluationError,
    "spec.resourceAttributes.fieldSelector partially ignored due to parse error; " +
      "spec.resourceAttributes.labelSelector ignored due to parse error",
  );
});

test("Rules are listed for a namespace, with what could not be found", async () => {
  const url = `${path}/selfsubjectrulesreviews`;
  const { json } = await ann("POST", url, { body: { spec: { namespace: "default" } } });
  assert.deepEqual(json.spec, {});
  assert.ok(
    json.status.resourceRules.some(
      (rule: object) => JSON.stringify(rule) === JSON.stringify(coreRule("get", "secrets", "a")),
    ),
  );
  assert.ok(
    json.status.nonResourceRules.some((rule: { nonResourceURLs: string[] }) =>
      rule.nonResourceURLs.includes("/version"),
    ),
  );
  assert.equal(json.status.incomplete, false);
  const nowhere = await ann("POST", url, { body: { spec: {} } });
  assert.deepEqual(nowhere.json, failure(400, "BadRequest", "no namespace on request"));
  const bindings = `${rbacPath}/namespaces/kube-system/rolebindings`;
  await create(server, bindings, bindingObject("b", "Role gone", "User ann"));
  const dangling = await ann("POST", url, { body: { spec: { namespace: "kube-system" } } });
  assert.equal(dangling.json.status.evaluationError, 'role.rbac.authorization.k8s.io "gone" not found');
  const everything = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
  const admin = await server.call("POST", url, { body: { spec: { namespace: "default" } } });
  const all = admin.json.status.resourceRules.filter(
    (rule: object) => JSON.stringify(rule) === JSON.stringify(everything),
  );
  assert.equal(all.length, 1);
});

test("Whoever asks who they are is told name and groups", async () => {
  const answer = await ann("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: {} });
  assert.equal(answer.status, 201);
  assert.equal(answer.json.kind, "SelfSubjectReview");
  assert.match(answer.json.metadata.creationTimestamp, /^\d{4}-/);
  const { username, groups } = answer.json.status.userInfo;
  assert.deepEqual({ username, groups }, { username: "ann", groups: ["devs", "system:authenticated"] });
});

test("Questions and answers in protobuf are those in JSON", async () => {
  const media = "application/vnd.kubernetes.protobuf";
  const schema = message("authorization-v1", "SubjectAccessReview");
  const question = tree({ spec: { ...asks("default", "get", "secrets", "a").spec, user: "ann", extra: { k: ["v"] } } });
  const kind = "SubjectAccessReview";
  const body = Buffer.from(
    encodeEnvelope({ apiVersion: "authorization.k8s.io/v1", kind }, encodeMessage(schema, question)),
  );
  const answer = await server.call("POST", others, { body, headers: { "Content-Type": media, Accept: media } });
  assert.equal(answer.status, 201);
  const envelope = decodeEnvelope(answer.body);
  assert.equal(envelope.kind, kind);
  const decoded = JSON.parse(JSON.stringify(decodeMessage(schema, envelope.raw)));
  assert.equal(decoded.status.allowed, true);
  assert.deepEqual(decoded.spec.extra, { k: ["v"] });
});

test("Discovery and OpenAPI tell of the questions", async () => {
  const { json } = await ann("GET", path);
  assert.deepEqual(json.resources[0], {
    name: "localsubjectaccessreviews",
    singularName: "localsubjectaccessreview",
    namespaced: true,
    kind: "LocalSubjectAccessReview",
    verbs: ["create"],
  });
  const openApi = await ann("GET", "/openapi/v3/apis/authorization.k8s.io/v1");
  assert.deepEqual(Object.keys(openApi.json.paths), [
    "/apis/authorization.k8s.io/v1/namespaces/{namespace}/localsubjectaccessreviews",
    self,
    `${path}/selfsubjectrulesreviews`,
    others,
  ]);
});
