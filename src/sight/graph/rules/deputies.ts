/** Controllers that do for whoever writes their objects what they may do themselves. */
import type { DrivenController } from "../capability.ts";
import type { EdgeId } from "../edge-rule.ts";
import { asks, limitedRights, rights, structure, writes } from "./row.ts";
import type { Ask } from "../edge-rule.ts";
import type { Row } from "./row.ts";

/** Objects by which a controller is told to act with its own rights. */
function drives(controller: DrivenController, resources: string, clusterWide: boolean, what: string): Row {
  return {
    name: "tells a controller to act as",
    condition: limitedRights({ reach: "cluster" }, `drive-${controller}`, writes(resources, clusterWide)),
    ease: 0.85,
    attenuators: ["admission-policy"],
    attack: "T1098",
    explanation: what,
    fix: "Treat rights over such objects as rights of the controller, or have it act as an account of the namespace.",
    source: `the documentation of ${controller}`,
  };
}

/** Objects that name a Secret, and a server that it is sent to. */
function sends(what: string): Pick<Row, "ease" | "attack" | "explanation" | "fix" | "source"> {
  return {
    ease: 0.85,
    attack: "T1567",
    explanation: what,
    fix: "Let only those who may read the secrets of the namespace write such objects.",
    source: "external-secrets apis, cert-manager pkg/apis, vault-secrets-operator api",
  };
}

const externalSecrets = "external-secrets.io";
const vaultOperator = "secrets.hashicorp.com";

/** Objects that name an account, and a server that is shown a token of it. */
function showsToken(what: string): ReturnType<typeof sends> {
  return {
    ...sends(what),
    attack: "T1528",
    fix: "Let only those who may act as the accounts of the namespace write such objects.",
  };
}

/** Objects that have items of a store copied into Secrets, which are then read. */
function syncs(what: string): ReturnType<typeof sends> {
  return {
    ...sends(what),
    attack: "T1552.007",
    fix: "Give each namespace a store whose credentials read its own items only.",
  };
}

const writesSync = writes(`externalsecrets.${externalSecrets}`);
const readsBack: readonly Ask[] = [
  ...asks("get,list,watch,patch,delete,deletecollection secrets", "any"),
  ...asks("create pods", "none"),
];

export const deputiesRules = {
  "drive-flux": drives(
    "flux",
    "kustomizations.kustomize.toolkit.fluxcd.io,helmreleases.helm.toolkit.fluxcd.io",
    false,
    "Flux applies what is named with its own rights, unless the object names an account",
  ),
  "drive-argo": drives(
    "argo",
    "applications.argoproj.io,applicationsets.argoproj.io",
    false,
    "Argo CD applies any repository with its own rights, within the limits of a project",
  ),
  "drive-velero": {
    ...drives("velero", "", false, ""),
    condition: limitedRights(
      { reach: "cluster" },
      "drive-velero",
      [...writes("restores.velero.io"), ...writes("backups.velero.io,schedules.velero.io")],
      [...asks("create restores.velero.io", "none"), ...asks("create downloadrequests.velero.io", "none")],
    ),
    explanation: "Velero copies every object into a backup, and puts it back or hands it out, with its own rights",
  },
  "drive-kyverno": drives(
    "kyverno",
    "clusterpolicies.kyverno.io,generatingpolicies.policies.kyverno.io",
    true,
    "Kyverno makes and copies objects by its policies with its own rights",
  ),
  "drive-crossplane": drives(
    "crossplane",
    "compositions.apiextensions.crossplane.io,objects.kubernetes.crossplane.io",
    true,
    "Crossplane makes the objects of a composition with its own rights",
  ),
  "drive-olm": drives(
    "olm",
    "clusterserviceversions.operators.coreos.com,subscriptions.operators.coreos.com",
    false,
    "the operator lifecycle manager gives an operator the rights that its object asks for",
  ),
  "drive-external-secrets": drives(
    "external-secrets",
    `clusterexternalsecrets.${externalSecrets},clusterpushsecrets.${externalSecrets}`,
    true,
    "the operator writes and pushes Secrets in every namespace with its own rights",
  ),
  "leak-by-store": {
    ...sends("a SecretStore names a Secret of its namespace to show to a server, which it names as well"),
    name: "has sent to a server of its own",
    condition: rights("read-secret", writes(`secretstores.${externalSecrets}`)),
  },
  "leak-by-cluster-store": {
    ...sends("a ClusterSecretStore names a Secret of any namespace to show to a server, which it names as well"),
    name: "has sent to a server of its own",
    condition: limitedRights(
      { reach: "cluster" },
      "read-secret",
      writes(`clustersecretstores.${externalSecrets}`, true),
    ),
  },
  "push-secret": {
    ...sends("a PushSecret copies any Secret of its namespace to a store, where others may read it"),
    name: "has copied to another store",
    ease: 0.5,
    condition: rights("read-secret", writes(`pushsecrets.${externalSecrets}`)),
  },
  "leak-by-issuer": {
    ...sends("an Issuer names a Secret of its namespace to show to a Vault or an ACME solver, which it names as well"),
    name: "has sent to a server of its own",
    condition: rights("read-secret", writes("issuers.cert-manager.io")),
  },
  "leak-by-cluster-issuer": {
    ...sends(
      "a ClusterIssuer names a Secret of the controller's namespace to show to a server, which it names as well",
    ),
    name: "has sent to a server of its own",
    condition: limitedRights({ reach: "cluster" }, "issue-for-cluster", writes("clusterissuers.cert-manager.io", true)),
  },
  "issues-from": {
    ...sends("the controller of certificates takes what issuers for the whole cluster name from its own namespace"),
    name: "reads for",
    condition: structure,
    free: true,
    fix: "",
  },
  "token-by-store": {
    ...showsToken("a SecretStore has the operator show a token of any account of its namespace to a server it names"),
    name: "has sent to a server of its own a token of",
    condition: rights("become-account", writes(`secretstores.${externalSecrets}`)),
  },
  "token-by-vault-auth": {
    ...showsToken(
      "a VaultAuth has the operator show a token of any account of its namespace to what a VaultConnection names",
    ),
    name: "has sent to a server of its own a token of",
    condition: rights(
      "become-account",
      writes(`vaultauths.${vaultOperator}`),
      writes(`vaultconnections.${vaultOperator}`),
    ),
  },
  "sync-item": {
    ...syncs("an ExternalSecret has any item that its store reads copied into a Secret of the namespace"),
    name: "has copied, from the store it is of,",
    condition: rights("sync-item", writesSync, readsBack),
  },
  "sync-cluster-item": {
    ...syncs(
      "an ExternalSecret of any namespace has items of a ClusterSecretStore copied, unless the store names namespaces",
    ),
    name: "has copied, from the store it is of,",
    condition: limitedRights({ reach: "cluster" }, "sync-cluster-item", writesSync, readsBack),
  },
  "leak-by-vault-auth": {
    ...sends("a VaultAuth names a Secret of its namespace to show to a Vault, which a VaultConnection names"),
    name: "has sent to a server of its own",
    condition: rights(
      "read-secret",
      writes(`vaultauths.${vaultOperator}`),
      writes(`vaultconnections.${vaultOperator}`),
    ),
  },
  "acts-as": {
    name: "acts as",
    condition: structure,
    ease: 1,
    free: true,
    attack: "",
    explanation: "the controller runs as that account",
    fix: "",
    source: "k/k plugin/pkg/admission/serviceaccount/admission.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
