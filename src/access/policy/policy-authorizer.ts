/**
 * Policies before every other authorizer: what one denies, nobody allows.
 *
 * A rule by labels looks at what is stored. Where nothing is, the answer is the same refusal: else whoever may not read a
 * secret could tell whether it is there. A request for many secrets is denied if any of them could be meant: what a
 * condition asks of them has no answer, so it counts as true.
 */
import { superAdminGroup } from "../../identity/user.ts";
import type { Attributes, Authorizer, Decision } from "../authorizer.ts";
import { asSecretRequest } from "../secret-resource.ts";
import { fitsOneOf } from "./name-pattern.ts";
import type { PolicySet } from "./policy-set.ts";
import { disclosingVerbs, holdsAt } from "./secret-policy.ts";
import type { DenyRule, Labels, PolicyContext, SecretPart, SecretPolicy } from "./secret-policy.ts";

export interface PolicyFacts {
  /** The policies as of now. Raises `unavailable` while they are not known. */
  policies(): PolicySet;
  /** The labels of a stored secret; undefined when there is none. */
  labels(namespace: string, name: string): Promise<Labels | undefined>;
  readonly now: () => Date;
  /** See Authorizer.generation: also another number when policies are no longer known, or again. Never raises. */
  generation(): number;
}

/** Annotations of decisions that policies had a part in. */
export const policyAnnotations = {
  denied: "policy.strongroom.dev/denied-by",
  warned: "policy.strongroom.dev/warned-by",
  bypassed: "policy.strongroom.dev/bypassed",
} as const;

/** Asks policies first, then `inner`. */
export function policyAuthorizer(facts: PolicyFacts, inner: Authorizer): Authorizer {
  return {
    async authorize(attributes) {
      const found = await applying(facts, attributes);
      if (found.length === 0) return inner.authorize(attributes);
      const enforced = found.filter(({ mode }) => mode === "enforce").map(({ id }) => id);
      const isSuper = attributes.user.groups.includes(superAdminGroup);
      if (enforced.length > 0 && !isSuper) return denied(enforced);
      return annotated(await inner.authorize(attributes), found, isSuper);
    },
    async reach(attributes) {
      const isDenied = facts
        .policies()
        .about(attributes.user)
        .some(({ mode }) => mode === "enforce");
      return isDenied ? "unknown" : ((await inner.reach?.(attributes)) ?? "unknown");
    },
    looksAtObject: (attributes) =>
      enforcedRules(facts, attributes).some(looksAtLabels) || inner.looksAtObject?.(attributes) === true,
    generation: () => facts.generation() + (inner.generation?.() ?? 0),
  };
}

function denied(ids: readonly string[]): Decision {
  return {
    type: "deny",
    reason: `denied by SecretPolicy ${JSON.stringify(ids[0])}`,
    annotations: { [policyAnnotations.denied]: ids.join(",") },
  };
}

/** What is allowed although policies say otherwise is said to the caller and kept on record. */
function annotated(decision: Decision, found: readonly SecretPolicy[], isSuper: boolean): Decision {
  if (decision.type !== "allow") return decision;
  const idsOf = (mode: SecretPolicy["mode"]) => found.filter((policy) => policy.mode === mode).map(({ id }) => id);
  const [enforced, warning] = [idsOf("enforce"), idsOf("warn")];
  return {
    ...decision,
    annotations: {
      ...decision.annotations,
      ...(enforced.length > 0 && isSuper && { [policyAnnotations.bypassed]: enforced.join(",") }),
      ...(warning.length > 0 && { [policyAnnotations.warned]: warning.join(",") }),
    },
    warnings: [
      ...(decision.warnings ?? []),
      ...enforced.map((id) => `SecretPolicy ${JSON.stringify(id)} denies this to everybody but ${superAdminGroup}`),
      ...warning.map((id) => `SecretPolicy ${JSON.stringify(id)} would deny this if it were enforced`),
    ],
  };
}

/** The policies that say something about a request. */
async function applying(facts: PolicyFacts, attributes: Attributes): Promise<SecretPolicy[]> {
  const { user } = attributes;
  const asked = asSecretRequest(attributes.verb, attributes.resource);
  if (asked === undefined) return [];
  const policies = facts.policies();
  if (policies.isEmpty) return [];
  const now = facts.now();
  const about = policies.about(user).filter((policy) => holdsAt(policy, now.getTime()));
  const request = new PolicyRequest(facts, { ...attributes, verb: asked.verb }, asked, now);
  const found: SecretPolicy[] = [];
  for (const policy of about) {
    const rules = request.rulesOf(policy);
    if (rules.length > 0 && (await request.isMeantByOne(rules))) found.push(policy);
  }
  return found;
}

/** The rules of enforced policies that are about a request for one secret; none for many. Raises `unavailable`. */
function enforcedRules(facts: PolicyFacts, attributes: Attributes): DenyRule[] {
  const { user } = attributes;
  const asked = asSecretRequest(attributes.verb, attributes.resource);
  if (asked === undefined || asked.name === "") return [];
  const request = new PolicyRequest(facts, { ...attributes, verb: asked.verb }, asked, facts.now());
  const policies = facts.policies().about(user);
  return policies.filter(({ mode }) => mode === "enforce").flatMap((policy) => request.rulesOf(policy));
}

class PolicyRequest {
  readonly #facts: PolicyFacts;
  readonly #attributes: Attributes;
  readonly #namespace: string;
  readonly #name: string;
  readonly #now: Date;
  #labels: Promise<Labels | undefined> | undefined;

