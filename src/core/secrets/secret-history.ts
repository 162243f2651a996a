/**
 * The versions of secrets, for whoever may see them: what the promotions say, with the keys of their payloads.
 *
 * A version is found by the identity in the secret's current record, so a re-created secret or namespace has no history
 * but its own. Secrets that keep no versions have none.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Revision } from "../../store/revision.ts";
import type { Store, StoredRecord } from "../../store/store.ts";
import { rangeOfObjects } from "../object-range.ts";
import { beforePromotion, numberOfPromotionKey, objectKey, objectPrefix, payloadKey } from "../registry-keys.ts";
import { promotionPrefix } from "../registry-keys.ts";
import type { SecretIdentity } from "../registry-keys.ts";
import { decodeCurrentRecord, decodePayloadBytes, decodePromotion, objectUidOf } from "./canonical-secret.ts";
import type { Payload, Promotion, SecretBook } from "./canonical-secret.ts";
import { encodedValues, keyChanges, payloadKeys } from "./payload-keys.ts";
import type { EncodedValues, KeyChanges, PayloadKey } from "./payload-keys.ts";

/** One version with its values. */
export interface SecretVersion {
  readonly identity: SecretIdentity;
  readonly promotion: Promotion;
  readonly payload: Payload;
}

/** What is told of a version without its values. */
export interface VersionFacts {
  readonly namespace: string;
  /** Of the secret. */
  readonly name: string;
  /** Of the secret, as clients see it. */
  readonly uid: string;
  readonly type: string;
  readonly promotion: Promotion;
  readonly isCurrent: boolean;
  readonly payloadBytes: number;
  readonly keys: readonly PayloadKey[];
  /** Against the version before; undefined where that one is no longer kept. */
  readonly changes: KeyChanges | undefined;
  /** When it last became something else: promoted, or superseded. */
  readonly revision: Revision;
}

/** A version by its place: what comes after it is the rest. */
export interface VersionPlace {
  readonly namespace: string;
  readonly name: string;
  readonly number: number;
}

export interface VersionRange {
  /** "" for all. */
  readonly namespace: string;
  /** One secret; undefined for all. */
  readonly name: string | undefined;
  readonly after: VersionPlace | undefined;
  readonly limit: number;
  readonly revision: Revision | undefined;
}

export interface VersionPage {
  /** By namespace and name, and then from the oldest to the newest. */
  readonly versions: readonly VersionFacts[];
  readonly revision: Revision;
  readonly more: boolean;
}

/** Secrets whose current records are read at a time. */
const secretsPerRead = 50;
/** Payloads that are read at a time: at most 1 MiB each. */
const payloadsPerRead = 8;
/** Small ones, of which many are read at a time. */
const payloadsPerReadMax = 64;
const smallBytes = 16 * 1024;

const resource = "secrets";

export class SecretHistory {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The facts of one version as of now; undefined when there is no such secret, or the version is not kept. */
  async get(place: VersionPlace): Promise<VersionFacts | undefined> {
    const found = await this.#find(place);
    if (found === undefined) return undefined;
    const { record, revision } = found;
    const one = await this.#ofSecret(record, place.number, 1, revision);
    return one.versions.find(({ promotion }) => promotion.number === place.number);
  }

