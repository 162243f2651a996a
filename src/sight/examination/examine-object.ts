/** Looks at one object while its values are in hand. */
import { field, listField, textField, textsField } from "../facts/json-fields.ts";
import { fingerprintOfProcess } from "../credentials/fingerprint.ts";
import { Examiner } from "./examiner.ts";
import { examineSecret } from "./examine-secret.ts";
import { observeCustom, observeLeaks } from "./leaks.ts";
import type { Examination, Observation } from "./observation.ts";
import { nothingSeen } from "./observation.ts";
import { observeApiServer, observeAuditPolicy, observeEncryption, observeWebhooks } from "./platform.ts";

/** Groups of Kubernetes itself, whose kinds hold no values but where they are looked for. */
const ownGroups =
  /^(?:v1|(?:apps|batch|extensions|policy|autoscaling|networking\.k8s\.io|rbac\.authorization\.k8s\.io|storage\.k8s\.io|apiextensions\.k8s\.io|admissionregistration\.k8s\.io|coordination\.k8s\.io|discovery\.k8s\.io|events\.k8s\.io|certificates\.k8s\.io|scheduling\.k8s\.io|node\.k8s\.io|flowcontrol\.apiserver\.k8s\.io)\/\w+)$/;
/** Kinds whose purpose is to hold what is encrypted, or where a secret comes from. */
const sealedKinds: ReadonlySet<string> = new Set([
  "SealedSecret",
  "SopsSecret",
  "ExternalSecret",
  "ClusterExternalSecret",
  "VaultStaticSecret",
]);
const publicConfigMaps: ReadonlySet<string> = new Set([
  "kube-root-ca.crt",
  "istio-ca-root-cert",
  "openshift-service-ca.crt",
]);

/** What an object shows by itself. Values end here. */
export function examineObject(value: unknown): Examination {
  const [apiVersion, kind] = [textField(value, "apiVersion"), textField(value, "kind")];
  const examiner = new Examiner(fingerprintOfProcess);
  if (kind === "Secret" && apiVersion === "v1") return examineSecret(value, examiner);
  const observations = observe(apiVersion, kind, value, examiner);
  const more = { ...notesOf(kind, value), ...madeByOf(value) };
  if (observations.length === 0 && examiner.complete && Object.keys(more).length === 0) return nothingSeen;
  return { observations, complete: examiner.complete, ...more };
}

function observe(apiVersion: string, kind: string, value: unknown, examiner: Examiner): Observation[] {
  if (apiVersion.startsWith("apiserver.config.k8s.io/"))
    return kind === "EncryptionConfiguration" ? observeEncryption(value) : [];
  if (apiVersion.startsWith("audit.k8s.io/")) return kind === "Policy" ? observeAuditPolicy(value) : [];
  if (kind === "ValidatingWebhookConfiguration" || kind === "MutatingWebhookConfiguration")
    return observeWebhooks(value);
  if (kind === "ConfigMap" && publicConfigMaps.has(textField(value, "metadata", "name"))) return [];
  const leaks = sealedKinds.has(kind) ? [] : observeLeaks(kind, value, examiner);
  if (kind === "Pod") return [...leaks, ...observeApiServer(value)];
  if (apiVersion === "" || ownGroups.test(apiVersion) || sealedKinds.has(kind)) return leaks;
  return [...leaks, ...observeCustom(value, examiner)];
}

function notesOf(kind: string, value: unknown): Partial<Examination> {
  if (kind === "Pod") {
    const startedAt = textField(value, "status", "startTime");
    return startedAt === "" ? {} : { startedAt };
  }
  if (kind !== "Ingress") return {};
  const tls = listField(value, "spec", "tls").map((entry) => ({
    hosts: textsField(entry, "hosts"),
    secretName: textField(entry, "secretName"),
  }));
  return tls.length === 0 ? {} : { tls };
}

function madeByOf(value: unknown): Partial<Examination> {
  const owner = listField(value, "metadata", "ownerReferences").find((each) => field(each, "controller") === true);
  return owner === undefined ? {} : { madeBy: `${textField(owner, "kind")}/${textField(owner, "name")}` };
}
