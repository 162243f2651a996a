/** How people name what they ask about: `user/jane`, `sa/prod/web`, `pod/prod/web-1`, `secret/prod/db`. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { workloadKinds } from "../facts/facts.ts";
import { accountUser } from "../graph/graph-node.ts";
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

function unknownForm(text: string): Error {
  return new StrongroomError("invalid", `${JSON.stringify(text)} must be one of ${subjectForms}`);
}
