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
  | { readonly type: "capability"; readonly capability: Capability }
  /** A node as a machine: whoever is root on it. */
  | { readonly type: "machine"; readonly name: string }
  /** An object, or the log of a pod, that is read and holds what belongs into a secret. */
  | { readonly type: "object"; readonly kind: string; readonly namespace: string; readonly name: string }
  /** What lies in several places: a value by the first of them, or an item of a store by its name. */
  | { readonly type: "shared"; readonly name: string };

/** Whether more follows from a node's being there than the facts that bring it say. */
export function saysMore({ type }: GraphNode): boolean {
  return type !== "workload" && type !== "secret" && type !== "object" && type !== "shared";
}

/** Whether a way through a node is told as one step: it stands for something between the ends. */
export function isPassed(node: GraphNode | undefined): boolean {
  return node?.type === "capability" || node?.type === "shared";
}

/** What tells a node from all others. */
export function nodeKey(node: GraphNode): string {
  switch (node.type) {
    case "user":
    case "group":
    case "node":
    case "machine":
    case "shared":
      return `${node.type}\n${node.name}`;
    case "workload": {
      const { kind, namespace, name } = node.workload;
      return `workload\n${kind}\n${namespace}\n${name}`;
    }
    case "secret":
      return secretKey(node.secret.namespace, node.secret.name);
    case "role":
      return `role\n${node.role.kind}\n${node.role.namespace}\n${node.role.name}\n${node.scope}`;
    case "object":
      return `object\n${node.kind}\n${node.namespace}\n${node.name}`;
    case "capability":
      return capabilityKey(node.capability);
    default:
      return node satisfies never;
  }
}

export function secretKey(namespace: string, name: string): string {
  return `secret\n${namespace}\n${name}`;
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
