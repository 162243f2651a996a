/** What a node may do. */
import type { EdgeId } from "../edge-rule.ts";
import { structure } from "./row.ts";
import type { Row } from "./row.ts";

export const nodesRules = {
  "node-reads-secret": {
    name: "reads, for a pod it runs,",
    condition: structure,
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "a node may get the secrets that the pods bound to it refer to",
    fix: "Keep pods with such secrets on nodes of their own.",
    source: "k/k plugin/pkg/auth/authorizer/node",
  },
  "node-requests-token": {
    name: "requests, for a pod it runs, a token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "a node may request tokens of the accounts of the pods bound to it",
    fix: "Keep pods with strong accounts on nodes of their own.",
    source: "k/k plugin/pkg/auth/authorizer/node",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
