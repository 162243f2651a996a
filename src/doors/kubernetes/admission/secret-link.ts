/**
 * Links in admission: who writes one must have the right to what it does - read what it shares, write what it makes - and what a link
 * made is changed by that link alone.
 */
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { forbidden } from "../api-error.ts";
import { equalJson, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { isLinkUser } from "../controllers/secret-links/link-user.ts";
import { whyNotShared } from "../controllers/secret-links/linked-secret.ts";
import type { Kind } from "../kinds/kind.ts";
import { secretKind } from "../kinds/secret.ts";
import { linkedFromAnnotation, secretLinkKind, sourceOf } from "../kinds/secret-link.ts";
import { strongroomGroup } from "../kinds/strongroom-group.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { invalid } from "../validation/field-error-constructors.ts";
import { metadataOf, objectField, stringField } from "../validation/object-fields.ts";
import { requireValid } from "../verbs/verb-context.ts";

/** What goes on record with a link that is written. */
export const linkSourceAnnotation = "links.strongroom.dev/source";

type Storage = (kind: Kind) => KindStorage;

export function secretLinkAdmission(storage: Storage): Admission {
  return {
    async admit(operation) {
      const { apiGroup, resource, subresource } = operation;
      if (apiGroup === "" && resource === "secrets") return admitSecret(storage, operation);
      if (apiGroup !== strongroomGroup || resource !== secretLinkKind.resource || subresource !== "") return;
      await admitLink(storage, operation);
    },
  };
}

async function admitSecret(storage: Storage, operation: AdmissionOperation): Promise<void> {
  const { previous, user, namespace, name } = operation;
  if (previous === undefined || isLinkUser(user)) return;
  // The door's own tree, by the contract of AdmissionOperation.
  const source = stringField(objectField(metadataOf(previous as JsonObject), "annotations"), linkedFromAnnotation);
  if (source === "") return;
  // Who writes that annotation by themselves has made nothing linked of it.
  if ((await storage(secretLinkKind).get(namespace, name)) === undefined) return;
  const why = `it is linked from ${source}: change that, or delete the SecretLink ${namespace}/${name}`;
  throw forbidden({ group: "", resource: "secrets", name }, why);
}

interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

async function admitLink(storage: Storage, operation: AdmissionOperation): Promise<void> {
  const { namespace, name } = operation;
  const [next, previous] = [operation.next, operation.previous] as (JsonObject | undefined)[]; // the door's own trees
  if (next === undefined || (previous !== undefined && isSameLink(next, previous))) return;
  const source = sourceOf(next);
  operation.annotate(linkSourceAnnotation, `${source.namespace}/${source.name}`);
  // Before anything is told of either secret.
  await requireRight(operation, "get", source);
  for (const verb of ["create", "update", "delete"]) await requireRight(operation, verb, { namespace, name });
  const shared = await storage(secretKind).get(source.namespace, source.name);
  const why = shared === undefined ? undefined : whyNotShared(shared);
  const isRing = (await storage(secretLinkKind).get(source.namespace, source.name)) !== undefined;
  const taken = previous === undefined && (await isTaken(storage, { namespace, name }));
  const field = "spec.source.name";
  requireValid(secretLinkKind, name, [
    ...(why === undefined ? [] : [invalid(field, source.name, why)]),
    ...(isRing && why === undefined
      ? [invalid(field, source.name, "there is a SecretLink for it: link what that shares")]
      : []),
    ...(taken ? [invalid("metadata.name", name, "must not be the name of a secret that is there already")] : []),
  ]);
}

function isSameLink(next: JsonObject, previous: JsonObject): boolean {
  const own = (tree: JsonObject) =>
    jsonObject([
      ["spec", tree["spec"] ?? jsonObject()],
      ["labels", metadataOf(tree)["labels"] ?? jsonObject()],
    ]);
  return equalJson(own(next), own(previous));
}

async function requireRight(
  operation: AdmissionOperation,
  verb: string,
  { namespace, name }: SecretName,
): Promise<void> {
  const { user, decide } = operation;
  const resource = { apiGroup: "", apiVersion: "v1", resource: "secrets", subresource: "", namespace, name };
  const decision = await decide({ user, verb, resource, path: undefined });
  if (decision.type === "allow") return;
  const { apiGroup: group } = operation;
  const subject = { group, resource: operation.resource, name: operation.name };
  throw forbidden(subject, `it takes the right to ${verb} the secret "${name}" in the namespace "${namespace}"`);
}

async function isTaken(storage: Storage, { namespace, name }: SecretName): Promise<boolean> {
  const there = await storage(secretKind).get(namespace, name);
  return there !== undefined && there.linkedFrom === undefined;
}
