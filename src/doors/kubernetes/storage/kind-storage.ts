/**
 * What the verbs need of the storage of one kind. Secrets go through the core's
 * canonical secret; other kinds are kept as the objects they are.
 */
import type { Disclosure } from "../../../audit/audit-event.ts";
import type { ObjectRange } from "../../../core/object-range.ts";
import type { SecretVersion } from "../../../core/secrets/secret-history.ts";
import type { DeletedSecret } from "../../../core/secrets/secret-trash.ts";
import type { Writer } from "../../../core/secrets/secrets.ts";
import type { UnreadableRecord } from "../../../core/unreadable-objects.ts";
import type { Revision } from "../../../store/revision.ts";
import type { JsonObject } from "../codec/json.ts";
import type { ValuePlaces } from "./value-places.ts";

/** One state of an object, ready to be spliced into an answer without being parsed. */
export interface StoredObject {
  readonly namespace: string;
  readonly name: string;
  /** Mod revision; its decimal string is the resourceVersion. */
  readonly revision: Revision;
  /** About how many bytes its JSON has. */
  readonly sizeBytes: number;
  /** The cluster whose API server keeps the object here: its controllers look after it, ours do not. */
  readonly cluster?: string | undefined;
  /** The secret, NAMESPACE/NAME, whose values it has by a link. */
  readonly linkedFrom?: string | undefined;
  /** Compact JSON as an item of a list: resourceVersion included, kind and apiVersion not. */
  itemJson(): Buffer;
  /** A fresh tree with resourceVersion, without kind and apiVersion; the caller may change it. */
  tree(): JsonObject;
  /** The parsed metadata (without resourceVersion), shared: must not be changed. */
  metadata(): JsonObject;
  /** What selectors look at: metadata and the small fields, never the values. Shared. */
  header(): JsonObject;
  /** Which object it is, for the record; without keys (see response/disclosed.ts). */
  disclosure(): Disclosure;
  /** Where its values are. Absent for objects that have none, by their kind or because they are shown without. */
  valuePlaces?(): ValuePlaces | undefined;
  /** The same state with another resourceVersion: what a deletion at that revision shows. */
  at(revision: Revision): StoredObject;
}

export interface ObjectEvent {
  readonly type: "put" | "delete";
  readonly revision: Revision;
  /** State after a put; undefined for a delete. */
  readonly object: StoredObject | undefined;
  /** Whether there was a state before. */
  readonly existed: boolean;
  readonly previous: () => Promise<StoredObject | undefined>;
}

export interface ObjectWatcher extends AsyncDisposable {
  /** As the store's Watcher.next. */
  next(): Promise<{ readonly events: readonly ObjectEvent[]; readonly revision: Revision } | undefined>;
  requestProgress(): void;
  close(): void;
}

export interface ObjectPage {
  readonly objects: readonly StoredObject[];
  readonly revision: Revision;
  /** Storage key to continue after, when more follow. */
  readonly continueAfter: string | undefined;
}

/** A page of objects; of those that tell of secrets, of one secret. */
export interface ObjectPosition extends ObjectRange {
  readonly ofSecret?: string | undefined;
  /** Of kinds whose storage finds what is asked for: what the fields and parameters must be. */
  readonly selected?: Readonly<Record<string, string>> | undefined;
}

/** What the storage of secrets does with versions. */
export interface VersionedStorage {
  /** The number of the current version; undefined for secrets that keep none, and what is not stored. */
  numberOf(object: StoredObject): number | undefined;
  /** A version of an object as it was read; undefined when it is not kept. */
  read(object: StoredObject, number: number): Promise<SecretVersion | undefined>;
  /** Whether a version is one of the object as it was read: else that was made anew since. */
  isOf(object: StoredObject, version: SecretVersion): boolean;
  /** The `data` of a version. */
  dataOf(version: SecretVersion): JsonObject;
  /** As replace, with the payload of a version, whose values the tree must have. */
  promote(previous: StoredObject, tree: JsonObject, version: SecretVersion, writer: Writer): Promise<StoredObject>;
  /** A deleted secret by its namespace and the name of its DeletedSecret; undefined when it is not in the trash. */
  findDeleted(namespace: string, name: string): Promise<DeletedSecret | undefined>;
  /** The tree of a deleted secret as it was. */
  deletedTree(deleted: DeletedSecret): Promise<JsonObject>;
  /** As create, with the versions of a deleted secret. Raises `conflict` too, when it is no longer in the trash. */
  restore(deleted: DeletedSecret, tree: JsonObject, writer: Writer): Promise<StoredObject>;
}

export interface KindStorage {
  /** Storage key prefix of a namespace's objects ("" = all): what continue tokens are relative to. */
  prefix(namespace: string): string;
  get(namespace: string, name: string): Promise<StoredObject | undefined>;
  /** A page may hold fewer than `limit` objects although more follow. */
  list(position: ObjectPosition): Promise<ObjectPage>;
  /** As list, of the objects of which no versions are kept; others are passed over unread. Absent: list does. */
  listUnversioned?(position: ObjectRange): Promise<ObjectPage>;
  count(namespace: string, after: string | undefined, revision: Revision | undefined): Promise<number>;
  /** Raises `already-exists`, NamespaceUnavailableError. */
  create(tree: JsonObject, writer: Writer): Promise<StoredObject>;
  /** Writes nothing, and returns `previous`, when the stored bytes would be the same. Raises `conflict`. */
  replace(previous: StoredObject, tree: JsonObject, writer: Writer): Promise<StoredObject>;
  /** Raises `conflict` when the object changed since it was read. Resolves to the revision of the deletion. */
  delete(previous: StoredObject, writer: Writer): Promise<Revision>;
  /** With a name, the watcher may still deliver other names that begin with it. */
  watch(
    namespace: string,
    from: Revision | undefined,
    name?: string,
    selected?: Readonly<Record<string, string>>,
  ): ObjectWatcher;
  /** As watch, of the objects of which no versions are kept; others are passed over unread. Absent: watch does. */
  watchUnversioned?(from: Revision | undefined): ObjectWatcher;
  currentRevision(): Promise<Revision>;
  /** The record of an object that is stored and cannot be read; undefined otherwise. Absent where nothing can be done about it. */
  findUnreadable?(namespace: string, name: string): Promise<UnreadableRecord | undefined>;
  /** Removes such a record. Raises `conflict` when it changed since. */
  removeUnreadable?(record: UnreadableRecord): Promise<Revision>;
  /** Of the storage of secrets alone. */
  readonly versions?: VersionedStorage;
  /** The same objects with their values, of kinds whose objects have none otherwise. */
  readonly withValues?: KindStorage;
}
