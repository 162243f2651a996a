/** The secret that a link makes: the type and values of its source, the labels of the link, and nothing else of either. */
import { clusterValueType } from "../../../../core/secrets/secret-of-cluster.ts";
import { keepsVersions } from "../../../../core/secrets/canonical-secret.ts";
import { cloneJson, equalJson, jsonObject } from "../../codec/json.ts";
import type { JsonObject } from "../../codec/json.ts";
import { linkedFromAnnotation, sourceOf } from "../../kinds/secret-link.ts";
import { ownMetadata } from "../../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "../../storage/kind-storage.ts";
import { metadataOf, objectField, stringField } from "../../validation/object-fields.ts";

/**
 * Why a secret cannot be shared; undefined when it can. Tokens are of the cluster that issued them, releases of the one they are in, and
 * what an API server encrypted only that one can read. What is linked itself is shared from where it comes from, so that there are no rings.
 */
export function whyNotShared(source: StoredObject): string | undefined {
  const type = stringField(source.header(), "type");
  if (source.linkedFrom !== undefined) return `it is linked from ${source.linkedFrom} itself: link that`;
  if (!keepsVersions(type) || type === clusterValueType)
    return `secrets of the type ${type} are of the cluster they are in`;
  return undefined;
}

/** The tree of a new one. */
export function linkedTree(link: StoredObject, source: StoredObject): JsonObject {
  const tree = jsonObject([["metadata", jsonObject([["name", link.name]])]]);
  setLinked(tree, link, source);
  return tree;
}

/** Makes a tree what it should be, in place. */
export function setLinked(tree: JsonObject, link: StoredObject, source: StoredObject): void {
  const metadata = ownMetadata(tree);
  const { namespace, name } = sourceOf(link.header());
  metadata["labels"] = cloneJson({ ...objectField(link.metadata(), "labels") } as JsonObject);
  metadata["annotations"] = jsonObject([[linkedFromAnnotation, `${namespace}/${name}`]]);
  for (const field of ["type", "data"] as const) tree[field] = cloneJson(source.tree()[field] ?? jsonObject());
}

/** Whether it is so already. */
export function isSame(copy: StoredObject, link: StoredObject, source: StoredObject): boolean {
  const wanted = linkedTree(link, source);
  const tree = copy.tree();
  const of = (object: JsonObject, field: string) => ({ ...objectField(metadataOf(object), field) }) as JsonObject;
  return (
    copy.linkedFrom === of(wanted, "annotations")[linkedFromAnnotation] &&
    ["labels", "annotations"].every((field) => equalJson(of(tree, field), of(wanted, field))) &&
    equalJson(tree["type"] ?? "", wanted["type"] ?? "") &&
    equalJson(tree["data"] ?? jsonObject(), wanted["data"] ?? jsonObject())
  );
}

/** The storage of secrets for links: what is written is marked as what it is. */
export function linkingStorage(secrets: KindStorage): KindStorage {
  const marked = (tree: JsonObject) => stringField(objectField(metadataOf(tree), "annotations"), linkedFromAnnotation);
  return {
    ...secrets,
    create: (tree, writer) => secrets.create(tree, { ...writer, linkedFrom: marked(tree) }),
    replace: (previous, tree, writer) => secrets.replace(previous, tree, { ...writer, linkedFrom: marked(tree) }),
  };
}