  constructor(
    facts: PolicyFacts,
    attributes: Attributes,
    { namespace, name }: { readonly namespace: string; readonly name: string },
    now: Date,
  ) {
    this.#facts = facts;
    this.#attributes = attributes;
    this.#namespace = namespace;
    this.#name = name;
    this.#now = now;
  }

  /** The rules of a policy that are about the verb, the namespace and the name: what can be told at once. */
  rulesOf({ namespace, rules }: SecretPolicy): readonly DenyRule[] {
    // A request over all namespaces is also one for this.
    if (namespace !== "" && this.#namespace !== "" && namespace !== this.#namespace) return [];
    return rules.filter(
      (rule) =>
        (rule.verbs.has(this.#attributes.verb) || rule.verbs.has("*")) &&
        (this.#namespace === "" || fitsOneOf(rule.namespaces, this.#namespace)) &&
        (this.#name === "" || fitsOneOf(rule.names, this.#name)),
    );
  }

  async isMeantByOne(rules: readonly DenyRule[]): Promise<boolean> {
    // What is created is for admission, which sees it.
    const asked = this.#attributes.verb === "create" ? rules.filter((rule) => !looksAtSubmitted(rule)) : rules;
    for (const rule of asked) if ((await this.#isSelected(rule)) && (await this.#holds(rule))) return true;
    return false;
  }

  async #isSelected({ selects }: DenyRule): Promise<boolean> {
    if (selects === undefined || this.#name === "") return true;
    const labels = await this.#storedLabels();
    return labels === undefined || selects(labels);
  }

  async #holds({ condition, reads = nothing }: DenyRule): Promise<boolean> {
    if (condition === undefined) return true;
    const isOfMany = this.#name === "" && this.#attributes.verb !== "create";
    if (isOfMany && (reads.has("name") || reads.has("labels"))) return true;
    if (this.#namespace === "" && reads.has("namespace")) return true;
    const labels = this.#name === "" ? undefined : await this.#storedLabels();
    if (this.#name !== "" && labels === undefined && reads.has("labels")) return true;
    return conditionHolds(condition, contextOf(this.#attributes, this.#namespace, this.#name, labels, this.#now));
  }

  #storedLabels(): Promise<Labels | undefined> {
    const { labels } = this.#attributes;
    this.#labels ??= labels === undefined ? this.#facts.labels(this.#namespace, this.#name) : Promise.resolve(labels);
    return this.#labels;
  }
}

const nothing: ReadonlySet<SecretPart> = new Set();

/** Whether a rule is about the labels of a secret, by its selector or its condition. */
function looksAtLabels({ selects, reads = nothing }: DenyRule): boolean {
  return selects !== undefined || reads.has("labels");
}

/** Whether a rule is about what only admission knows of a secret that is created. */
function looksAtSubmitted(rule: DenyRule): boolean {
  return looksAtLabels(rule) || rule.reads?.has("name") === true;
}

/** What is submitted, which only admission sees: for rules by labels, and conditions on names. */
export interface SubmittedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
}

/**
 * The enforced policies, by rules on labels or conditions on names, that deny creating or changing a secret to these labels.
 * What is stored has been decided by the authorizer.
 */
export function policiesAgainst(
  facts: PolicyFacts,
  attributes: Attributes,
  { namespace, name, labels }: SubmittedSecret,
): string[] {
  return denyingSubmitted(facts, attributes, { namespace, name, labels });
}

/**
 * The enforced policies that deny somebody to read a secret by the labels it has, and by those that are submitted would not:
 * who is denied it does not take it away from under them, to read it - or its versions, which are judged by the labels of
 * now - afterwards.
 */
export function policiesLeft(
  facts: PolicyFacts,
  attributes: Attributes,
  { namespace, name, before, after }: Omit<SubmittedSecret, "labels"> & Readonly<Record<"before" | "after", Labels>>,
): string[] {
  for (const verb of disclosingVerbs) {
    const asked = { ...attributes, verb };
    const denying = denyingSubmitted(facts, asked, { namespace, name, labels: before });
    if (denying.length === 0) continue;
    if (denyingSubmitted(facts, asked, { namespace, name, labels: after }).length === 0) return denying;
  }
  return [];
}

function denyingSubmitted(
  facts: PolicyFacts,
  attributes: Attributes,
  { namespace, name, labels }: SubmittedSecret,
): string[] {
  const now = facts.now();
  const { user, verb } = attributes;
  if (user.groups.includes(superAdminGroup)) return [];
  const denies = (rule: DenyRule) =>
    looksAtSubmitted(rule) &&
    (rule.verbs.has(verb) || rule.verbs.has("*")) &&
    fitsOneOf(rule.namespaces, namespace) &&
    fitsOneOf(rule.names, name) &&
    rule.selects?.(labels) !== false &&
    (rule.condition === undefined ||
      conditionHolds(rule.condition, contextOf(attributes, namespace, name, labels, now)));
  return facts
    .policies()
    .about(user)
    .filter((policy) => policy.mode === "enforce" && holdsAt(policy, now.getTime()))
    .filter((policy) => policy.namespace === "" || policy.namespace === namespace)
    .filter(({ rules }) => rules.some(denies))
    .map(({ id }) => id);
}

/** A condition without a result does not let anybody through. */
function conditionHolds(condition: NonNullable<DenyRule["condition"]>, context: PolicyContext): boolean {
  try {
    return condition(context);
  } catch {
    return true;
  }
}

function contextOf(
  { user, verb, origin }: Attributes,
  namespace: string,
  name: string,
  labels: Labels | undefined,
  now: Date,
): PolicyContext {
  const { door = "", sourceAddress = "" } = origin ?? {};
  return { user, verb, namespace, name, labels, door, sourceAddress, now };
}
