/** The trash as objects. To delete one is to purge it. */
import type { DeletedSecret, SecretTrash } from "../../../core/secrets/secret-trash.ts";
import { objectUidOf } from "../../../core/secrets/canonical-secret.ts";
import type { Secrets } from "../../../core/secrets/secrets.ts";
import { badRequest } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { apiTime } from "../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "./kind-storage.ts";
import { readOnlyStorage } from "./read-only-storage.ts";
import { treeObject } from "./tree-object.ts";

const storedPrefix = "/registry/strongroom.dev/deletedsecrets/";

/** The uid in the name of a DeletedSecret, `NAME.UID`: uids have no dots. */
export function uidOfDeleted(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** What an object was made of, to purge it by. */
const sources = new WeakMap<StoredObject, DeletedSecret>();

/** The storage of `deletedsecrets`. */
export function deletedSecretStorage(secrets: Secrets, trash: SecretTrash): KindStorage {
  const prefix = (namespace: string) => storedPrefix + (namespace === "" ? "" : `${namespace}/`);
  const get = async (namespace: string, name: string) => {
    const found = await trash.get(namespace, uidOfDeleted(name));
    const object = found && deletedObject(found);
    return object?.name === name ? object : undefined;
  };
  return {
    ...readOnlyStorage({ prefix, currentRevision: () => secrets.currentRevision() }),
    get,
    async list({ namespace, name, after, limit, revision }) {
      if (name !== undefined) {
        const found = await get(namespace, name);
        const now = revision ?? (await secrets.currentRevision());
        return { objects: found === undefined ? [] : [found], revision: now, continueAfter: undefined };
      }
      const page = await trash.list({ namespace, after: placeOf(after), limit, revision });
      const { last } = page;
      return {
        objects: page.secrets.map(deletedObject),
        revision: page.revision,
        continueAfter: last === undefined ? undefined : `${prefix(last.namespace)}${last.name}.${last.book.uid}`,
      };
    },
    replace: () => {
      throw badRequest("propagationPolicy must be Background: nothing depends on a deleted secret");
    },
    delete(object) {
      const deleted = sources.get(object);
      if (deleted === undefined) throw new TypeError("what is purged must have been read from the trash");
      return trash.purge(deleted);
    },
  };
}

function placeOf(key: string | undefined): { readonly namespace: string; readonly uid: string } | undefined {
  if (key === undefined) return undefined;
  const [namespace = "", name = ""] = key.slice(storedPrefix.length).split("/");
  return { namespace, uid: uidOfDeleted(name) };
}

function deletedObject(deleted: DeletedSecret): StoredObject {
  const { namespace, name, book, revision } = deleted;
  const made = treeObject(deletedTree(deleted));
  const uid = objectUidOf(book);
  const disclosure = () => ({ namespace, name, uid, resourceVersion: String(revision) });
  const object: StoredObject = { ...made, sizeBytes: estimatedBytes, disclosure };
  sources.set(object, deleted);
  return object;
}

const estimatedBytes = 512;

function deletedTree({ namespace, name, book, promotion, deleted, revision }: DeletedSecret): JsonObject {
  const time = apiTime(new Date(deleted.time));
  return jsonObject([
    [
      "metadata",
      jsonObject([
        ["name", `${name}.${book.uid}`],
        ["namespace", namespace],
        ["uid", objectUidOf(book)],
        ["resourceVersion", String(revision)],
        ["creationTimestamp", time],
      ]),
    ],
    ["secret", name],
    ["type", book.type],
    ["version", promotion.number],
    ["sizeBytes", book.versionsBytes],
    ["author", deleted.author],
    ["door", deleted.door],
    ["deleted", deleted.time],
  ]);
}
