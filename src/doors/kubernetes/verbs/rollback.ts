/**
 * `secrets/rollback`: makes the values of an earlier version current again.
 *
 * To everybody who looks at changes it is an update of the secret - admission, validation, owners of fields, watches -
 * whose values are those of the version. Labels, annotations and the rest stay as they are. A version whose values are
 * the current ones changes nothing.
 */
import type { SecretVersion } from "../../../core/secrets/secret-history.ts";
import { conflict, modifiedText, notFound } from "../api-error.ts";
import { trackUpdate } from "../apply/field-manager.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { strongroomGroup } from "../kinds/strongroom-group.ts";
import { message } from "../schema/messages.ts";
import type { StoredObject, VersionedStorage } from "../storage/kind-storage.ts";
import { invalidPrinted } from "../validation/field-error-constructors.ts";
import { metadataOf, numberField, objectField, stringField } from "../validation/object-fields.ts";
import { changeObject } from "./change-object.ts";
import { fieldWrite } from "./field-tracking.ts";
import type { SubresourceAction } from "./subresource-action.ts";
import { requireValid, subjectOf, writerOf } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

const type = { group: strongroomGroup, kind: "SecretRollback" } as const;
const toVersionPath = "spec.toVersion";

export const rollback: SubresourceAction = {
  ...type,
  version: "v1",
  schema: message("strongroom-versions-v1", "SecretRollback"),
  async run(context, { body, dryRun, fieldManager }) {
    const number = requireNumber(context, body);
    const versions = versionsOf(context);
    const version = await readVersion(context, versions, number);
    // What is admitted, validated and owned is the secret, as in any other update.
    const ofSecret: VerbContext = { ...context, target: { ...context.target, subresource: "" } };
    let before: number | undefined;
    const changed = await changeObject(ofSecret, {
      next: (previous) => {
        requireSameHistory(context, previous, version);
        before = versions.numberOf(previous);
        return nextTree(previous, versions.dataOf(version), metadataOf(body));
      },
      dryRun,
      strategy: context.kind.strategy,
      track: (next, previous) => trackUpdate(fieldWrite(ofSecret, fieldManager), previous, next),
      replace: (previous, next) => versions.promote(previous, next, version, writerOf(context)),
    });
    const current = versions.numberOf(changed) ?? before ?? number;
    context.gate.annotate("versions.strongroom.dev/rollback", `version ${number} of ${context.target.name}`);
    return jsonObject([
      ["version", current],
      ["changed", current !== before],
      ["resourceVersion", String(changed.revision)],
    ]);
  },
};

export function versionsOf({ storage }: Pick<VerbContext, "storage">): VersionedStorage {
  if (storage.versions === undefined) throw new TypeError("versions are those of the storage of secrets");
  return storage.versions;
}

function requireNumber(context: VerbContext, body: JsonObject): number {
  const number = numberField(objectField(body, "spec"), "toVersion");
  const isNumber = Number.isSafeInteger(number) && number >= 1;
  const errors = isNumber ? [] : [invalidPrinted(toVersionPath, String(number), "must be greater than or equal to 1")];
  requireValid(type, context.target.name, errors);
  return number;
}

async function readVersion(context: VerbContext, versions: VersionedStorage, number: number): Promise<SecretVersion> {
  const { namespace, name } = context.target;
  const stored = await context.storage.get(namespace, name);
  if (stored === undefined) throw notFound(subjectOf(context, name));
  if (versions.numberOf(stored) === undefined) {
    throw conflict(subjectOf(context, name), "secrets of this type keep no versions");
  }
  const version = await versions.read(stored, number);
  if (version === undefined) {
    throw notFound({ group: strongroomGroup, resource: "secretversions", name: `${name}.v${number}` });
  }
  return version;
}

/** A secret that was deleted and made anew meanwhile has other versions. */
function requireSameHistory(context: VerbContext, previous: StoredObject, version: SecretVersion): void {
  if (versionsOf(context).isOf(previous, version)) return;
  throw conflict(subjectOf(context, context.target.name), modifiedText);
}

/** The stored object with the values of the version; a resourceVersion and a uid in the body are preconditions. */
function nextTree(previous: StoredObject, data: JsonObject, asked: Readonly<JsonObject>): JsonObject {
  const next = previous.tree();
  if (Object.keys(data).length > 0) next["data"] = data;
  else delete next["data"];
  const metadata = ownMetadata(next);
  delete metadata["resourceVersion"];
  for (const field of ["resourceVersion", "uid"]) {
    const value = stringField(asked, field);
    if (value !== "") metadata[field] = value;
  }
  return next;
}
