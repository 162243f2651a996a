import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { cloneJson } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { StoredObject } from "./kind-storage.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { valuePlacesOf } from "./value-places.ts";

/** An object that is not stored, e.g. the result of a dry run: the tree as it is, with or without a resourceVersion. */
export function treeObject(tree: JsonObject): StoredObject {
  const metadata = metadataOf(tree);
  const namespace = stringField(metadata, "namespace");
  const name = stringField(metadata, "name");
  const resourceVersion = stringField(metadata, "resourceVersion");
  return {
    namespace,
    name,
    revision: toRevision(Number(resourceVersion === "" ? "0" : resourceVersion)),
    sizeBytes: 0,
    itemJson: () => Buffer.from(writeJson(tree), "utf8"),
    tree: () => cloneJson(tree),
    metadata: () => metadata,
    header: () => tree,
    at: (revision) => treeObject(withVersion(tree, revision)),
    disclosure: () => ({ namespace, name, uid: stringField(metadata, "uid"), resourceVersion }),
    valuePlaces: () => valuePlacesOf(tree),
  };
}

function withVersion(tree: JsonObject, revision: Revision): JsonObject {
  const copy = cloneJson(tree);
  ownMetadata(copy)["resourceVersion"] = String(revision);
  return copy;
}
