/**
 * Policies that deny what roles allow: to whom, which verbs on which secrets, when.
 */
import type { User } from "../../identity/user.ts";

/** The verbs that an answer with values can have; what a rule denies unless it says otherwise. */
export const disclosingVerbs: readonly string[] = ["get", "list", "watch", "patch", "delete", "deletecollection"];
/** Every verb that a rule may name, besides `*`. */
export const policyVerbs: readonly string[] = [...disclosingVerbs, "create", "update"];

export type Labels = Readonly<Record<string, string>>;

/** What a condition is told. */
export interface PolicyContext {
  readonly user: User;
  readonly verb: string;
  readonly namespace: string;
  /** "" where the request names no secret. */
  readonly name: string;
  /** Undefined where there is none, or none yet. */
  readonly labels: Labels | undefined;
  /** The door that the request came through; "" when a question is asked about somebody. */
  readonly door: string;
  /** The address that the request came from; "" when not known. */
  readonly sourceAddress: string;
  readonly now: Date;
}

/** Denies what all of its parts apply to. */
export interface DenyRule {
  readonly verbs: ReadonlySet<string>;
  /** Patterns of namespaces and of names; none means all. */
  readonly namespaces: readonly string[];
  readonly names: readonly string[];
  /** Of the secret; absent: all. */
  readonly selects?: (labels: Labels) => boolean;
  /** Raises when there is no result, which then counts as true. */
  readonly condition?: (context: PolicyContext) => boolean;
  /** What of the secret the condition looks at; absent: nothing. */
  readonly reads?: ReadonlySet<SecretPart>;
}

/** What a condition may look at of a secret. */
export const secretParts = ["namespace", "name", "labels"] as const;
export type SecretPart = (typeof secretParts)[number];

export type PolicySubject =
  | { readonly type: "user"; readonly name: string }
  | { readonly type: "group"; readonly name: string };

export interface SecretPolicy {
  /** `namespace/name`, or the name alone of one for all namespaces. */
  readonly id: string;
  /** "" for all. */
  readonly namespace: string;
  readonly mode: "warn" | "enforce";
  readonly subjects: readonly PolicySubject[];
  readonly rules: readonly DenyRule[];
  /** From when and until when it holds, in ms since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** A condition looks at the time, so that what it says changes by itself. */
  readonly usesTime: boolean;
}

/** Users and groups by which the cluster itself works: policies for everybody do not mean them. */
const systemGroups: ReadonlySet<string> = new Set(["system:nodes", "system:serviceaccounts:kube-system"]);
const systemUsers: ReadonlySet<string> = new Set([
  "system:apiserver",
  "system:kube-controller-manager",
  "system:kube-scheduler",
]);

/** Whether a policy is about a user. Nodes and controllers are only if they, or their own group, are named. */
export function concerns(
  policy: Pick<SecretPolicy, "subjects">,
  { name, groups }: Pick<User, "name" | "groups">,
): boolean {
  const isSystem = systemUsers.has(name) || groups.some((group) => systemGroups.has(group));
  return policy.subjects.some((subject) => {
    if (subject.type === "user") return subject.name === name;
    return groups.includes(subject.name) && (!isSystem || systemGroups.has(subject.name));
  });
}

/** Whether a policy holds at a time. */
export function holdsAt({ notBeforeMs, notAfterMs }: SecretPolicy, nowMs: number): boolean {
  return notBeforeMs <= nowMs && nowMs < notAfterMs;
}
