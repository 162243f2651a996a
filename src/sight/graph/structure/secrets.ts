/** Secrets that lead on: tokens, keys, releases, and those of which there are copies. */
import type { SecretFact } from "../../facts/facts.ts";
import { marksOf, valuesOf } from "../../facts/fact-indexes.ts";
import { capabilitiesReaching } from "../capability.ts";
import { accountUser } from "../graph-node.ts";
import type { GraphBuilder } from "../unit.ts";
import { accountExists, capabilityNode, connect, shownBy } from "./connect.ts";
import { namesMatching } from "../namespace-forms.ts";
import { addIdentities, addReleased, addSharedValues } from "./objects.ts";
import { isBootstrapGroup } from "./principals.ts";

const bootstrapType = "bootstrap.kubernetes.io/token";

const pullTypes: ReadonlySet<string> = new Set(["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"]);

/** Whether a secret is more than what it holds. Equal values are found out elsewhere. */
export function secretLeadsOn(secret: SecretFact): boolean {
  return (
    secret.tokenOf !== "" ||
    secret.type === bootstrapType ||
    secret.opensSealed === true ||
    secret.copies !== undefined ||
    (secret.released?.length ?? 0) > 0 ||
    isEtcdClient(secret) ||
    pullTypes.has(secret.type) ||
    marksOf(secret).some(({ identity }) => identity !== undefined)
  );
}

export function addSecret(builder: GraphBuilder, secret: SecretFact): void {
  const { namespace, name, tokenOf, released } = secret;
  if (!secretLeadsOn(secret) && !sharesValues(builder, secret)) return;
  const number = builder.node({ type: "secret", secret });
  builder.claim(number);
  connect(builder, capabilitiesReaching("read-secret", namespace, name), number);
  if (tokenOf === "") addIdentities(builder, number, secret);
  else if (secret.tokenIsInvalid !== true && accountExists(builder.facts, namespace, tokenOf)) {
    builder.edge(number, builder.node(accountUser(namespace, tokenOf)), "token-secret", shownBy(secret));
  }
  addReleased(builder, number, secret, released ?? []);
  addSharedValues(builder, number, secret);
  if (secret.type === bootstrapType) addBootstrap(builder, number, secret);
  if (secret.opensSealed === true) addUnsealed(builder, number, secret);
  if (isEtcdClient(secret))
    builder.edge(number, capabilityNode(builder, "read-secret"), "etcd-client", shownBy(secret));
  if (pullTypes.has(secret.type)) connect(builder, capabilitiesReaching("pull-with-secret", namespace, ""), number);
  addCopies(builder, number, secret);
}

function sharesValues({ facts }: GraphBuilder, secret: SecretFact): boolean {
  return valuesOf(secret).some(({ fingerprint }) => facts.shared(fingerprint) !== undefined);
}

/** Its further groups are among its values, so it may be any of those that somebody has bound. */
function addBootstrap(builder: GraphBuilder, number: number, secret: SecretFact): void {
  if (secret.namespace !== "kube-system") return;
  const names = new Set(["system:bootstrappers", ...boundBootstrapGroups(builder)]);
  for (const name of names)
    builder.edge(number, builder.node({ type: "group", name }), "bootstrap-secret", shownBy(secret));
}

function boundBootstrapGroups(builder: GraphBuilder): string[] {
  return builder.facts
    .of("ClusterRoleBinding")
    .flatMap(({ subjects }) =>
      subjects.flatMap(({ kind, name }) => (kind === "Group" && isBootstrapGroup(name) ? [name] : [])),
    );
}

function addUnsealed(builder: GraphBuilder, number: number, key: SecretFact): void {
  for (const sealed of builder.facts.of("SealedSecret")) {
    for (const target of sealed.targets) {
      for (const secret of builder.facts.named("Secret", sealed.namespace, target)) {
        if (secret.kind !== "Secret") continue;
        builder.edge(number, builder.node({ type: "secret", secret }), "unseals", { grants: [], facts: [key, sealed] });
      }
    }
  }
}

/** Keys as the tools call them that talk to etcd: `etcd-client.key`, `etcd-key`. */
const etcdKey = /etcd.*key|etcd.*\.pem$/i;

function isEtcdClient({ keys, name }: SecretFact): boolean {
  return keys.some((key) => etcdKey.test(key)) || (/\betcd\b/.test(name) && keys.some((key) => key.endsWith(".key")));
}

/** A namespace that may ask for a copy; whoever writes and reads secrets there is given one. */
function addCopies(builder: GraphBuilder, number: number, { copies }: SecretFact): void {
  if (copies === undefined || builder.facts.running(copies.controller).length === 0) return;
  connect(builder, [{ kind: "copy-secret", namespace: "", name: "" }], number);
  const mayAsk = namesMatching(copies.namespaces);
  for (const { name } of builder.facts.of("Namespace")) {
    if (!mayAsk(name)) continue;
    connect(builder, [{ kind: "copy-secret", namespace: name, name: "" }], number);
  }
}
