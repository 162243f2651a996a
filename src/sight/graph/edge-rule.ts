/** The form of the rules that say how one gets from one thing to another. */
import type { CapabilityKind } from "./capability.ts";

/** One request whose being allowed is asked for. */
export interface Ask {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** "" for the resource itself. */
  readonly subresource: string;
  /** Decided without a namespace: only bindings for the whole cluster count. */
  readonly clusterWide: boolean;
  /**
   * Which name the request has: that of the target; none (as when creating); any that is allowed; one that nobody has
   * taken (to create it); or one of those given.
   */
  readonly named: "target" | "none" | "any" | "free" | readonly string[];
}

/** Where an edge comes from. */
export type EdgeCondition =
  /** Rights of one identity: of each inner list one request must be allowed. */
  | { readonly type: "rights"; readonly gives: CapabilityKind; readonly needs: readonly (readonly Ask[])[] }
  /** Rights over roles and bindings, which need the roles themselves to be looked at. */
  | { readonly type: "roles" }
  /** What is so without any right: memberships, mounts, tokens. */
  | { readonly type: "structure" };

export interface EdgeRule {
  /** Stable; printed in answers. */
  readonly id: EdgeId;
  /** What it does, after the one who does it: `Jane ... the secret`. */
  readonly name: string;
  readonly condition: EdgeCondition;
  /** How easy it is, from 0 to 1; paths multiply it. */
  readonly ease: number;
  /** Not a step of its own: it only says who somebody is or what a right amounts to. */
  readonly free: boolean;
  /** Reads the secret by the API, without any detour. */
  readonly direct: boolean;
  /** ATT&CK technique. */
  readonly attack: string;
  /** Why it works. */
  readonly explanation: string;
  readonly fix: string;
  /** Where in Kubernetes it stands. */
  readonly source: string;
  /** The servers on which it holds. */
  readonly servers: readonly ServerKind[];
  /** Kubernetes version from which, and before which, it holds. */
  readonly since: string | undefined;
  readonly until: string | undefined;
}

export type ServerKind = "kubernetes" | "strongroom";

export const edgeIds = [
  "get-secret",
  "list-secrets",
  "watch-secrets",
  "patch-secret",
  "delete-secret",
  "delete-secrets",
  "create-pod",
  "change-workload",
  "exec-pod",
  "exec-pod-by-get",
  "debug-pod",
  "change-pod",
  "use-kubelet",
  "request-token",
  "mint-token-secret",
  "impersonate-account",
  "impersonate-user",
  "impersonate-group",
  "approve-certificate",
  "approve-node-certificate",
  "tap-by-webhook",
  "bind-role",
  "change-binding",
  "escalate-role",
  "super-user",
  "member-of",
  "secret-in-pod",
  "token-in-pod",
  "node-reads-secret",
  "node-requests-token",
  "token-secret",
  "new-pod-mounts",
  "new-pod-runs-as",
  "grants-itself",
  "certified-as",
  "concerns",
] as const;

export type EdgeId = (typeof edgeIds)[number];
