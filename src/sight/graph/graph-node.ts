/** The nodes of the graph. */
import type { RoleFact, SecretFact, WorkloadFact } from "../facts/facts.ts";
import type { Capability } from "./capability.ts";

/** Whoever is the subject of a right. An account is the user that its tokens are; a node is not only its user. */
export interface PrincipalNode {
  readonly type: "user" | "group" | "node";
  readonly name: string;
}

export type GraphNode =
  | PrincipalNode
  | { readonly type: "workload"; readonly workload: WorkloadFact }
  /** Only secrets that lead on: tokens. Others are looked up when they are asked for. */
  | { readonly type: "secret"; readonly secret: SecretFact }
  /** A role in a scope, as somebody may come to hold it. */
  | { readonly type: "role"; readonly role: RoleFact; readonly scope: string }
  | { readonly type: "capability"; readonly capability: Capability };

/** What tells a node from all others. */
export function nodeKey(node: GraphNode): string {
  switch (node.type) {
    case "user":
    case "group":
    case "node":
      return `${node.type}\n${node.name}`;
    case "workload": {
      const { kind, namespace, name } = node.workload;
      return `workload\n${kind}\n${namespace}\n${name}`;
    }
    case "secret":
      return `secret\n${node.secret.namespace}\n${node.secret.name}`;
    case "role":
      return `role\n${node.role.kind}\n${node.role.namespace}\n${node.role.name}\n${node.scope}`;
    case "capability":
      return capabilityKey(node.capability);
    default:
      return node satisfies never;
  }
}

export function capabilityKey({ kind, namespace, name }: Capability): string {
  return `capability\n${kind}\n${namespace}\n${name}`;
}

const accountPrefix = "system:serviceaccount:";

/** The user that an account is. */
export function accountUser(namespace: string, name: string): PrincipalNode {
  return { type: "user", name: `${accountPrefix}${namespace}:${name}` };
}

/** The account that a user is; undefined for other users. Source: k8s.io/apiserver pkg/authentication/serviceaccount. */
export function accountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const [namespace = "", name = "", ...rest] = user.startsWith(accountPrefix)
    ? user.slice(accountPrefix.length).split(":")
    : [];
  return namespace === "" || name === "" || rest.length > 0 ? undefined : { namespace, name };
}

/** The implicit groups of a user. Source: k8s.io/apiserver pkg/authentication/serviceaccount/util.go. */
export function groupsOf(user: string): string[] {
  if (user === "system:anonymous") return ["system:unauthenticated"];
  const account = accountOf(user);
  const groups = account === undefined ? [] : [`system:serviceaccounts:${account.namespace}`, "system:serviceaccounts"];
  return [...groups, "system:authenticated"];
}
