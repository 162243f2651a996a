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
