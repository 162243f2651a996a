/** Who can become somebody, and which groups everybody is in. */
import { capabilitiesReaching } from "../capability.ts";
import { accountOf, groupsOf } from "../graph-node.ts";
import type { PrincipalNode } from "../graph-node.ts";
import type { GraphBuilder } from "../unit.ts";
import { accountExists, capabilityNode, connect } from "./connect.ts";

const everyone: ReadonlySet<string> = new Set(["system:authenticated", "system:unauthenticated"]);

/** Groups of bootstrap tokens; a token names some of them itself. Source: k/k cluster-bootstrap token/api. */
const bootstrapGroup = /^system:bootstrappers(?::[a-z0-9:-]{0,255}[a-z0-9])?$/;

export function isBootstrapGroup(name: string): boolean {
  return bootstrapGroup.test(name);
}

export function addPrincipal(builder: GraphBuilder, number: number, { type, name }: PrincipalNode): void {
  switch (type) {
    case "user":
      return addUser(builder, number, name);
    case "group":
      return addGroup(builder, number, name);
    case "node":
      connect(builder, capabilitiesReaching("become-node", "", name), number);
      return join(builder, number, ["system:nodes", "system:authenticated"]);
    default:
      return type satisfies never;
  }
}

function addUser(builder: GraphBuilder, number: number, name: string): void {
  const account = accountOf(name);
  if (account === undefined) connect(builder, capabilitiesReaching("become-user", "", name), number);
  else if (accountExists(builder.facts, account.namespace, account.name)) {
    connect(builder, capabilitiesReaching("become-account", account.namespace, account.name), number);
  }
  join(builder, number, groupsOf(name));
}

function addGroup(builder: GraphBuilder, number: number, name: string): void {
  connect(builder, capabilitiesReaching("become-group", "", name), number);
  if (name === "system:masters") return;
  builder.link(capabilityNode(builder, "certify"), number, "certified-as");
  if (isBootstrapGroup(name)) connect(builder, capabilitiesReaching("become-bootstrapper", "", ""), number);
  if (!everyone.has(name)) join(builder, number, ["system:authenticated"]);
}

/** Groups without rights are not in the graph, and of no interest. */
function join(builder: GraphBuilder, member: number, groups: readonly string[]): void {
  for (const name of groups) builder.link(member, builder.node({ type: "group", name }), "member-of");
}
