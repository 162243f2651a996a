/**
 * Requests that are sent to an unmodified kube-apiserver and to our server, so that what the two put on record can be compared. Each
 * proposes its name as its audit id.
 */
export interface AuditedCall {
  /** One word; the audit id. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Whose token; undefined for none. */
  readonly user: "admin" | "nobody" | "wrong" | undefined;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export const policyText = `apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- level: None
  nonResourceURLs: ["/readyz*", "/livez*"]
- level: Metadata
  resources:
  - group: ""
    resources: [secrets, serviceaccounts/token]
  - group: authentication.k8s.io
- level: RequestResponse
  resources:
  - group: rbac.authorization.k8s.io
- level: Metadata
`;

const secrets = "/api/v1/namespaces/default/secrets";
const roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
const accounts = "/api/v1/namespaces/default/serviceaccounts";
const maps = "/api/v1/namespaces/default/configmaps";
const map = { apiVersion: "v1", kind: "ConfigMap", data: { key: "value" } };
const secret = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "db" },
  stringData: { password: "canary-in-audit" },
};
const role = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "reader" },
  rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
};
const merge = { "Content-Type": "application/merge-patch+json" };

function admin(name: string, method: string, path: string, more: Partial<AuditedCall> = {}): AuditedCall {
  return { name, method, path, user: "admin", ...more };
}

