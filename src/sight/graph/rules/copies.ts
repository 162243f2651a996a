/** Where a secret lies beside the Secret: objects that hold credentials, releases, copies, other stores. */
import { readableKinds } from "../capability.ts";
import type { ReadObjectKind } from "../capability.ts";
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

const readVerbs = "get,list,watch,patch,delete,deletecollection";

/** Reading the objects of a kind, `resource` with its group. */
function reading(word: keyof typeof readableKinds, resource: string): Row {
  const gives: ReadObjectKind = `read-${word}`;
  return {
    name: "reads",
    condition: rights(gives, asks(`${readVerbs} ${resource}`, "target")),
    ease: 1,
    attack: "T1552.007",
    explanation: `whoever may read objects of the kind ${readableKinds[word]} reads what stands in them`,
    fix: "Put what is secret into a Secret, and replace it.",
    source: "k8s.io/apiserver pkg/endpoints/handlers/get.go",
  };
}

export const copiesRules = {
  "read-configmap": reading("configmap", "configmaps"),
  "read-pod": reading("pod", "pods"),
  "read-deployment": reading("deployment", "deployments.apps"),
  "read-statefulset": reading("statefulset", "statefulsets.apps"),
  "read-daemonset": reading("daemonset", "daemonsets.apps"),
  "read-replicaset": reading("replicaset", "replicasets.apps"),
  "read-replicationcontroller": reading("replicationcontroller", "replicationcontrollers"),
  "read-job": reading("job", "jobs.batch"),
  "read-cronjob": reading("cronjob", "cronjobs.batch"),
  "read-controllerrevision": reading("controllerrevision", "controllerrevisions.apps"),
  "holds-credential": {
    name: "holds a credential of",
    condition: structure,
    ease: 1,
    attenuators: ["may-have-ended"],
    attack: "T1552.001",
    explanation: "a token or a kubeconfig lies in it, and says itself whose it is",
    fix: "Take it out, and let it end where it was issued.",
    source: "k8s.io/apiserver pkg/authentication",
  },
  "helm-release": {
    name: "is a Helm release that has in it",
    condition: structure,
    ease: 1,
    attack: "T1552.007",
    explanation: "a release keeps the values and the rendered manifests of its chart, Secrets among them",
    fix: "Let only Helm read releases, and take secrets out of charts.",
    source: "helm pkg/storage/driver",
  },
  "same-value": {
    name: "holds the same value as",
    condition: structure,
    ease: 1,
    tellsEquality: true,
    attack: "T1552.001",
    explanation: "the same credential lies in both, as their keyed fingerprints say",
    fix: "Give each place a credential of its own.",
    source: "src/sight/facts/secret-material.ts",
  },
  unseals: {
    name: "opens the SealedSecret of",
    condition: structure,
    ease: 0.85,
    attack: "T1552.004",
    explanation:
      "the key of the sealed-secrets controller opens every SealedSecret, also those in the history of a repository",
    fix: "Let nobody but the controller read its keys.",
    source: "bitnami-labs/sealed-secrets pkg/controller",
  },
  "synced-with": {
    name: "is made of the same item of a store as",
    condition: structure,
    ease: 1,
    attack: "T1552.001",
    explanation: "two Secrets that are made of one item of a store have one value",
    fix: "Let each Secret have an item of its own.",
    source: "the kinds ExternalSecret, VaultStaticSecret and SecretProviderClass",
  },
  "linked-with": {
    name: "is by a link the same as",
    condition: structure,
    ease: 1,
    attack: "T1552.007",
    explanation:
      "a SecretLink keeps one secret the same as the other, so that who may read either has the values of both",
    fix: "Delete the SecretLink where its namespace should not have the secret.",
    source: "docs/adr/0034-secret-links.md",
  },
  "copy-secret": {
    name: "is given a copy of",
    condition: rights("copy-secret", asks("create,update,patch secrets", "any"), asks(readVerbs + " secrets", "any")),
    ease: 0.85,
    attack: "T1552.007",
    explanation: "the secret's annotations let the namespace ask a controller for a copy",
    fix: "Name the namespaces that may have copies in the annotation.",
    source: "emberstack/kubernetes-reflector, mittwald/kubernetes-replicator",
  },
  "etcd-client": {
    name: "opens the store, and so reaches",
    condition: structure,
    ease: 0.5,
    attack: "T1552.004",
    explanation: "the key of a client of etcd reads everything in it, for who reaches its port",
    fix: "Give what watches etcd no client certificate, and close its port to pods.",
    source: "etcd-io/etcd server/auth (certificates without roles)",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
