/** Who may do what at this door: the authorizers, and what they decide by. */
import type { Authorizer } from "../../../access/authorizer.ts";
import { nodeAuthorizer } from "../../../access/node-authorizer.ts";
import type { NodeFacts } from "../../../access/node-authorizer.ts";
import { groupAuthorizer } from "../../../access/group-authorizer.ts";
import { rbacAuthorizer } from "../../../access/rbac-authorizer.ts";
import type { RbacFacts } from "../../../access/rbac-authorizer.ts";
import { policyAuthorizer } from "../../../access/policy/policy-authorizer.ts";
import { podTokenAuthorizer } from "../../../access/pod-token-authorizer.ts";
import type { PodTokenFacts } from "../../../access/pod-token-authorizer.ts";
import { unionAuthorizer } from "../../../access/union-authorizer.ts";
import { fullAuthority } from "../../../access/rbac/policy-rule.ts";
import type { PolicyRule } from "../../../access/rbac/policy-rule.ts";
import type { UserRules } from "../../../access/rbac/rbac-index.ts";
import { missingRules } from "../../../access/rbac/rule-cover.ts";
import { nodeReaches, nodeRuns, podRefers } from "../../../core/references/pod-reference-facts.ts";
import type { PodReferenceFacts } from "../../../core/references/pod-reference-facts.ts";
import { StoredPodReferences } from "../../../core/references/stored-pod-references.ts";
import type { User } from "../../../identity/user.ts";
import { admissionChain } from "../../../gate/admission.ts";
import type { Admission } from "../../../gate/admission.ts";
import type { PodsBehind } from "../../../gate/gate.ts";
import { rbacEscalation } from "../admission/rbac-escalation.ts";
import { secretPolicyAdmission } from "../admission/secret-policy.ts";
import type { Store } from "../../../store/store.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { allPowerfulGroups } from "./all-powerful-groups.ts";
import { defaultPolicy } from "./default-policy.ts";
import { ensureDefaultPolicy } from "./ensure-default-policy.ts";
import type { DefaultPolicyFacts } from "./ensure-default-policy.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { rulesOf } from "./rbac-objects.ts";
import { LimitedNamespaces } from "./limited-namespaces.ts";
import { podsBehindNodes } from "./pods-behind-nodes.ts";
import { StoredPolicies } from "./stored-policies.ts";
import { StoredRbacFacts } from "./stored-rbac-facts.ts";
import type { FollowOptions } from "./kind-follower.ts";

export interface OpenAccess extends AsyncDisposable {
  readonly authorizer: Authorizer;
  /** For readiness: raises `unavailable` while roles and bindings are not known to be those that are stored. */
  readonly check: () => void;
  /** What a user may do in a namespace, for those who ask. Raises `unavailable`. */
  readonly rulesFor: (user: User, namespace: string) => UserRules;
  /** Keeps everybody from granting what they do not hold, and from writing what policies deny. */
  readonly admission: Admission;
  readonly podsBehind: PodsBehind;
  /** The storages to serve from: what they have written, the authorizer knows. */
  readonly storage: (kind: Kind) => KindStorage;
}

/** Completes the default roles and bindings, reads those in our own store and follows them. */
export async function openAccess(
  options: FollowOptions & DefaultPolicyFacts & { readonly store: Store },
): Promise<OpenAccess> {
  await ensureDefaultPolicy(options);
  const facts = await StoredRbacFacts.open(options);
  const limited = await LimitedNamespaces.open(options);
  const policies = await StoredPolicies.open(options);
  const references = new StoredPodReferences(options.store);
  const observed = new Map<Kind, KindStorage>();
  return {
    authorizer: policyAuthorizer(
      policies,
      unionAuthorizer([
        groupAuthorizer(allPowerfulGroups),
        podTokenAuthorizer(podTokenFacts(limited, references)),
        nodeAuthorizer(nodeFacts(references), nodeRules()),
        rbacAuthorizer(facts),
      ]),
    ),
    check() {
      facts.index();
      policies.policies();
    },
    rulesFor(user, namespace) {
      const isNarrowed = policies
        .policies()
        .about(user)
        .some(({ mode }) => mode === "enforce");
      return { ...rulesOfUser(facts, user, namespace), ...(isNarrowed && { narrowedBy }) };
    },
    podsBehind: (users, secrets) => podsBehindNodes(references, users, secrets),
    admission: admissionChain([rbacEscalation(facts), secretPolicyAdmission({ facts: policies, rbac: facts })]),
    storage(kind) {
      const known = observed.get(kind) ?? observedBy([facts, limited, policies], kind, options.storage(kind));
      observed.set(kind, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      await references[Symbol.asyncDispose]();
      await policies[Symbol.asyncDispose]();
      await limited[Symbol.asyncDispose]();
      await facts[Symbol.asyncDispose]();
    },
  };
}

const narrowedBy = "a SecretPolicy about this user may deny what these rules allow";

interface Observer {
  observed(kind: Kind, storage: KindStorage): KindStorage;
}

function observedBy(observers: readonly Observer[], kind: Kind, storage: KindStorage): KindStorage {
  return observers.reduce((known, observer) => observer.observed(kind, known), storage);
}

function nodeFacts(references: PodReferenceFacts): NodeFacts {
  return {
    reaches: (node, { kind, namespace, name }) =>
      kind === "pod"
        ? nodeRuns(references, node, { namespace, name })
        : nodeReaches(references, node, { kind, namespace, name }),
    async secrets(node) {
      await references.upToDate();
      return references
        .podsOnNode(node)
        .filter(({ mirror }) => !mirror)
        .flatMap((pod) =>
          pod.references
            .filter(({ kind }) => kind === "secret")
            .map(({ name }) => ({ namespace: pod.namespace, name })),
        );
    },
    generation: () => references.generation(),
  };
}

function podTokenFacts(limited: LimitedNamespaces, references: PodReferenceFacts): PodTokenFacts {
  return {
    limits: (namespace) => limited.has(namespace),
    refers: (pod, name) => podRefers(references, pod, { kind: "secret", name }),
    generation: () => limited.generation() + references.generation(),
  };
}

/** What every node may do: the rules of the role for nodes, to which nobody is bound. */
function nodeRules(): PolicyRule[] {
  const role = defaultPolicy().find(({ tree }) => stringField(metadataOf(tree), "name") === "system:node");
  if (role === undefined) throw new TypeError("the default policy must have the role of nodes");
  return rulesOf(role.tree);
}

/** The all-powerful have all rules, also when no binding says so. */
function rulesOfUser(facts: RbacFacts, user: User, namespace: string): UserRules {
  const { rules, unresolved } = facts.index().rulesFor(user, namespace);
  const isPowerful = user.groups.some((group) => allPowerfulGroups.includes(group));
  if (!isPowerful || missingRules(rules, fullAuthority).length === 0) return { rules, unresolved };
  return { rules: [...fullAuthority, ...rules], unresolved };
}
