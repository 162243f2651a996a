/**
 * The edges that need no right: memberships, what is in pods, and whom capabilities concern. What follows from which
 * kind of fact or node; each has its file in `structure/`.
 */
import type { Fact } from "../facts/facts.ts";
import { marksOf } from "../facts/fact-indexes.ts";
import { superGroups } from "../facts/server-profile.ts";
import { accountUser } from "./graph-node.ts";
import type { GraphNode } from "./graph-node.ts";
import { addConsequences } from "./structure/capabilities.ts";
import { capabilityNode } from "./structure/connect.ts";
import { addMachine } from "./structure/machines.ts";
import { addContentObject, addSecretLink, addSync } from "./structure/objects.ts";
import { addPrincipal } from "./structure/principals.ts";
import { addSecret, secretLeadsOn } from "./structure/secrets.ts";
import { addWebhooks } from "./structure/webhooks.ts";
import { addWorkload } from "./structure/workloads.ts";
import type { GraphBuilder } from "./unit.ts";

/** The groups that need no rights. */
export function addSuperUsers(builder: GraphBuilder): void {
  for (const name of superGroups[builder.facts.server.kind]) {
    builder.edge(builder.node({ type: "group", name }), capabilityNode(builder, "any-right"), "super-user");
  }
}

/** What follows from a fact by itself. */
export function addFact(builder: GraphBuilder, fact: Fact): void {
  if ("references" in fact) return addWorkload(builder, fact);
  switch (fact.kind) {
    case "Secret":
      return addSecret(builder, fact);
    case "ServiceAccount":
      // It can be reached without having any right.
      return builder.claim(builder.node(accountUser(fact.namespace, fact.name)));
    case "ConfigMap":
    case "ControllerRevision":
      return addContentObject(builder, fact);
    case "ExternalSecret":
    case "VaultStaticSecret":
    case "SecretProviderClass":
      return addSync(builder, fact);
    case "SecretLink":
      return addSecretLink(builder, fact);
    case "ValidatingWebhookConfiguration":
    case "MutatingWebhookConfiguration":
      return addWebhooks(builder, fact);
    default: // others say something only where they are read for something else
  }
}

/** Whether something follows from a fact by itself. What has a value in common with others is found out elsewhere. */
export function leadsOn(fact: Fact): boolean {
  if ("references" in fact) return true;
  switch (fact.kind) {
    case "Secret":
      return secretLeadsOn(fact);
    case "ConfigMap":
    case "ControllerRevision":
      return marksOf(fact).length > 0 || fact.released !== undefined;
    case "ExternalSecret":
    case "VaultStaticSecret":
    case "SecretProviderClass":
    case "ServiceAccount":
      return true;
    case "SecretLink":
      return fact.isKept;
    case "ValidatingWebhookConfiguration":
    case "MutatingWebhookConfiguration":
      return fact.receivers.length > 0;
    default:
      return false;
  }
}

/** What follows from a node's being there; nothing for workloads, secrets and objects, of which facts say it. */
export function addNode(builder: GraphBuilder, number: number, node: GraphNode): void {
  switch (node.type) {
    case "capability":
      return addConsequences(builder, number, node.capability);
    case "machine":
      return addMachine(builder, number, node.name);
    case "user":
    case "group":
    case "node":
      return addPrincipal(builder, number, node);
    default: // facts say it
  }
}
