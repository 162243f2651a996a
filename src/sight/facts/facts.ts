/**
 * What is known of a cluster, as far as it decides who reads which secret.
 *
 * A fact never holds the value of a secret: {@link SecretFact} has names of keys, and nothing else keeps what an object
 * carried beyond the fields below.
 */
import type { PolicyRule } from "../../access/rbac/policy-rule.ts";
import type { RoleRef, Subject } from "../../access/rbac/role-binding.ts";
import type { PodReference } from "../../core/references/pod-references.ts";
import type { ContentFact } from "./content-facts.ts";
import type { CertificateRequestFact } from "./certificate-request-facts.ts";
import type { CredentialIdentity } from "./credential-identity.ts";
import { routeKinds } from "./network-facts.ts";
import type { IngressFact, NetworkPolicyFact, RouteFact, ServiceFact } from "./network-facts.ts";
import type { ObjectFact } from "./object-fact.ts";
import { syncKinds } from "./operator-facts.ts";
import type { CopyPermission, CustomResourceFact, SyncFact } from "./operator-facts.ts";
import type { PodTraits } from "./pod-traits.ts";
import { policyKinds } from "./policy-facts.ts";
import type { PolicyFact } from "./policy-facts.ts";
import type { Provenance } from "./provenance.ts";
import type { SecretLinkFact } from "./secret-link-facts.ts";
import { secretPolicyKinds } from "./secret-policy-facts.ts";
import type { SecretPolicyFact } from "./secret-policy-facts.ts";
import { referrerKinds } from "./referrer-facts.ts";
import type { ReferrerFact } from "./referrer-facts.ts";
import type { RenderedSecret } from "./rendered-secrets.ts";
import { webhookKinds } from "./webhook-facts.ts";
import type { WebhookFact } from "./webhook-facts.ts";

export interface RuleFact {
  readonly rule: PolicyRule;
  /** From 1, in its role. */
  readonly number: number;
  readonly at: Provenance;
}

export interface RoleFact extends ObjectFact<"Role" | "ClusterRole"> {
  readonly rules: readonly RuleFact[];
  readonly labels: ReadonlyMap<string, string>;
  /** A ClusterRole with selectors has the rules of every ClusterRole that one of them selects. */
  readonly aggregates: readonly LabelSelector[];
}

