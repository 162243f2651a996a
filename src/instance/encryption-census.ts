/** Counts what the files of the store hold by how it is encrypted: current records, and superseded ones that are not compacted yet. */
import type { StoredResource } from "../crypto/encryption-configuration/configured-transformers.ts";
import { KeyIdReader } from "../crypto/kms-v2/key-id-of-record.ts";
import { formatGroupResource } from "../crypto/encryption-configuration/resource-name.ts";
import { formOfRecord } from "../crypto/stored-form.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { TransformerSelection } from "../store/encrypted-store.ts";
import type { SupersededRecords } from "../store/mvcc/superseded.ts";
import type { Store, StoredRecord } from "../store/store.ts";

/** What is counted of the engine below the encryption. */
export type CountedEngine = Pick<Store, "range" | "get"> & SupersededRecords;

/** What a record is for, of which a proof has to name each. */
export const recordPlaces = ["objects", "versions", "trash", "leases", "own"] as const;
export type RecordPlace = (typeof recordPlaces)[number];

/** The records of one resource in one form. */
export interface FormCount {
  /** `secrets`; `strongroom` for this server's own. */
  readonly resource: string;
  /** `aescbc:v1:key1`, `identity`, `kms:v2:strongroom`. */
  readonly form: string;
  /** A digest of what a plugin calls the key, where the record says so. */
  readonly keyId?: string | undefined;
  readonly records: number;
  readonly bytes: number;
  /** Of the current record that was written longest ago; 0 without any. */
  readonly oldestRevision: number;
  readonly superseded: number;
  readonly supersededBytes: number;
  /** Current records by what they are for. */
  readonly places: Readonly<Record<RecordPlace, number>>;
}

/** This server's own records, which are of no resource. */
export const ownRecords = "strongroom";

/** About 3 ms of the event loop. */
const page = { limit: 200, bytesMax: 4 * 1024 * 1024 };

/** Every record, current ones first. */
async function* everyRecord(
  engine: CountedEngine,
): AsyncGenerator<{ readonly record: StoredRecord; readonly isCurrent: boolean }> {
  let after: string | undefined;
  for (;;) {
    const { records, more } = await engine.range("", { ...page, after });
    for (const record of records) yield { record, isCurrent: true };
    after = records.at(-1)?.key;
    if (!more) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  for await (const record of engine.supersededRecords()) yield { record, isCurrent: false };
}

/** The resource of a storage key. */
export function resourceNames(stored: readonly StoredResource[]): (key: string) => string {
  const names = new Map(
    stored.flatMap((each) => each.places.map((place) => [place, formatGroupResource(each)] as const)),
  );
  return (key) => {
    const second = key.indexOf("/", key.indexOf("/", 1) + 1) + 1;
    return names.get(key.slice(0, second)) ?? names.get(key.slice(0, key.indexOf("/", second) + 1)) ?? ownRecords;
  };
}

/** Counts everything, in the order of resources and forms. `known` are forms whose names may hold colons. */
export async function takeCensus(
  engine: CountedEngine,
  resourceOf: (key: string) => string,
  known: readonly string[],
): Promise<readonly FormCount[]> {
  const counts = new Map<string, FormCount>();
  const keyIds = new KeyIdReader();
  for await (const { record, isCurrent } of everyRecord(engine)) {
    const [resource, form] = [resourceOf(record.key), formOfRecord(record.value, known)];
    const keyId = keyIds.digestOf(record.value, form);
    const name = `${resource} ${form} ${keyId ?? ""}`;
    const count = counts.get(name) ?? { resource, form, keyId, ...nothing };
    counts.set(name, added(count, record, isCurrent ? placeOf(record, resource) : undefined));
  }
  return Array.from(counts.values()).toSorted(
    (a, b) => compare(a.resource, b.resource) || compare(a.form, b.form) || a.oldestRevision - b.oldestRevision,
  );
}

const noRecords = { objects: 0, versions: 0, trash: 0, leases: 0, own: 0 };
const nothing = {
  records: 0,
  bytes: 0,
  oldestRevision: 0,
  superseded: 0,
  supersededBytes: 0,
  places: noRecords,
};
const leasesResource = "leases.coordination.k8s.io";

/** Leases are those of Kubernetes and every record that ends with a TTL lease. */
function placeOf({ key, ttlLease }: StoredRecord, resource: string): RecordPlace {
  if (ttlLease !== undefined || resource === leasesResource) return "leases";
  if (key.startsWith("/strongroom/trash/")) return "trash";
  if (key.startsWith("/strongroom/payloads/") || key.startsWith("/strongroom/promotions/")) return "versions";
  return key.startsWith("/strongroom/") ? "own" : "objects";
}

/** `place` is that of a current record. */
function added(count: FormCount, { sizeBytes, modRevision }: StoredRecord, place: RecordPlace | undefined): FormCount {
  if (place === undefined) {
    return { ...count, superseded: count.superseded + 1, supersededBytes: count.supersededBytes + sizeBytes };
  }
  const oldestRevision = count.records === 0 ? modRevision : Math.min(count.oldestRevision, modRevision);
  const places = { ...count.places, [place]: count.places[place] + 1 };
  return { ...count, records: count.records + 1, bytes: count.bytes + sizeBytes, oldestRevision, places };
}

/** What does not open, by its form. */
export interface Unreadable {
  readonly records: number;
  readonly superseded: number;
}

/** Which records in one of these forms `selection` cannot open, by form; those that it can are not counted. Raises `sealed`, `unavailable`. */
export async function countUnreadable(
  engine: CountedEngine,
  forms: readonly string[],
  selection: TransformerSelection,
): Promise<ReadonlyMap<string, Unreadable>> {
  const found = new Map<string, Unreadable>();
  for await (const { record, isCurrent } of everyRecord(engine)) {
    const form = formOfRecord(record.value, forms);
    if (!forms.includes(form) || (await opens(record, selection))) continue;
    const { records, superseded } = found.get(form) ?? { records: 0, superseded: 0 };
    found.set(form, isCurrent ? { records: records + 1, superseded } : { records, superseded: superseded + 1 });
  }
  return found;
}

async function opens({ key, value, modRevision }: StoredRecord, selection: TransformerSelection): Promise<boolean> {
  try {
    await selection.transformerFor(key).fromStorage(value, { key, revision: modRevision });
    return true;
  } catch (error) {
    if (isStrongroomError(error, "corrupt")) return false;
    throw error;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
