/** Objects that are no Secrets, and what of secrets is in them. */
import { marksOf, valuesOf } from "../../facts/fact-indexes.ts";
import type { Fact } from "../../facts/facts.ts";
import type { ContentFact } from "../../facts/content-facts.ts";
import type { SyncFact } from "../../facts/operator-facts.ts";
import type { SecretLinkFact } from "../../facts/secret-link-facts.ts";
import type { RenderedSecret } from "../../facts/rendered-secrets.ts";
import { capabilitiesReaching } from "../capability.ts";
import type { Capability } from "../capability.ts";
import type { GraphBuilder } from "../unit.ts";
import { connect, edgeWith, shownBy } from "./connect.ts";

/** A ConfigMap or an earlier template. */
export function addContentObject(builder: GraphBuilder, fact: ContentFact): void {
  const word = fact.kind === "ConfigMap" ? "configmap" : "controllerrevision";
  addContents(builder, fact, capabilitiesReaching(`read-${word}`, fact.namespace, fact.name));
}

/** The object as something that is read, with what is in it; nothing where nothing is. */
export function addContents(builder: GraphBuilder, fact: Fact, readers: readonly Capability[]): void {
  const released = fact.kind === "ConfigMap" ? (fact.released ?? []) : [];
  if (marksOf(fact).length === 0 && released.length === 0) return;
  const { kind, namespace, name } = fact;
  const number = builder.node({ type: "object", kind, namespace, name });
  builder.claim(number);
  connect(builder, readers, number);
  addIdentities(builder, number, fact);
  addSharedValues(builder, number, fact);
  addReleased(builder, number, fact, released);
}

/** Credentials that say whose they are make one that. */
export function addIdentities(builder: GraphBuilder, number: number, fact: Fact): void {
  for (const { identity, name } of marksOf(fact)) {
    if (identity === undefined) continue;
    const edge = edgeWith("holds-credential", identity.ends ? ["may-have-ended"] : []);
    const proof = shownBy(fact, name);
    builder.edge(number, builder.node({ type: "user", name: identity.user }), edge, proof);
    for (const group of identity.groups)
      builder.edge(number, builder.node({ type: "group", name: group }), edge, proof);
  }
}

/** What lies here lies elsewhere too. */
export function addSharedValues(builder: GraphBuilder, number: number, fact: Fact): void {
  for (const { fingerprint, name } of valuesOf(fact)) {
    const first = builder.facts.shared(fingerprint);
    if (first === undefined) continue;
    const { kind, namespace, name: object } = first.fact;
    const value = builder.node({ type: "shared", name: `the value of ${kind} ${namespace}/${object} ${first.field}` });
    builder.edge(number, value, "same-value", shownBy(fact, name));
    if (fact.kind === "Secret") builder.link(value, number, "same-value", shownBy(fact, name));
  }
}

/** The Secrets that a Helm release has in it, as far as they still have one of the values that it has. */
export function addReleased(
  builder: GraphBuilder,
  number: number,
  fact: Fact,
  released: readonly RenderedSecret[],
): void {
  for (const { namespace, name, marks } of released) {
    const rendered = new Set(marks.flatMap(({ fingerprint }) => fingerprint || []));
    for (const secret of builder.facts.named("Secret", namespace || fact.namespace, name)) {
      if (secret.kind !== "Secret") continue;
      const values = (secret.values ?? []).flatMap(({ fingerprint }) => fingerprint || []);
      const isOutdated = values.length > 0 && rendered.size > 0 && !values.some((value) => rendered.has(value));
      if (!isOutdated) builder.edge(number, builder.node({ type: "secret", secret }), "helm-release", shownBy(fact));
    }
  }
}

/** Who may have an item copied for themselves: by its store, which is the namespace's or the cluster's. */
function copiersOf(origin: string, namespace: string): Capability[] {
  return origin.startsWith("ClusterSecretStore ")
    ? [{ kind: "sync-cluster-item", namespace: "", name: "" }]
    : capabilitiesReaching("sync-item", namespace, "");
}

/** Secrets that are made of one item have one value. */
export function addSync(builder: GraphBuilder, sync: SyncFact): void {
  for (const origin of sync.origins) {
    const item = builder.node({ type: "shared", name: `the item ${origin}` });
    builder.claim(item);
    if (sync.kind === "ExternalSecret") connect(builder, copiersOf(origin, sync.namespace), item);
    for (const target of sync.targets) {
      for (const number of readableSecrets(builder, sync.namespace, target)) {
        builder.link(number, item, "synced-with", shownBy(sync));
        builder.link(item, number, "synced-with", shownBy(sync));
      }
    }
  }
}

/** The secret that a link makes has the values of what it shares. */
export function addSecretLink(builder: GraphBuilder, link: SecretLinkFact): void {
  for (const made of readableSecrets(builder, link.namespace, link.name)) {
    for (const source of readableSecrets(builder, link.source.namespace, link.source.name)) {
      builder.link(made, source, "linked-with", shownBy(link));
      builder.link(source, made, "linked-with", shownBy(link));
    }
  }
}

/** The secrets of a name, each with who may read it: to have read it leads on. */
function readableSecrets(builder: GraphBuilder, namespace: string, name: string): number[] {
  return builder.facts.named("Secret", namespace, name).flatMap((secret) => {
    if (secret.kind !== "Secret") return [];
    const number = builder.node({ type: "secret", secret });
    builder.claim(number);
    connect(builder, capabilitiesReaching("read-secret", secret.namespace, secret.name), number);
    return [number];
  });
}