export interface LabelSelector {
  readonly labels: ReadonlyMap<string, string>;
  readonly expressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

export interface BindingFact extends ObjectFact<"RoleBinding" | "ClusterRoleBinding"> {
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
}

export interface AccountFact extends ObjectFact<"ServiceAccount"> {
  /** Undefined counts as true. */
  readonly automount: boolean | undefined;
  /** Names of the Secrets it refers to: its tokens, and those for pulling images. */
  readonly secrets?: readonly string[];
}

export const workloadKinds = [
  "Pod",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "CronJob",
] as const;

export type WorkloadKind = (typeof workloadKinds)[number];

/** A pod, or a controller with the template of one. */
export interface WorkloadFact extends ObjectFact<WorkloadKind> {
  readonly references: readonly WorkloadReference[];
  /** The account it runs as; never "". */
  readonly account: string;
  /** Whether a token of the account is in it; undefined leaves it to the account. */
  readonly mountsToken: boolean | undefined;
  /** The node it is bound to; "" for none. */
  readonly node: string;
  /** Stands for a pod that a node made by itself. */
  readonly mirror: boolean;
  /** Undefined where nothing but the above was read. */
  readonly traits?: PodTraits;
}

export interface WorkloadReference extends PodReference {
  /** Whether it may be missing. */
  readonly optional: boolean;
}

export interface NodeFact extends ObjectFact<"Node"> {
  /** Holds the keys of the cluster: by its labels, a node of the control plane. */
  readonly controlPlane?: boolean;
}

/** What pods a namespace admits. Source: k8s.io/pod-security-admission api. */
export type PodSecurityLevel = "privileged" | "baseline" | "restricted";

export interface NamespaceFact extends ObjectFact<"Namespace"> {
  /** Undefined where nothing is enforced by a label: what is the default of the server then, is not known. */
  readonly podSecurity?: PodSecurityLevel;
}

/** Where a volume is kept. */
export interface VolumeFact extends ObjectFact<"PersistentVolume"> {
  /** A folder of a node. */
  readonly hostFolder: { readonly path: string; readonly readOnly: boolean } | undefined;
}

export interface ClaimFact extends ObjectFact<"PersistentVolumeClaim"> {
  readonly volumeName: string;
}

export interface SecretFact extends ObjectFact<"Secret"> {
  /** "" when it is not known. */
  readonly type: string;
  /** Names of keys; their values were dropped where the text was parsed. */
  readonly keys: readonly string[];
  /** The account of which it is a token; "" for none. */
  readonly tokenOf: string;
  /** What was read of it; undefined for all of it. Of one whose metadata or name is known, `keys` says nothing. */
  readonly seen?: "metadata" | "name";
  /** When it was made (RFC 3339), if that is known. */
  readonly createdAt?: string;
  /** What is known of the values of `keys`, in their order. */
  readonly values?: readonly SecretValueFact[];
  /** The token it holds is not taken any more. */
  readonly tokenIsInvalid?: boolean;
  /** A key by which the Secrets of all SealedSecrets are opened. */
  readonly opensSealed?: boolean;
  /** Its annotations hold its values as well. */
  readonly repeatsValues?: boolean;
  readonly copies?: CopyPermission;
  /** Of a Helm release: the Secrets in it; undefined for what is none, or cannot be read. */
  readonly released?: readonly RenderedSecret[];
}

export interface SecretValueFact {
  readonly sizeBytes: number;
  /** Equal for equal values within one run, by a key that is random; "" unless content was asked for. */
  readonly fingerprint: string;
  /** What kind of credential it is, and whose, where that was looked at. */
  readonly credential?: string;
  readonly identity?: CredentialIdentity;
}

export type Fact =
  | RoleFact
  | BindingFact
  | AccountFact
  | WorkloadFact
  | NodeFact
  | NamespaceFact
  | SecretFact
  | ContentFact
  | VolumeFact
  | ClaimFact
  | ServiceFact
  | IngressFact
  | RouteFact
  | NetworkPolicyFact
  | PolicyFact
  | SecretPolicyFact
  | SecretLinkFact
  | SyncFact
  | WebhookFact
  | ReferrerFact
  | CertificateRequestFact
  | CustomResourceFact;
export type FactKind = Fact["kind"];

/** The fact of a kind. */
export type FactOf<Kind extends FactKind> = Fact extends infer Each
  ? Each extends Fact
    ? Kind extends Each["kind"]
      ? Each
      : never
    : never
  : never;

/** The kinds of rights, workloads and secrets. */
export const factKinds = [
  "Role",
  "ClusterRole",
  "RoleBinding",
  "ClusterRoleBinding",
  "ServiceAccount",
  ...workloadKinds,
  "Node",
  "Namespace",
  "Secret",
] as const satisfies readonly FactKind[];

/** What leads to secrets beside them. */
export const furtherKinds = [
  "ConfigMap",
  "ControllerRevision",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "Service",
  "Ingress",
  ...routeKinds,
  "NetworkPolicy",
  ...policyKinds,
  ...secretPolicyKinds,
  "SecretLink",
  ...webhookKinds,
  "CertificateSigningRequest",
  ...syncKinds,
  ...referrerKinds,
  "CustomResourceDefinition",
] as const satisfies readonly FactKind[];

/** Every kind that is looked for: what a source lacks of them is unknown. */
export const allKinds: readonly FactKind[] = [...factKinds, ...furtherKinds];

/** Something in the input that could not be used, or not as it is. */
export interface Problem {
  readonly message: string;
  readonly at: Provenance;
}
