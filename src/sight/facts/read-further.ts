/** Objects that say what leads to secrets beside rights and pods. */
import { readConfigMap, readRevision } from "./content-facts.ts";
import type { Fact, FactKind, NamespaceFact, NodeFact, PodSecurityLevel } from "./facts.ts";
import { field, textField } from "./json-fields.ts";
import { readIngress, readNetworkPolicy, readRoute, readService } from "./network-facts.ts";
import { hostFolderOf, readSync } from "./operator-facts.ts";
import { readPolicy } from "./policy-facts.ts";
import { readCertificateRequest } from "./certificate-request-facts.ts";
import { readSecretLink } from "./secret-link-facts.ts";
import { readSecretPolicy } from "./secret-policy-facts.ts";
import { secretsReferredBy } from "./referrer-facts.ts";
import { readWebhooks } from "./webhook-facts.ts";
import type { Provenance } from "./provenance.ts";
import type { SecretMaterial } from "./secret-material.ts";

interface Place {
  readonly namespace: string;
  readonly name: string;
  readonly at: Provenance;
}

/** The fact of a kind that is read from one object alone. Raises TypeError for others. */
export function readFurther(kind: FactKind, place: Place, value: unknown, material: SecretMaterial): Fact {
  switch (kind) {
    case "Node":
      return { kind, ...place, ...readNode(value) };
    case "Namespace":
      return { kind, ...place, ...readNamespace(value) };
    case "ConfigMap":
      return { kind, ...place, ...readConfigMap(value, material) };
    case "ControllerRevision":
      return { kind, ...place, ...readRevision(value, material) };
    case "PersistentVolume":
      return { kind, ...place, hostFolder: hostFolderOf(value) };
    case "PersistentVolumeClaim":
      return { kind, ...place, volumeName: textField(value, "spec", "volumeName") };
    case "Service":
      return { kind, ...place, ...readService(value) };
    case "Ingress":
      return { kind, ...place, ...readIngress(value) };
    case "HTTPRoute":
    case "GRPCRoute":
    case "TLSRoute":
    case "TCPRoute":
    case "UDPRoute":
      return { kind, ...place, ...readRoute(value, place.namespace) };
    case "NetworkPolicy":
      return { kind, ...place, ...readNetworkPolicy(value) };
    case "ExternalSecret":
    case "VaultStaticSecret":
    case "SecretProviderClass":
    case "SealedSecret":
      return { kind, ...place, ...readSync(kind, value, place) };
    case "SecretStore":
    case "ClusterSecretStore":
    case "PushSecret":
    case "Issuer":
    case "ClusterIssuer":
    case "Certificate":
    case "VaultAuth":
    case "VaultConnection":
    case "Gateway":
      return { kind, ...place, secrets: secretsReferredBy(kind, value, place.namespace) };
    case "ValidatingWebhookConfiguration":
    case "MutatingWebhookConfiguration":
      return { kind, ...place, ...readWebhooks(value) };
    case "CertificateSigningRequest":
      return { kind, ...place, ...readCertificateRequest(value) };
    case "CustomResourceDefinition":
      return { kind, ...place };
    case "Constraint":
      // Constraints of several kinds may have one name.
      return { kind, ...place, name: `${textField(value, "kind")}/${place.name}`, ...readPolicy(kind, value, "") };
    case "ValidatingAdmissionPolicy":
    case "ValidatingAdmissionPolicyBinding":
    case "ClusterPolicy":
    case "Policy":
    case "ValidatingPolicy":
      return { kind, ...place, ...readPolicy(kind, value, place.namespace) };
    case "SecretPolicy":
    case "ClusterSecretPolicy":
      return { kind, ...place, ...readSecretPolicy(value, place.namespace) };
    case "SecretLink":
      return { kind, ...place, ...readSecretLink(value) };
    default:
      throw new TypeError(`objects of this kind must have been read before: ${kind}`);
  }
}

const controlPlaneLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

function readNode(value: unknown): Partial<NodeFact> {
  const labelled = controlPlaneLabels.some((name) => field(value, "metadata", "labels", name) !== undefined);
  return labelled ? { controlPlane: true } : {};
}

const enforceLabel = "pod-security.kubernetes.io/enforce";
const levels: readonly PodSecurityLevel[] = ["privileged", "baseline", "restricted"];

function readNamespace(value: unknown): Partial<NamespaceFact> {
  const written = textField(value, "metadata", "labels", enforceLabel);
  const podSecurity = levels.find((level) => level === written);
  return podSecurity === undefined ? {} : { podSecurity };
}
