/**
 * What of an object's metadata ties it to other objects: its owners, and the
 * finalizers by which it waits for the garbage collector.
 *
 * Metadata is JSON text to the core; the fields read here are those of
 * Kubernetes' ObjectMeta, in which every door describes a deletion and an owner.
 */

/** One entry of `metadata.ownerReferences`, without what only its author's controller looks at. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** The owner, when deleted in the foreground, waits for this dependent. */
  readonly blockOwnerDeletion: boolean;
}

/** On an object that is to go after its dependents. */
export const foregroundFinalizer = "foregroundDeletion";
/** On an object whose dependents are to lose their reference to it before it goes. */
export const orphanFinalizer = "orphan";

export interface ObjectLinks {
  readonly owners: readonly OwnerReference[];
  /** Deleted, and waiting for the garbage collector to take a finalizer off. */
  readonly waitsForCollector: boolean;
}

/** The links of most objects. */
export const noLinks: ObjectLinks = { owners: [], waitsForCollector: false };

const ownersMark = '"ownerReferences":[';
const finalizersMark = '"finalizers":[';

/**
 * Whether a compact JSON text that holds the metadata could have links: false is certain. A search costs less than
 * parsing what nearly always has none.
 */
export function mayHaveLinks(json: string | Buffer): boolean {
  return json.includes(ownersMark) || json.includes(finalizersMark);
}

/** The links in a compact JSON text of metadata. */
export function linksInText(metadata: string | Buffer): ObjectLinks {
  return mayHaveLinks(metadata) ? linksOf(JSON.parse(metadata.toString())) : noLinks;
}

/** The links in parsed metadata. References without a uid are none. */
export function linksOf(metadata: unknown): ObjectLinks {
  const owners = list(metadata, "ownerReferences").map(reference).filter(isReference);
  const finalizers = list(metadata, "finalizers");
  const collectors = finalizers.includes(foregroundFinalizer) || finalizers.includes(orphanFinalizer);
  const waitsForCollector = collectors && field(metadata, "deletionTimestamp") !== undefined;
  return owners.length === 0 && !waitsForCollector ? noLinks : { owners, waitsForCollector };
}

function reference(value: unknown): OwnerReference {
  return {
    apiVersion: text(value, "apiVersion"),
    kind: text(value, "kind"),
    name: text(value, "name"),
    uid: text(value, "uid"),
    blockOwnerDeletion: field(value, "blockOwnerDeletion") === true,
  };
}

function isReference(candidate: OwnerReference): boolean {
  return candidate.uid !== "";
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : "";
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name]; // hasOwn above
}
