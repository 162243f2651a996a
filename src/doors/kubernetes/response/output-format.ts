import type { StoredObject } from "../storage/kind-storage.ts";
import { objectField } from "../validation/object-fields.ts";

/** How an answer is to be written, as negotiated from Accept and the query. */
export interface OutputFormat {
  readonly media: "application/json" | "application/yaml" | "application/vnd.kubernetes.protobuf";
  /** What the objects are turned into. */
  readonly view: "object" | "table" | "partial-metadata";
  /** Version of meta.k8s.io of the view. */
  readonly viewVersion: "v1" | "v1beta1";
  /** Indented JSON. */
  readonly pretty: boolean;
  /** What a row of a Table carries of its object. */
  readonly includeObject: "None" | "Metadata" | "Object";
}

/** Whether an answer in this format contains secret values (a Table of metadata rows and partial metadata do not). */
export function showsValues(format: OutputFormat): boolean {
  return format.view === "object" || (format.view === "table" && format.includeObject === "Object");
}

/**
 * Whether an object's metadata repeats its values: `kubectl apply` keeps the whole manifest in an annotation, so that
 * an answer of metadata alone discloses them.
 */
export function metadataHoldsValues(object: StoredObject): boolean {
  const annotations = objectField(object.metadata(), "annotations");
  return "kubectl.kubernetes.io/last-applied-configuration" in annotations;
}

/** A string that is the same for formats whose encodings of an object are the same: the key of encoding caches. */
export function formatKey(format: OutputFormat): string {
  return `${format.media} ${format.view} ${format.viewVersion} ${format.includeObject}`;
}
