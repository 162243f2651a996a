/** Edges that only say whom a right concerns. */
import type { EdgeId } from "../edge-rule.ts";
import { structure } from "./row.ts";
import type { Row } from "./row.ts";

export const scopesRules = {
  concerns: {
    name: "reaches",
    condition: structure,
    ease: 1,
    free: true,
    attack: "",
    explanation: "the right is not limited to another name or namespace",
    fix: "",
    source: "k/k plugin/pkg/auth/authorizer/rbac/rbac.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
