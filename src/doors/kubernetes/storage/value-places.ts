/** Where values stand in an object: by name, without reading them. */
import { isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { metadataOf, objectField } from "../validation/object-fields.ts";

/**
 * Annotations in which tools keep the whole manifest, values included: kubectl apply, kapp, Rancher's wrangler,
 * Banzai's object matcher. A tool that hides a value elsewhere in metadata discloses it to readers of metadata.
 */
export const annotationsWithValues = [
  "kubectl.kubernetes.io/last-applied-configuration",
  "kapp.k14s.io/original",
  "objectset.rio.cattle.io/applied",
  "banzaicloud.com/last-applied",
] as const;

export interface ValuePlaces {
  readonly keys: readonly string[];
  /** Annotations that repeat values. */
  readonly annotations: readonly string[];
}

/** Those of metadata that repeat values. */
export function repeatingAnnotations(metadata: Readonly<JsonObject>): readonly string[] {
  const annotations = objectField(metadata, "annotations");
  return annotationsWithValues.filter((name) => name in annotations);
}

const quotedNames = annotationsWithValues.map((name) => Buffer.from(`"${name}"`));
const quotedAnnotations = Buffer.from('"annotations"');

/** Whether the JSON of metadata may have one of them; a quick look that parses nothing. */
export function mayRepeatValues(metadata: Buffer): boolean {
  return metadata.includes(quotedAnnotations) && quotedNames.some((name) => metadata.includes(name));
}

/** Of a tree whose values are in the field `data`; undefined where it has no such field. */
export function valuePlacesOf(tree: JsonObject): ValuePlaces | undefined {
  const { data } = tree;
  if (!isJsonObject(data)) return undefined;
  return { keys: Object.keys(data), annotations: repeatingAnnotations(metadataOf(tree)) };
}

const quote = 34;

/**
 * The keys of a payload: compact JSON of an object from key to base64, neither of which has escapes. So the texts in quotes
 * are a key and its value in turn.
 */
export function payloadKeys(payload: Buffer): readonly string[] {
  const keys: string[] = [];
  for (let start = payload.indexOf(quote); start >= 0;) {
    const end = payload.indexOf(quote, start + 1);
    keys.push(payload.toString("latin1", start + 1, end));
    // After the key stands a colon, after that the value.
    const value = end + 2;
    start = payload.indexOf(quote, payload[value] === quote ? payload.indexOf(quote, value + 1) + 1 : value);
  }
  return keys;
}
