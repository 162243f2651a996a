/** Giving oneself rights. */
import type { EdgeId } from "../edge-rule.ts";
import { structure } from "./row.ts";
import type { Row } from "./row.ts";

export const rolesRules = {
  "bind-role": {
    name: "binds to itself",
    condition: { type: "roles" },
    ease: 0.95,
    attack: "T1098.006",
    explanation: "the verb bind lets one bind a role without holding its rights, in the namespace of the binding",
    fix: "Name the roles that may be bound in resourceNames.",
    source: "k/k pkg/registry/rbac/rolebinding/policybased/storage.go",
  },
  "change-binding": {
    name: "adds itself to a binding of",
    condition: { type: "roles" },
    ease: 0.95,
    attack: "T1098.006",
    explanation: "who may change a binding and bind its role can add subjects to it",
    fix: "Name the roles that may be bound in resourceNames.",
    source: "k/k pkg/registry/rbac/rolebinding/policybased/storage.go",
  },
  "escalate-role": {
    name: "adds rights to a role it has, and so reaches",
    condition: { type: "roles" },
    ease: 0.95,
    attack: "T1098.006",
    explanation: "the verb escalate lets one write rules into a role that one does not hold",
    fix: "Take the verb escalate out of the rule.",
    source: "k/k pkg/registry/rbac/role/policybased/storage.go",
  },
  "grants-itself": {
    name: "grants itself",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1098.006",
    explanation: "with every right within reach, everything is",
    fix: "",
    source: "k/k pkg/registry/rbac/escalation_check.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
