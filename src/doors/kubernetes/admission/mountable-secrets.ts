/**
 * Which secret of a pod its account does not name, in the words of the refusal.
 *
 * Upstream overlooks the secrets of projected volumes and of volume drivers; here they count: whoever sets the
 * annotation means all secrets.
 *
 * Source: k/k plugin/pkg/admission/serviceaccount/admission.go (limitSecretReferences).
 */
import { podReferences } from "../../../core/references/pod-references.ts";
import type { JsonObject } from "../codec/json.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";

/** Why a pod may not be; undefined when all its secrets are its account's. */
export function secretBeyondAccount(account: JsonObject, pod: JsonObject): string | undefined {
  const spec = objectField(pod, "spec");
  const mountable = namesOf(account, "secrets");
  return (
    beyondVolumes(account, mountable, pod) ??
    beyondContainers(account, mountable, objectsField(spec, "initContainers"), "init container") ??
    beyondContainers(account, mountable, objectsField(spec, "containers"), "container") ??
    beyondPullSecrets(account, spec)
  );
}

/** The same of containers for debugging, which come to a pod later. */
export function secretOfEphemeralContainers(account: JsonObject, pod: JsonObject): string | undefined {
  const containers = objectsField(objectField(pod, "spec"), "ephemeralContainers");
  return beyondContainers(account, namesOf(account, "secrets"), containers, "ephemeral container");
}

function namesOf(account: JsonObject, field: string): ReadonlySet<string> {
  return new Set(objectsField(account, field).map((reference) => stringField(reference, "name")));
}

function notNamed(account: JsonObject, what: string, kind = "secret"): string {
  const name = stringField(objectField(account, "metadata"), "name");
  return `${what} is not allowed because service account ${name} does not reference that ${kind}`;
}

function beyondVolumes(account: JsonObject, mountable: ReadonlySet<string>, pod: JsonObject): string | undefined {
  for (const volume of objectsField(objectField(pod, "spec"), "volumes")) {
    const references = podReferences({ spec: { volumes: [volume] } });
    const beyond = references.find(({ kind, name }) => kind === "secret" && !mountable.has(name));
    if (beyond !== undefined) return notNamed(account, `volume with secret.secretName="${beyond.name}"`);
  }
  return undefined;
}

function beyondContainers(
  account: JsonObject,
  mountable: ReadonlySet<string>,
  containers: readonly JsonObject[],
  kind: string,
): string | undefined {
  for (const container of containers) {
    const who = `${kind} ${stringField(container, "name")}`;
    for (const variable of objectsField(container, "env")) {
      const name = stringField(objectField(objectField(variable, "valueFrom"), "secretKeyRef"), "name");
      if (name === "" || mountable.has(name)) continue;
      const what = `${who} with envVar ${stringField(variable, "name")} referencing secret.secretName="${name}"`;
      return notNamed(account, what);
    }
    for (const source of objectsField(container, "envFrom")) {
      const name = stringField(objectField(source, "secretRef"), "name");
      if (name !== "" && !mountable.has(name)) {
        return notNamed(account, `${who} with envFrom referencing secret.secretName="${name}"`);
      }
    }
  }
  return undefined;
}

function beyondPullSecrets(account: JsonObject, spec: Readonly<JsonObject>): string | undefined {
  const pullable = namesOf(account, "imagePullSecrets");
  const names = objectsField(spec, "imagePullSecrets").map((reference) => stringField(reference, "name"));
  const index = names.findIndex((name) => !pullable.has(name));
  if (index < 0) return undefined;
  return notNamed(account, `imagePullSecrets[${index}].name="${names[index]}"`, "imagePullSecret");
}
