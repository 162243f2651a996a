/**
 * The canonical secret: what every door reads and writes.
 *
 * A secret is (namespace, name) with a type, metadata and a sequence of payload
 * versions; a *promotion* makes one payload current. The current record names
 * its payload; payloads are stored once, apart, so that a rollback is a pointer.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Revision } from "../../store/revision.ts";
import type { Operation } from "../../store/store.ts";
import { promotionKey } from "../registry-keys.ts";
import type { SecretIdentity } from "../registry-keys.ts";

/**
 * The form a payload was written in; views for other doors are derived from it,
 * never stored. `map`: compact JSON text of an object from key to standard
 * padded base64, in byte order of keys - what the Kubernetes door writes, and can
 * splice into its answers. The forms of other protocols come with their doors.
 */
export const payloadForms = ["map"] as const;
export type PayloadForm = (typeof payloadForms)[number];

export interface Payload {
  readonly form: PayloadForm;
  readonly bytes: Buffer;
}

/** Who wrote, through which door, when. */
export interface Authorship {
  /** User name as authenticated. */
  readonly author: string;
  readonly door: string;
  /** RFC 3339 with milliseconds, UTC. */
  readonly time: string;
}

/** Makes a payload the current one; `number` counts 1, 2, ... without gaps. */
export interface Promotion extends Authorship {
  readonly number: number;
  /** 32 hex digits, the version id of doors that have no integers. */
  readonly id: string;
  /** Id of the payload, 32 random hex digits. */
  readonly payload: string;
  /** Length of the payload; records of older releases do not have it. */
  readonly bytes?: number;
  /** The number of the earlier promotion of the same payload that this one repeats: a rollback, or the end of a deletion. */
  readonly again?: number;
}

/** What a door writes. `metadata` and `rest` are opaque JSON texts to the core. */
export interface SecretState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  /** Compact JSON text of the object's metadata, without resourceVersion; a non-empty object. */
  readonly metadata: string;
  /** Compact JSON text of the members beside metadata and data: type, immutable. */
  readonly rest: string;
  readonly payload: Payload;
  /** See {@link SecretBook.cluster}; undefined leaves it as it is. */
  readonly cluster?: string | undefined;
  /** See {@link SecretBook.adoptedAt}; undefined for everything else that is written. */
  readonly adoptedAt?: number | undefined;
}

/** A secret as stored, complete with its current payload. */
export interface Secret {
  readonly namespace: string;
  readonly name: string;
  /** Mod revision of the current record: moves with every write, metadata included. */
  readonly revision: Revision;
  /** Revision of the write that created it under this name. */
  readonly createRevision: Revision;
  /** How often it was written since, the creation included: the store's count, not that of payloads. */
  readonly version: number;
  readonly book: SecretBook;
  readonly metadata: Buffer;
  readonly rest: Buffer;
  readonly payload: Payload;
}

/** The bookkeeping line of a current record. */
export interface SecretBook extends SecretIdentity {
  readonly type: string;
  readonly form: PayloadForm;
  /** Length of the payload in bytes. */
  readonly payloadBytes: number;
  /** Undefined for secrets that keep no versions: their payload is in the record itself. */
  readonly promotion: Promotion | undefined;
  /** Sum of the payload bytes of all kept versions; a payload that was promoted twice counts once. */
  readonly versionsBytes: number;
  /** The uid of the object, where it is not the one that the records are kept under: after a restore from the trash. */
  readonly objectUid?: string;
  /** Set once a payload was promoted twice: what one promotion pointed at may be kept for another. */
  readonly sharesPayloads?: true;
  /**
   * The cluster whose API server keeps the secret here. Its owners, accounts and tokens are objects of that cluster, whose
   * controllers look after it: ours leave it alone.
   */
  readonly cluster?: string | undefined;
  /**
   * The revision of the cluster's own etcd that this state was copied from. Whatever else is written takes it away: only what
   * nobody has changed here follows the cluster's etcd.
   */
  readonly adoptedAt?: number | undefined;
  /**
   * The secret, NAMESPACE/NAME, that this one is kept the same as by a link. It keeps no versions, which that one has, and leaves no
   * trash: what a link gave ends with it.
   */
  readonly linkedFrom?: string | undefined;
}

/** The uid that clients see. */
export function objectUidOf(book: SecretBook): string {
  return book.objectUid ?? book.uid;
}

