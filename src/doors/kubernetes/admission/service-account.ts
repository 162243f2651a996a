/**
 * A pod runs as an account that is there: as `default` unless it says otherwise, with the pull secrets of its account -
 * and, where the account says so, with no secrets but those the account names. No token volume is added: nothing runs here.
 *
 * Source: k/k plugin/pkg/admission/serviceaccount/admission.go.
 */
import { podReferences } from "../../../core/references/pod-references.ts";
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { forbidden } from "../api-error.ts";
import { cloneJson, isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { ownObject } from "../kinds/own-object.ts";
import type { Kind } from "../kinds/kind.ts";
import { serviceAccountKind } from "../kinds/service-account.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { isMirrorPod } from "./mirror-pod.ts";
import { secretBeyondAccount, secretOfEphemeralContainers } from "./mountable-secrets.ts";

const defaultAccount = "default";
/** A new namespace has its default account a moment later: so often, and after so long, it is looked for again. */
const defaultAccountTries = 10;
const retryMs = 150;

export interface ServiceAccountOptions {
  readonly storage: (kind: Kind) => KindStorage;
  readonly timers: { after(delayMs: number, action: () => void): unknown };
}

/** Gives pods their account, and keeps them to its secrets where it asks for that. */
export function serviceAccountAdmission(options: ServiceAccountOptions): Admission {
  return {
    async admit(operation) {
      if (operation.apiGroup !== "" || operation.resource !== "pods") return;
      const pod = operation.next as JsonObject; // the door's own tree, by the contract of AdmissionOperation
      if (operation.operation === "create" && operation.subresource === "") {
        await admitNewPod(options, operation, pod);
      } else if (operation.operation === "update" && operation.subresource === "ephemeralcontainers") {
        await admitEphemeralContainers(options, operation, pod);
      }
    },
  };
}

async function admitNewPod(options: ServiceAccountOptions, operation: AdmissionOperation, pod: JsonObject) {
  // A mirror pod is as its node made it, or the node would make it again and again.
  if (isMirrorPod(pod)) return admitMirrorPod(operation, pod);
  const spec = ownObject(pod, "spec");
  if (stringField(spec, "serviceAccountName") === "") {
    spec["serviceAccountName"] = defaultAccount;
    spec["serviceAccount"] = defaultAccount;
  }
  const account = await accountOf(options, operation, spec);
  const pullSecrets = objectsField(account, "imagePullSecrets");
  if (objectsField(spec, "imagePullSecrets").length === 0 && pullSecrets.length > 0) {
    spec["imagePullSecrets"] = pullSecrets.map(cloneJson);
  }
  if (!limitsSecrets(account)) return;
  const why = secretBeyondAccount(account, pod);
  if (why !== undefined) throw refused(operation, why);
}

function admitMirrorPod(operation: AdmissionOperation, pod: JsonObject): void {
  const spec = objectField(pod, "spec");
  if (stringField(spec, "serviceAccountName") !== "") {
    throw refused(operation, "a mirror pod may not reference service accounts");
  }
  if (podReferences(pod).some(({ kind }) => kind === "secret")) {
    throw refused(operation, "a mirror pod may not reference secrets");
  }
  const hasToken = objectsField(spec, "volumes")
    .flatMap((volume) => objectsField(objectField(volume, "projected"), "sources"))
    .some((source) => isJsonObject(source["serviceAccountToken"]));
  if (hasToken) throw refused(operation, "a mirror pod may not use ServiceAccountToken volume projections");
}

async function admitEphemeralContainers(
  options: ServiceAccountOptions,
  operation: AdmissionOperation,
  pod: JsonObject,
) {
  const spec = objectField(pod, "spec");
  if (stringField(spec, "serviceAccountName") === "") {
    throw refused(operation, `no service account specified for pod ${operation.namespace}/${operation.name}`);
  }
  const account = await accountOf(options, operation, spec);
  if (!limitsSecrets(account)) return;
  const why = secretOfEphemeralContainers(account, pod);
  if (why !== undefined) throw refused(operation, why);
}

/** The account that a pod names; raises 403 when there is none. */
async function accountOf(
  { storage, timers }: ServiceAccountOptions,
  operation: AdmissionOperation,
  spec: Readonly<JsonObject>,
): Promise<JsonObject> {
  const { namespace } = operation;
  const name = stringField(spec, "serviceAccountName");
  for (let tries = name === defaultAccount ? defaultAccountTries : 1; ; tries--) {
    const account = await storage(serviceAccountKind).get(namespace, name);
    if (account !== undefined) return account.header();
    if (tries <= 1) break;
    await new Promise<void>((resolve) => void timers.after(retryMs, resolve));
  }
  const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
  throw refused(operation, why);
}

const yes: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);

/** Whether the pods of an account may use no secrets but those it names. */
function limitsSecrets(account: JsonObject): boolean {
  const annotations = objectField(metadataOf(account), "annotations");
  return yes.has(stringField(annotations, "kubernetes.io/enforce-mountable-secrets"));
}

function refused({ apiGroup, resource, name }: AdmissionOperation, why: string): Error {
  return forbidden({ group: apiGroup, resource, name }, why);
}
