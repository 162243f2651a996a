/**
 * A sample of what the graph says, asked of the cluster by SubjectAccessReviews: it decides with all its authorizers, of which the graph
 * knows roles only. Nothing is changed by asking.
 */
import type { FactSet, Disagreement, Verification } from "../../facts/fact-set.ts";
import { missingRight } from "../../facts/coverage-gap.ts";
import { field, textField } from "../../facts/json-fields.ts";
import { capabilitiesReaching } from "../../graph/capability.ts";
import type { EdgeId } from "../../graph/edge-rule.ts";
import { edgeRules } from "../../graph/edge-rules.ts";
import { groupsOf } from "../../graph/graph-node.ts";
import type { GraphNode, PrincipalNode } from "../../graph/graph-node.ts";
import { denialOf } from "../../graph/secret-denials.ts";
import type { SecretName, SecurityGraph } from "../../graph/security-graph.ts";
import { nodeText, objectText } from "../../questions/principal.ts";
import type { ApiConnection } from "./api-connection.ts";
import { ApiFailure } from "./api-failure.ts";
import { inParallel } from "./in-parallel.ts";

export interface SampleOptions {
  /** How many questions. */
  readonly count: number;
  /** Secrets that are asked about first. */
  readonly about: readonly SecretName[];
  /** From 0 to below 1. */
  readonly random?: () => number;
}

interface Question {
  readonly who: PrincipalNode;
  readonly verb: string;
  readonly secret: SecretName;
  readonly isAllowed: boolean;
}

const reviewsPath = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const verbs: readonly (readonly [string, EdgeId])[] = [
  ["get", "get-secret"],
  ["list", "list-secrets"],
  ["watch", "watch-secrets"],
];
/** Pairs that are looked at to find enough of both answers. */
const triesPerQuestion = 200;
const atOnce = 4;

/** Without roles and bindings there is no answer to compare. Raises only the reason of the signal. */
export async function verifySample(
  graph: SecurityGraph,
  connection: ApiConnection,
  options: SampleOptions,
  signal: AbortSignal,
): Promise<Verification> {
  const none = { asked: 0, agreed: 0, disagreements: [] };
  if (!knowsRights(graph.facts)) return { ...none, reason: "not all roles and bindings are known" };
  const questions = sampleQuestions(graph, options);
  if (questions.length === 0) return { ...none, reason: "there is nobody and nothing to ask about" };
  try {
    const answers = await inParallel(atOnce, questions, (question) => ask(connection, question, signal));
    const disagreements = answers.filter((answer) => answer !== undefined);
    return { asked: questions.length, agreed: questions.length - disagreements.length, disagreements, reason: "" };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.kind !== "forbidden") return { ...none, reason: error.message };
    const right = { verbs: ["create"], group: "authorization.k8s.io", resource: "subjectaccessreviews", namespace: "" };
    return { ...none, reason: `it takes the rule ${missingRight(right).rule} in a ClusterRole` };
  }
}

function knowsRights(facts: FactSet): boolean {
  return (["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"] as const).every((kind) => facts.knows(kind));
}

/** As many that the graph allows as it denies, as far as there are any. */
export function sampleQuestions(
  graph: SecurityGraph,
  { count, about, random = Math.random }: SampleOptions,
): Question[] {
  const who = graph.nodes.filter(isAsked);
  const secrets = [...about, ...graph.facts.of("Secret")];
  if (secrets.length === 0)
    secrets.push(...graph.facts.of("Namespace").map(({ name }) => ({ namespace: name, name: "any" })));
  const found = new Map<string, Question>();
  const room = { true: Math.ceil(count / 2), false: Math.floor(count / 2) };
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)];
  for (let tries = 0; tries < count * triesPerQuestion && found.size < count; tries++) {
    // Those that are asked about first come up as often as all others together.
    const secret = pick(about.length > 0 && tries % 2 === 0 ? about : secrets);
    const [principal, verb] = [pick(who), pick(verbs)];
    if (secret === undefined || principal === undefined || verb === undefined) return [];
    const isAllowed = allows(graph, principal, verb, secret);
    if (isAllowed === undefined) continue;
    const key = [nodeText(principal), verb[0], secret.namespace, secret.name].join("\n");
    const side = isAllowed ? "true" : "false";
    // Late in the search, any answer will do.
    const isLate = tries > (count * triesPerQuestion) / 2;
    if (found.has(key) || (room[side] === 0 && !isLate)) continue;
    room[side] = Math.max(0, room[side] - 1);
    found.set(key, { who: principal, verb: verb[0], secret, isAllowed });
  }
  return [...found.values()];
}

/** Groups above roles are not in roles; nodes are decided on by another authorizer. */
function isAsked(node: GraphNode): node is PrincipalNode {
  if (node.type !== "user" && node.type !== "group") return false;
  const { name } = node;
  return (
    name !== "" && name !== "system:masters" && name !== "strongroom:admins" && !/^system:nodes?(?::|$)/.test(name)
  );
}

/** Whether an edge of the graph says so: from who asks, or from a group they are in for certain. Undefined for what it leaves open. */
function allows(
  graph: SecurityGraph,
  who: PrincipalNode,
  [verb, id]: readonly [string, EdgeId],
  { namespace, name }: SecretName,
): boolean | undefined {
  const capabilities = capabilitiesReaching("read-secret", namespace, name);
  const reaching = new Set(capabilities.map((capability) => graph.find({ type: "capability", capability })));
  const identities: PrincipalNode[] = [
    who,
    ...memberships(who).map((group) => ({ type: "group" as const, name: group })),
  ];
  const { outgoing, to, rule: rules } = graph.edges;
  const hasEdge = (identity: PrincipalNode) => {
    const from = graph.find(identity) ?? -1;
    const edges = from < 0 ? [] : outgoing.edges.subarray(outgoing.starts[from], outgoing.starts[from + 1]);
    return edges.some((edge) => edgeRules[rules[edge] ?? -1]?.id === id && reaching.has(to[edge]));
  };
  const asked = { verb, namespace, name };
  const denials = new Set(identities.filter(hasEdge).map((identity) => denialOf(graph.facts, identity, asked)));
  return denials.has("none") || (denials.has("in-part") ? undefined : false);
}

function memberships({ type, name }: PrincipalNode): readonly string[] {
  return type === "user" ? groupsOf(name) : [];
}

/** The disagreement, if there is one. */
async function ask(
  connection: ApiConnection,
  question: Question,
  signal: AbortSignal,
): Promise<Disagreement | undefined> {
  const { who, verb, secret, isAllowed } = question;
  const { namespace, name } = secret;
  const groups = who.type === "group" ? [who.name] : memberships(who);
  const resourceAttributes = { namespace, verb, group: "", version: "v1", resource: "secrets", name };
  const spec = { ...(who.type === "user" && { user: who.name }), groups, resourceAttributes };
  const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
  const status = field(await connection.ask(reviewsPath, { signal, body: review }), "status");
  const allowed = field(status, "allowed");
  if (typeof allowed !== "boolean")
    throw new ApiFailure("nonsense", "the cluster answered a review without a decision");
  if (allowed === isAllowed) return undefined;
  return {
    question: `${nodeText(who)} may ${verb} ${objectText({ kind: "Secret", ...secret })}`,
    graph: isAllowed ? "allows" : "denies",
    cluster: allowed ? "allows" : "denies",
    reason: textField(status, "reason").slice(0, 300),
  };
}