export const auditedCalls: readonly AuditedCall[] = [
  admin("create", "POST", secrets, { body: secret }),
  admin("create-again", "POST", secrets, { body: secret }),
  admin("create-generated", "POST", secrets, { body: { ...secret, metadata: { generateName: "db-" } } }),
  admin("get", "GET", `${secrets}/db`),
  admin("get-missing", "GET", `${secrets}/missing`),
  admin("list", "GET", `${secrets}?limit=500`),
  admin("list-everywhere", "GET", "/api/v1/secrets"),
  admin("watch", "GET", `${secrets}?watch=true&timeoutSeconds=1`),
  admin("update", "PUT", `${secrets}/db`, { body: secret }),
  admin("patch", "PATCH", `${secrets}/db`, { body: { metadata: { labels: { a: "b" } } }, headers: merge }),
  admin("delete", "DELETE", `${secrets}/db`),
  admin("delete-missing", "DELETE", `${secrets}/db`),
  admin("delete-all", "DELETE", secrets),
  admin("role-create", "POST", roles, { body: role }),
  admin("role-get", "GET", `${roles}/reader`),
  admin("role-patch", "PATCH", `${roles}/reader`, { body: { metadata: { labels: { a: "b" } } }, headers: merge }),
  admin("role-invalid", "POST", roles, { body: { ...role, metadata: { name: "bad" }, rules: [{ verbs: [] }] } }),
  admin("role-delete", "DELETE", `${roles}/reader`),
  admin("role-missing", "GET", `${roles}/reader`),
  admin("node-list", "GET", "/api/v1/nodes"),
  admin("account-create", "POST", "/api/v1/namespaces/default/serviceaccounts", {
    body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app" } },
  }),
  admin("token", "POST", "/api/v1/namespaces/default/serviceaccounts/app/token", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } },
  }),
  admin("token-review", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "canary-in-audit" } },
  }),
  admin("access-review", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb: "get", resource: "secrets", namespace: "default" } },
    },
  }),
  admin("version", "GET", "/version"),
  admin("no-such-path", "GET", "/nothing/here"),
  admin("no-such-resource", "GET", "/api/v1/namespaces/default/nothings"),
  admin("long-agent", "GET", `${secrets}?limit=1`, { headers: { "User-Agent": "a".repeat(2000) } }),
  admin("forwarded", "GET", `${secrets}?limit=1`, { headers: { "X-Forwarded-For": "192.0.2.7, 192.0.2.8" } }),
  admin("as-jane", "GET", `${secrets}?limit=1`, {
    headers: { "Impersonate-User": "jane", "Impersonate-Group": "devs", "Impersonate-Extra-scopes": "view" },
  }),
  admin("list-selected", "GET", `${secrets}?labelSelector=a%3Db&fieldSelector=type%3DOpaque`),
  admin("list-bad-selector", "GET", `${secrets}?labelSelector=%3D%3D`),
  admin("list-bad-limit", "GET", `${secrets}?limit=many`),
  admin("get-table", "GET", `${secrets}?limit=1`, {
    headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
  }),
  admin("get-unacceptable", "GET", `${secrets}/db`, { headers: { Accept: "text/csv" } }),
  admin("create-dry", "POST", `${secrets}?dryRun=All`, { body: { ...secret, metadata: { name: "dry" } } }),
  admin("create-unnamed", "POST", secrets, { body: { ...secret, metadata: {} } }),
  admin("create-elsewhere", "POST", "/api/v1/namespaces/nowhere/secrets", { body: secret }),
  admin("create-other-namespace", "POST", secrets, {
    body: { ...secret, metadata: { name: "db", namespace: "other" } },
  }),
  admin("create-media-type", "POST", secrets, { body: secret, headers: { "Content-Type": "text/csv" } }),
  admin("apply", "PATCH", `${secrets}/applied?fieldManager=test`, {
    body: { ...secret, metadata: { name: "applied" } },
    headers: { "Content-Type": "application/apply-patch+yaml" },
  }),
  admin("json-patch", "PATCH", `${secrets}/applied`, {
    body: [{ op: "add", path: "/metadata/labels", value: { a: "b" } }],
    headers: { "Content-Type": "application/json-patch+json" },
  }),
  admin("patch-missing", "PATCH", `${secrets}/missing`, { body: {}, headers: merge }),
  admin("update-stale", "PUT", `${secrets}/applied`, {
    body: { ...secret, metadata: { name: "applied", resourceVersion: "1" } },
  }),
  admin("update-other-name", "PUT", `${secrets}/applied`, { body: secret }),
  admin("delete-foreground", "DELETE", `${secrets}/applied?propagationPolicy=Foreground`),
  admin("method", "POST", `${secrets}/applied`, { body: secret }),
  admin("map-create", "POST", maps, { body: { ...map, metadata: { name: "settings" } } }),
  admin("map-get", "GET", `${maps}/settings`),
  admin("map-delete", "DELETE", `${maps}/settings`),
  admin("namespace-create", "POST", "/api/v1/namespaces", { body: { metadata: { name: "team" } } }),
  admin("namespace-get", "GET", "/api/v1/namespaces/team"),
  admin("cluster-role", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    body: { ...role, kind: "ClusterRole", metadata: { name: "reader" } },
  }),
  admin("binding", "POST", roles.replace("roles", "rolebindings"), {
    body: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "readers" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }],
    },
  }),
  admin("rules-review", "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
    body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace: "default" } },
  }),
  admin("who-am-i", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  }),
  admin("discovery", "GET", "/api/v1"),
  admin("discovery-groups", "GET", "/apis"),
  admin("openapi", "GET", "/openapi/v3"),
  admin("as-group-alone", "GET", secrets, { headers: { "Impersonate-Group": "devs" } }),
  admin("as-account", "GET", `${secrets}?limit=1`, {
    headers: { "Impersonate-User": "system:serviceaccount:default:app", "Impersonate-Uid": "7" },
  }),
  admin("real-ip", "GET", `${secrets}?limit=1`, { headers: { "X-Real-Ip": "192.0.2.9" } }),
  { name: "forbidden-everywhere", method: "GET", path: "/api/v1/secrets", user: "nobody" },
  { name: "forbidden-page", method: "GET", path: "/metrics", user: "nobody" },
  { name: "forbidden-delete-all", method: "DELETE", path: secrets, user: "nobody" },
  { name: "forbidden-patch", method: "PATCH", path: `${secrets}/db`, user: "nobody", body: {}, headers: merge },
  { name: "forbidden-token", method: "POST", path: `${accounts}/app/token`, user: "nobody", body: {} },
  { name: "forbidden-escalation", method: "POST", path: roles, user: "nobody", body: role },
  { name: "forbidden-get", method: "GET", path: `${secrets}/db`, user: "nobody" },
  { name: "forbidden-create", method: "POST", path: secrets, user: "nobody", body: secret },
  { name: "forbidden-watch", method: "GET", path: `${secrets}?watch=true`, user: "nobody" },
  {
    name: "forbidden-as",
    method: "GET",
    path: secrets,
    user: "nobody",
    headers: { "Impersonate-User": "jane" },
  },
  { name: "wrong-token", method: "GET", path: secrets, user: "wrong" },
  { name: "anonymous", method: "GET", path: secrets, user: undefined },
];
