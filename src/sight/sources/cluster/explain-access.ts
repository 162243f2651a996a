/**
 * Why a server allows or denies somebody something: its own decision, by a SubjectAccessReview, with the binding, the rule
 * and the policy that it names looked up. Nothing is changed by asking.
 *
 * The reason is text: that of RBAC has the same form on every Kubernetes (k/k plugin/pkg/auth/authorizer/rbac/rbac.go), that
 * of policies is this product's. What is in another form is told as it is.
 */
import { ruleAllows } from "../../../access/rbac/policy-rule.ts";
import type { PolicyRule } from "../../../access/rbac/policy-rule.ts";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { field, listField, textField } from "../../facts/json-fields.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";

export interface AccessQuestion {
  readonly user: string;
  readonly groups: readonly string[];
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  /** "" for lists and creations. */
  readonly name: string;
  /** "" for all namespaces. */
  readonly namespace: string;
}

/** A role or binding; namespace "" for those of the cluster. */
export interface RoleObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AccessExplanation extends AccessQuestion {
  readonly allowed: boolean;
  /** Whether somebody said no, and not only nobody yes. */
  readonly denied: boolean;
  readonly reason: string;
  readonly binding?: RoleObject;
  readonly role?: RoleObject;
  /** The first rule of the role that allows it, and its place from 0; absent when the role cannot be read. */
  readonly rule?: { readonly index: number; readonly rule: PolicyRule };
  /** `namespace/name` of a SecretPolicy, the name of a ClusterSecretPolicy. */
  readonly policy?: string;
}

const rbacPath = "/apis/rbac.authorization.k8s.io/v1";

/** Raises `denied` without the right to create subjectaccessreviews, `unavailable`. */
export async function explainAccess(
  connection: ApiConnection,
  question: AccessQuestion,
  signal: AbortSignal,
): Promise<AccessExplanation> {
  const status = field(await review(connection, question, signal), "status");
  const allowed = field(status, "allowed");
  if (typeof allowed !== "boolean") throw new StrongroomError("unavailable", "the server must answer a review");
  const reason = textField(status, "reason");
  const decided = { ...question, allowed, denied: field(status, "denied") === true, reason };
  const [, quoted = ""] = /denied by SecretPolicy ("(?:[^"\\]|\\.)*")/.exec(reason) ?? [];
  if (quoted !== "") return { ...decided, policy: unquoted(quoted) };
  const grant = grantOf(reason);
  if (!allowed || grant === undefined) return decided;
  const rule = await allowingRule(connection, question, grant.role, signal);
  return { ...decided, ...grant, ...(rule !== undefined && { rule }) };
}

async function review(connection: ApiConnection, question: AccessQuestion, signal: AbortSignal): Promise<unknown> {
  const { user, groups, ...resourceAttributes } = question;
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, groups, resourceAttributes: { ...resourceAttributes, group: "", version: "v1" } },
  };
  try {
    return await connection.ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", { signal, body });
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const code = error.kind === "forbidden" ? "denied" : "unavailable";
    throw new StrongroomError(code, error.message, { cause: error });
  }
}

const grantForm =
  /allowed by (ClusterRoleBinding|RoleBinding) ("(?:[^"\\]|\\.)*") of (ClusterRole|Role) ("(?:[^"\\]|\\.)*") to /;

function grantOf(reason: string): { readonly binding: RoleObject; readonly role: RoleObject } | undefined {
  const [, kind = "", bindingText = "", roleKind = "", roleText = ""] = grantForm.exec(reason) ?? [];
  if (kind === "") return undefined;
  const written = unquoted(bindingText);
  // A RoleBinding is written with its namespace behind the name, which may have no slash.
  const slash = kind === "RoleBinding" ? written.lastIndexOf("/") : written.length;
  const namespace = written.slice(slash + 1);
  return {
    binding: { kind, namespace, name: written.slice(0, slash) },
    role: { kind: roleKind, namespace: roleKind === "Role" ? namespace : "", name: unquoted(roleText) },
  };
}

/** Names have no characters that Go and JSON write differently. */
function unquoted(text: string): string {
  const value: unknown = JSON.parse(text);
  return typeof value === "string" ? value : "";
}

async function allowingRule(
  connection: ApiConnection,
  { verb, resource, subresource, namespace, name }: AccessQuestion,
  role: RoleObject,
  signal: AbortSignal,
): Promise<AccessExplanation["rule"]> {
  const place = role.kind === "Role" ? `namespaces/${encodeURIComponent(role.namespace)}/roles` : "clusterroles";
  let answer: unknown;
  try {
    answer = await connection.ask(`${rbacPath}/${place}/${encodeURIComponent(role.name)}`, { signal });
  } catch (error) {
    if (error instanceof ApiFailure) return undefined; // not readable, or gone since
    throw error;
  }
  const rules = listField(answer, "rules").map(policyRule);
  const asked = { apiGroup: "", apiVersion: "v1", resource, subresource, namespace, name };
  const index = rules.findIndex((rule) => ruleAllows(rule, { verb, resource: asked, path: undefined }));
  const rule = rules[index];
  return rule && { index, rule };
}

function policyRule(rule: unknown): PolicyRule {
  const texts = (name: string) => listField(rule, name).filter((text) => typeof text === "string");
  return {
    verbs: texts("verbs"),
    apiGroups: texts("apiGroups"),
    resources: texts("resources"),
    resourceNames: texts("resourceNames"),
    nonResourceURLs: texts("nonResourceURLs"),
  };
}
