/** Nodes of the graph in the words of answers. */
import { accountOf } from "../graph/graph-node.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";

/** Who can do something. A node of the cluster is one too. */
export interface Principal {
  readonly kind: "User" | "Group" | "ServiceAccount" | "Node";
  readonly name: string;
  /** Of an account; "" for others. */
  readonly namespace: string;
}

/** The principal a node of the graph is; undefined for what is none. */
export function principalOfNode(node: GraphNode): Principal | undefined {
  switch (node.type) {
    case "user": {
      const account = accountOf(node.name);
      return account === undefined
        ? { kind: "User", name: node.name, namespace: "" }
        : { kind: "ServiceAccount", ...account };
    }
    case "group":
      return { kind: "Group", name: node.name, namespace: "" };
    case "node":
      return { kind: "Node", name: node.name, namespace: "" };
    default:
      return undefined;
  }
}

/** A principal of a graph with the number of its node. */
export interface NumberedPrincipal {
  readonly number: number;
  readonly principal: Principal;
}

const numbered = new WeakMap<SecurityGraph, readonly NumberedPrincipal[]>();

/** All principals of a graph in the order of their names; worked out once for each graph. */
export function principalsOf(graph: SecurityGraph): readonly NumberedPrincipal[] {
  let found = numbered.get(graph);
  if (found === undefined) {
    found = graph.nodes
      .flatMap((node, number) => {
        const principal = principalOfNode(node);
        return principal === undefined ? [] : [{ number, principal, text: nodeText(node) }];
      })
      .sort((a, b) => (a.text < b.text ? -1 : 1));
    numbered.set(graph, found);
  }
  return found;
}

const texts = new WeakMap<GraphNode, string>();

/** `KIND NAME`, or `KIND NAMESPACE/NAME`. */
export function nodeText(node: GraphNode): string {
  let text = texts.get(node);
  if (text === undefined) {
    text = writeNode(node);
    texts.set(node, text);
  }
  return text;
}

function writeNode(node: GraphNode): string {
  const principal = principalOfNode(node);
  if (principal !== undefined) return objectText(principal);
  switch (node.type) {
    case "workload":
      return objectText(node.workload);
    case "secret":
      return objectText(node.secret);
    case "machine":
      return objectText({ kind: "Machine", namespace: "", name: node.name });
    case "object":
      return objectText(node);
    case "shared":
      return node.name;
    case "role":
      return `${objectText(node.role)} ${node.scope === "" ? "everywhere" : `in ${node.scope}`}`;
    case "capability": {
      const { kind, namespace, name } = node.capability;
      return `${kind} ${namespace === "" ? "*" : namespace}/${name === "" ? "*" : name}`;
    }
    default:
      throw new TypeError(`every other node is a principal: ${node.type}`);
  }
}

/** As {@link nodeText}. A name that could be taken for more than a name is in quotes. */
export function objectText({ kind, namespace, name }: { kind: string; namespace: string; name: string }): string {
  const shown = namespace === "" ? name : `${namespace}/${name}`;
  return `${kind} ${/^[^\s"',;()]+$/u.test(shown) ? shown : JSON.stringify(shown)}`;
}

const clusterWide: ReadonlySet<string> = new Set(["User", "Group", "Node", "ClusterRole", "ClusterRoleBinding"]);

/** The parts of a text that {@link objectText} wrote; undefined for other texts. */
export function readObjectText(text: string): { kind: string; namespace: string; name: string } | undefined {
  const [, kind = "", written = ""] = /^(\S+) (".*"|[^\s"',;()]+)$/su.exec(text) ?? [];
  if (kind === "") return undefined;
  const shown = written.startsWith('"') ? unquoted(written) : written;
  if (shown === undefined) return undefined;
  const slash = clusterWide.has(kind) ? -1 : shown.indexOf("/");
  return { kind, namespace: shown.slice(0, Math.max(0, slash)), name: shown.slice(slash + 1) };
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string; // it is in quotes
  } catch {
    return undefined; // a role somewhere, whose names have quotes in them
  }
}