/**
 * Types whose values churn by design and are of no use once superseded: they
 * keep no versions and leave no trash.
 */
const unversionedTypes: ReadonlySet<string> = new Set([
  "helm.sh/release.v1",
  "kubernetes.io/service-account-token",
  "bootstrap.kubernetes.io/token",
]);

/** Whether secrets of this type keep versions. */
export function keepsVersions(type: string): boolean {
  return !unversionedTypes.has(type);
}

/** A secret as it is after a write of `state` at `revision`, over `previous` where there was one. */
export function completeSecret(state: SecretState, book: SecretBook, revision: Revision, previous?: Secret): Secret {
  return {
    namespace: state.namespace,
    name: state.name,
    revision,
    createRevision: previous?.createRevision ?? revision,
    version: (previous?.version ?? 0) + 1,
    book,
    metadata: Buffer.from(state.metadata, "utf8"),
    rest: Buffer.from(state.rest, "utf8"),
    payload: state.payload,
  };
}

/** What records that a version is the current one; nothing for secrets that keep none. */
export function promotionOperations(book: SecretBook): Operation[] {
  if (book.promotion === undefined) return [];
  const key = promotionKey(book, book.promotion.number, book.promotion.payload);
  return [{ type: "put", key, value: Buffer.from(JSON.stringify(book.promotion), "utf8") }];
}

/** Whether a write leaves the values as they are. */
export function samePayload(previous: { readonly payload: Payload }, state: { readonly payload: Payload }): boolean {
  return previous.payload.form === state.payload.form && previous.payload.bytes.equals(state.payload.bytes);
}

const newline = 10;

/**
 * The stored form of a current record: three lines of compact JSON (which holds
 * no raw newline) - bookkeeping, metadata, rest - and, for unversioned secrets,
 * the payload bytes after the third. Lines, because a list is answered by
 * splicing these bytes, without parsing them.
 */
export function encodeCurrentRecord(book: SecretBook, state: SecretState): Buffer {
  const head = `${JSON.stringify(book)}\n${state.metadata}\n${state.rest}\n`;
  if (book.promotion !== undefined) return Buffer.from(head, "utf8");
  return Buffer.concat([Buffer.from(head, "utf8"), state.payload.bytes]);
}

/** The parts of a stored current record. Raises `corrupt`, naming the key. */
export function decodeCurrentRecord(key: string, value: Uint8Array) {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const first = bytes.indexOf(newline);
  const second = bytes.indexOf(newline, first + 1);
  const third = bytes.indexOf(newline, second + 1);
  if (first < 0 || second < 0 || third < 0) throw new StrongroomError("corrupt", `record ${key} must have three lines`);
  return {
    // Written by encodeCurrentRecord and authenticated by the transformer.
    book: JSON.parse(bytes.toString("utf8", 0, first)) as SecretBook,
    metadata: bytes.subarray(first + 1, second),
    rest: bytes.subarray(second + 1, third),
    inlinePayload: bytes.subarray(third + 1),
  };
}

/** A stored promotion: written as JSON, and authenticated by the transformer. */
export function decodePromotion(value: Uint8Array): Promotion {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8")) as Promotion;
}

/** The stored form of a payload: one line of JSON (form and authorship), then the bytes. */
export function encodePayloadRecord(payload: Payload, authorship: Authorship): Buffer {
  const head = JSON.stringify({ form: payload.form, ...authorship });
  return Buffer.concat([Buffer.from(`${head}\n`, "utf8"), payload.bytes]);
}

/** The bytes of a stored payload. Raises `corrupt`, naming the key. */
export function decodePayloadBytes(key: string, value: Uint8Array): Buffer {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const first = bytes.indexOf(newline);
  if (first < 0) throw new StrongroomError("corrupt", `record ${key} must begin with a line`);
  return bytes.subarray(first + 1);
}

/** Who stored a payload, and when. Raises `corrupt`, naming the key. */
export function decodePayloadAuthorship(key: string, value: Uint8Array): Authorship {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const first = bytes.indexOf(newline);
  if (first < 0) throw new StrongroomError("corrupt", `record ${key} must begin with a line`);
  // Written by encodePayloadRecord and authenticated by the transformer.
  return JSON.parse(bytes.toString("utf8", 0, first)) as Authorship;
}
