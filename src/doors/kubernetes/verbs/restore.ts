/**
 * `deletedsecrets/restore`: brings a deleted secret back with all its versions.
 *
 * To everybody who looks at changes it is the creation of a secret - admission, quotas, validation, watches. It gets a uid
 * and a creation time of its own: what was bound to the old uid (tokens, dependents) ended with it and does not come
 * back. Owners and finalizers are left out, since owners that are gone would take it with them at once.
 */
import { objectUidOf } from "../../../core/secrets/canonical-secret.ts";
import { NamespaceUnavailableError } from "../../../core/namespaces/namespace-facts.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { alreadyExists, conflict, namespaceUnavailable, notFound } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { secretKind } from "../kinds/secret.ts";
import { strongroomGroup } from "../kinds/strongroom-group.ts";
import { fillSystemFields, ownMetadata } from "../kinds/system-fields.ts";
import { validateCreate } from "../kinds/validate-object.ts";
import { message } from "../schema/messages.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { versionsOf } from "./rollback.ts";
import type { SubresourceAction } from "./subresource-action.ts";
import { requireValid, subjectOf, writerOf } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

/** What does not come back with a secret. */
const leftOut = ["resourceVersion", "ownerReferences", "finalizers"];

export const restore: SubresourceAction = {
  group: strongroomGroup,
  kind: "SecretRestore",
  version: "v1",
  schema: message("strongroom-versions-v1", "SecretRestore"),
  async run(context, { body, dryRun, storageOf }) {
    const storage = storageOf(secretKind);
    const versions = versionsOf({ storage });
    const { namespace, name } = context.target;
    const deleted = await versions.findDeleted(namespace, name);
    if (deleted === undefined) throw notFound(subjectOf(context, name));
    requireSame(context, metadataOf(body), { resourceVersion: String(deleted.revision) });
    const tree = restoredTree(context, await versions.deletedTree(deleted));
    await admit(context, tree, dryRun);
    requireValid(secretKind, deleted.name, validateCreate(secretKind, tree));
    const taken = await storage.get(namespace, deleted.name);
    if (taken !== undefined) throw nameTaken(deleted.name, taken);
    if (dryRun) return statusOf(deleted.name, tree, deleted.promotion.number + 1, undefined);
    // What is changed by the request's own object: it leaves the trash.
    const change = {
      name: context.target.name,
      uid: objectUidOf(deleted.book),
      resourceVersion: String(deleted.revision),
    };
    const restoring = () => versions.restore(deleted, tree, writerOf(context));
    const restored = await write(context, () => context.gate.change(change, restoring), {
      name: deleted.name,
      storage,
    });
    context.gate.annotate("versions.strongroom.dev/restored", deleted.name);
    return statusOf(deleted.name, tree, versions.numberOf(restored) ?? 0, restored);
  },
};

function restoredTree(context: VerbContext, tree: JsonObject): JsonObject {
  const metadata = ownMetadata(tree);
  for (const field of leftOut) {
    if (field !== "resourceVersion" && metadata[field] !== undefined) context.warn(`metadata.${field} is not restored`);
    delete metadata[field];
  }
  fillSystemFields(tree, { uid: context.uuid(), now: context.now() });
  return tree;
}

async function admit(context: VerbContext, tree: JsonObject, dryRun: boolean): Promise<void> {
  const metadata = metadataOf(tree);
  await context.gate.admit({
    operation: "create",
    apiGroup: secretKind.group,
    resource: secretKind.resource,
    subresource: "",
    namespace: stringField(metadata, "namespace"),
    name: stringField(metadata, "name"),
    dryRun,
    next: tree,
    previous: undefined,
  });
}

async function write(
  context: VerbContext,
  restoring: () => Promise<StoredObject>,
  { name, storage }: { readonly name: string; readonly storage: KindStorage },
): Promise<StoredObject> {
  try {
    return await restoring();
  } catch (error) {
    if (error instanceof NamespaceUnavailableError) throw namespaceUnavailable(error, subject(name));
    if (isStrongroomError(error, "already-exists")) {
      throw nameTaken(name, await storage.get(context.target.namespace, name));
    }
    if (isStrongroomError(error, "conflict")) {
      throw conflict(subjectOf(context, context.target.name), "it is no longer in the trash, or its namespace changes");
    }
    throw error;
  }
}

function nameTaken(name: string, existing: StoredObject | undefined) {
  return alreadyExists(subject(name), existing !== undefined && isTerminating(existing.header()));
}

function subject(name: string) {
  const { group, resource }: Kind = secretKind;
  return { group, resource, name };
}

function requireSame(
  context: VerbContext,
  asked: Readonly<JsonObject>,
  { resourceVersion }: { readonly resourceVersion: string },
): void {
  const value = stringField(asked, "resourceVersion");
  if (value === "" || value === resourceVersion) return;
  const why = `Precondition failed: ResourceVersion in precondition: ${value}, ResourceVersion in object meta: ${resourceVersion}`;
  throw conflict(subjectOf(context, context.target.name), why);
}

function statusOf(name: string, tree: JsonObject, version: number, stored: StoredObject | undefined): JsonObject {
  return jsonObject([
    ["secret", name],
    ["uid", stringField(metadataOf(tree), "uid")],
    ["version", version],
    ...(stored === undefined ? [] : [["resourceVersion", String(stored.revision)] as const]),
  ]);
}
