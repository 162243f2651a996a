/** Controllers that do for whoever writes their objects what they may do themselves. */
import type { DrivenController } from "../capability.ts";
import type { EdgeId } from "../edge-rule.ts";
import { asks, limitedRights, rights, structure, writes } from "./row.ts";
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
  "leak-by-vault-auth": {
    ...sends("a VaultAuth names a Secret of its namespace to show to a Vault, which a VaultConnection names"),
    name: "has sent to a server of its own",
    condition: rights(
      "read-secret",
      writes("vaultauths.secrets.hashicorp.com"),
      writes("vaultconnections.secrets.hashicorp.com"),
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
