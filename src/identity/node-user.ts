/**
 * The user that a node's kubelet is: `system:node:NAME` in the group `system:nodes`.
 * Source: k/k pkg/auth/nodeidentifier/default.go.
 */
import type { User } from "./user.ts";

/** The group of all nodes. */
export const nodesGroup = "system:nodes";
const namePrefix = "system:node:";

/** The node that a user is - "" when it is one without a name - or undefined when it is none. */
export function nodeOf({ name, groups }: Pick<User, "name" | "groups">): string | undefined {
  return name.startsWith(namePrefix) && groups.includes(nodesGroup) ? name.slice(namePrefix.length) : undefined;
}