  /** One version with its values, of a secret as it stands in `book`; undefined when it is not kept. */
  async read(book: SecretBook, number: number): Promise<SecretVersion | undefined> {
    const prefix = promotionPrefix(book);
    const page = await this.#store.range(prefix, { after: beforePromotion(book, number), limit: 1 });
    const [record] = page.records;
    if (record === undefined || numberOfPromotionKey(record.key) !== number) return undefined;
    const promotion = decodePromotion(record.value);
    const key = payloadKey(book, promotion.payload);
    const stored = (await this.#store.get(key)) ?? (await this.#store.get(key, { revision: page.revision }));
    if (stored === undefined) throw new StrongroomError("corrupt", `payload ${key} must exist`);
    return { identity: book, promotion, payload: { form: "map", bytes: decodePayloadBytes(key, stored.value) } };
  }

  /** One version with its values and its facts, as of now. */
  async value(place: VersionPlace): Promise<{ facts: VersionFacts; version: SecretVersion } | undefined> {
    const found = await this.#find(place);
    const version = found && (await this.read(found.book, place.number));
    const facts = await this.get(place);
    // Re-created between the two: the facts would be those of another secret.
    const isSame = facts?.promotion.id === version?.promotion.id;
    return facts === undefined || version === undefined || !isSame ? undefined : { facts, version };
  }

  /** A page of versions at one revision. Raises `compacted`, `future-revision`. */
  async list(range: VersionRange): Promise<VersionPage> {
    const versions: VersionFacts[] = [];
    let revision = range.revision ?? (await this.#store.currentRevision());
    let from = 1;
    let after: string | undefined;
    if (range.after !== undefined) {
      const { namespace, name, number } = range.after;
      after = objectKey(resource, namespace, name);
      const record = await this.#store.get(after, { revision });
      from = number + 1;
      const rest = record && (await this.#ofSecret(record, from, range.limit, revision));
      versions.push(...(rest?.versions ?? []));
      if (rest?.more === true) return { versions, revision, more: true };
    }
    for (;;) {
      const place = { namespace: range.namespace, name: range.name, after, limit: secretsPerRead, revision };
      const page = await rangeOfObjects(this.#store, resource, place);
      ({ revision } = page);
      for (const record of page.records) {
        const room = range.limit - versions.length;
        if (room <= 0) return { versions, revision, more: true };
        const found = await this.#ofSecret(record, 1, room, revision);
        versions.push(...found.versions);
        if (found.more) return { versions, revision, more: true };
        after = record.key;
      }
      if (page.continueAfter === undefined) return { versions, revision, more: false };
      await nextTurn();
    }
  }

  async #find({ namespace, name }: Pick<VersionPlace, "namespace" | "name">) {
    const revision = await this.#store.currentRevision();
    const record = await this.#store.get(objectKey(resource, namespace, name), { revision });
    if (record === undefined) return undefined;
    return { record, revision, book: decodeCurrentRecord(record.key, record.value).book };
  }

  /** Versions of one secret from number `from` on, at a revision. */
  async #ofSecret(record: StoredRecord, from: number, limit: number, revision: Revision) {
    const { book } = decodeCurrentRecord(record.key, record.value);
    if (book.promotion === undefined) return { versions: [], more: false };
    // One before, to say what changed, and one after, by which a version was superseded.
    const range = { after: beforePromotion(book, from - 1), limit: limit + 2, revision };
    const { records } = await this.#store.range(promotionPrefix(book), range);
    const promotions = records.map((each) => ({ promotion: decodePromotion(each.value), since: each.modRevision }));
    const first = promotions.findIndex(({ promotion }) => promotion.number >= from);
    if (first < 0) return { versions: [], more: false };
    const [before] = promotions.slice(0, first);
    const told = promotions.slice(first, first + limit);
    const place = placeOf(record.key);
    const versions: VersionFacts[] = [];
    let previous = from === 1 ? firstValues(told[0]?.promotion) : undefined;
    if (before !== undefined) previous = (await this.#values(book, [before.promotion], revision))[0]?.values;
    for (const step of steps(told)) {
      const read = await this.#values(
        book,
        step.map(({ promotion }) => promotion),
        revision,
      );
      for (const [index, { promotion, since }] of step.entries()) {
        const { values, bytes } = read[index] ?? missing(record.key);
        const next = promotions.find((each) => each.promotion.number === promotion.number + 1);
        versions.push({
          ...place,
          uid: objectUidOf(book),
          type: book.type,
          promotion,
          isCurrent: promotion.number === book.promotion.number,
          payloadBytes: bytes,
          keys: payloadKeys(values),
          changes: previous === undefined ? undefined : keyChanges(previous, values),
          revision: next?.since ?? since,
        });
        previous = values;
      }
    }
    return { versions, more: promotions.length > first + limit };
  }

  async #values(book: SecretBook, promotions: readonly Promotion[], revision: Revision) {
    const keys = promotions.map(({ payload }) => payloadKey(book, payload));
    const stored = await this.#store.getMany(keys, { revision });
    return stored.map((record, index) => {
      const key = keys[index] ?? "";
      if (record === undefined) throw new StrongroomError("corrupt", `payload ${key} must exist`);
      const bytes = decodePayloadBytes(key, record.value);
      return { values: encodedValues({ form: "map", bytes }), bytes: bytes.length };
    });
  }
}

const noValues: EncodedValues = new Map();

/** Before version 1 there was nothing; before one whose predecessor was pruned, something that is not known. */
function firstValues(oldest: Promotion | undefined): EncodedValues | undefined {
  return oldest?.number === 1 ? noValues : undefined;
}

function missing(key: string): never {
  throw new StrongroomError("corrupt", `payloads of ${key} must exist`);
}

/** Promotions whose payloads are read together: few large ones, many small ones. */
function* steps<T extends { readonly promotion: Promotion }>(promotions: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < promotions.length;) {
    const many = promotions.slice(start, start + payloadsPerReadMax);
    const areSmall = many.every(({ promotion }) => (promotion.bytes ?? Infinity) <= smallBytes);
    const step = areSmall ? many : many.slice(0, payloadsPerRead);
    yield step;
    start += step.length;
  }
}

function placeOf(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = "", name = ""] = key.slice(objectPrefix(resource, "").length).split("/");
  return { namespace, name };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
