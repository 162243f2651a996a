/** How people name what they ask about: `user/jane`, `sa/prod/web`, `pod/prod/web-1`, `secret/prod/db`. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { workloadKinds } from "../facts/facts.ts";
import { accountUser, groupsOf } from "../graph/graph-node.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";

export const subjectForms =
  "user/NAME, group/NAME, node/NAME, sa/NAMESPACE/NAME, pod/NAMESPACE/NAME (or deployment/..., job/...), secret/NAMESPACE/NAME";

export type Asked =
  /** A place in the graph; undefined when the source has nothing of the name, so that nothing leads from or to it. */
  | { readonly type: "node"; readonly number: number | undefined }
  | { readonly type: "secret"; readonly secret: SecretName };

/** What a text names in a graph. Raises `invalid` for a text of no known form. */
export function findAsked(graph: SecurityGraph, text: string): Asked {
  const slash = text.indexOf("/");
  const [kind, rest] = [text.slice(0, Math.max(0, slash)).toLowerCase(), text.slice(slash + 1)];
  if (rest === "") throw unknownForm(text);
  if (kind === "user" || kind === "group" || kind === "node") {
    return { type: "node", number: graph.find({ type: kind, name: rest }) };
  }
  const [namespace = "", name = "", ...more] = rest.split("/");
  if (namespace === "" || name === "" || more.length > 0) throw unknownForm(text);
  if (kind === "secret") return { type: "secret", secret: { namespace, name } };
  if (kind === "sa" || kind === "serviceaccount") {
    return { type: "node", number: graph.find(accountUser(namespace, name)) };
  }
  const workloadKind = workloadKinds.find((each) => each.toLowerCase() === kind);
  if (workloadKind === undefined) throw unknownForm(text);
  const found = graph.facts.named(workloadKind, namespace, name).find((fact) => "references" in fact);
  return {
    type: "node",
    number: found && "references" in found ? graph.find({ type: "workload", workload: found }) : undefined,
  };
}

/** Where the ways of somebody begin. */
export interface Beginning {
  /** Undefined when nothing of the source leads from there. */
  readonly number: number | undefined;
  /** The group in whose place they are, when nothing in the source names them: `Group NAME`. */
  readonly asMemberOf: string | undefined;
}

/**
 * Where the ways of what is asked about begin. Of whom the source does not have, nothing but the groups is known that
 * everybody of the kind is in: they are asked about in their place.
 */
export function findBeginning(graph: SecurityGraph, text: string): Beginning {
  const asked = findAsked(graph, text);
  if (asked.type === "secret") return { number: tokenNumber(graph, asked.secret), asMemberOf: undefined };
  if (asked.number !== undefined) return { number: asked.number, asMemberOf: undefined };
  for (const name of certainGroups(text)) {
    const number = graph.find({ type: "group", name });
    if (number !== undefined) return { number, asMemberOf: `Group ${name}` };
  }
  return { number: undefined, asMemberOf: undefined };
}

/** A secret leads on only as a token. */
function tokenNumber(graph: SecurityGraph, { namespace, name }: SecretName): number | undefined {
  const [fact] = graph.facts.named("Secret", namespace, name);
  return fact !== undefined && "keys" in fact ? graph.find({ type: "secret", secret: fact }) : undefined;
}

/** The narrowest first: each is in those that follow. */
function certainGroups(text: string): readonly string[] {
  const [kind = "", first = "", second = ""] = text.split("/");
  switch (kind.toLowerCase()) {
    case "user":
      return groupsOf(text.slice(text.indexOf("/") + 1));
    case "sa":
    case "serviceaccount":
      return groupsOf(accountUser(first, second).name);
    case "node":
      return ["system:nodes", "system:authenticated"];
    case "group":
      return first === "system:unauthenticated" ? [] : ["system:authenticated"];
    default:
      return [];
  }
}

function unknownForm(text: string): Error {
  return new StrongroomError("invalid", `${JSON.stringify(text)} must be one of ${subjectForms}`);
}
