/**
 * The one place where secrets are written and read, for every door.
 *
 * Invariants:
 * - every write of values stores a payload and a promotion, atomically with the
 *   current record; a write that leaves the values alone makes no version;
 * - a payload is written once, under a random id, and never changed;
 * - every write compares the revision it was based on, so nothing is lost to a race;
 * - a create compares the namespace's revision, so nothing is created in a
 *   namespace that is gone or going;
 * - what the garbage collector has to know of a secret's owners and dependents is
 *   written with it.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Revision } from "../../store/revision.ts";
import type { Compare, Operation, Store } from "../../store/store.ts";
import { NamespaceUnavailableError, requireActiveNamespace } from "../namespaces/namespace-facts.ts";
import type { NamespaceFacts } from "../namespaces/namespace-facts.ts";
import { creationOperations, deleteIndexed, replacementOperations } from "../owners/owner-index-writes.ts";
import type { ObjectIdentity } from "../owners/owner-index-writes.ts";
import { objectKey, objectPrefix, payloadKey, trashKey } from "../registry-keys.ts";
import { findUnreadable, removeUnreadable } from "../unreadable-objects.ts";
import type { UnreadableRecord } from "../unreadable-objects.ts";
import {
  completeSecret,
  encodeCurrentRecord,
  encodePayloadRecord,
  keepsVersions,
  objectUidOf,
  promotionOperations,
  samePayload,
} from "./canonical-secret.ts";
import type { Authorship, Promotion, Secret, SecretBook, SecretState } from "./canonical-secret.ts";
import type { ObjectRange } from "../object-range.ts";
import { collectedLinks, withCluster } from "./secret-of-cluster.ts";
import { RecentSecrets } from "./recent-secrets.ts";
import { SecretReader } from "./secret-reader.ts";
import type { SecretPage } from "./secret-reader.ts";
import type { SecretVersion } from "./secret-history.ts";
import { encodeTrashRecord } from "./secret-trash.ts";
import type { DeletedSecret } from "./secret-trash.ts";
import { SecretWatcher, allEvents } from "./secret-watcher.ts";
import { NamespaceUsage, pruneVersions } from "./version-retention.ts";
import type { VersionLimits } from "./version-retention.ts";

const resource = "secrets";

/** How often a create is tried again when its namespace changes under it. */
const namespaceRetriesMax = 5;

export interface SecretsOptions {
  readonly store: Store;
  readonly namespaces: NamespaceFacts;
  readonly limits: VersionLimits;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Buffer;
  /** Told when so many versions of a secret went for their bytes that the limits of number and age would have kept. */
  readonly onCutShort?: ((secret: ObjectIdentity, versions: number) => void) | undefined;
}

/** Who writes, through which door. */
export interface Writer {
  readonly author: string;
  readonly door: string;
  readonly linkedFrom?: SecretBook["linkedFrom"];
}

export class Secrets {
  readonly #store: Store;
  readonly #namespaces: NamespaceFacts;
  readonly #limits: VersionLimits;
  readonly #now: () => Date;
  readonly #randomBytes: (size: number) => Buffer;
  readonly #usage: NamespaceUsage;
  readonly #reader: SecretReader;
  readonly #recent = new RecentSecrets();
  readonly #onCutShort: NonNullable<SecretsOptions["onCutShort"]>;

  constructor(options: SecretsOptions) {
    this.#store = options.store;
    this.#namespaces = options.namespaces;
    this.#limits = options.limits;
    this.#now = options.now;
    this.#randomBytes = options.randomBytes;
    this.#usage = new NamespaceUsage(options.store);
    this.#reader = new SecretReader(options.store);
    this.#onCutShort = options.onCutShort ?? (() => {});
  }

  /** The secret with its current payload, or undefined. */
  async get(namespace: string, name: string): Promise<Secret | undefined> {
    const key = objectKey(resource, namespace, name);
    const recent = this.#recent.get(key);
    if (recent !== undefined && (await this.#hasRevision(key, recent.revision))) return recent;
    this.#recent.delete(key);
    const record = await this.#store.get(key);
    if (record === undefined) return undefined;
    const secret = await this.#reader.materialise(record);
    this.#recent.set(key, secret);
    return secret;
  }

  async #hasRevision(key: string, revision: Revision): Promise<boolean> {
    const record = await this.#store.get(key, { keysOnly: true });
    return record?.modRevision === revision;
  }

  /** See unreadable-objects.ts. */
  findUnreadable(namespace: string, name: string): Promise<UnreadableRecord | undefined> {
    return findUnreadable(this.#store, objectKey(resource, namespace, name), () => this.get(namespace, name));
  }

  /** See unreadable-objects.ts. The versions of the secret stay, until its namespace goes. */
  removeUnreadable(record: UnreadableRecord): Promise<Revision> {
    return removeUnreadable(this.#store, record);
  }

  /** See {@link SecretReader.list}. */
  list(position: ObjectRange): Promise<SecretPage> {
    return this.#reader.list(position);
  }

  /** See {@link SecretReader.listUnversioned}. */
  listUnversioned(position: ObjectRange): Promise<SecretPage> {
    return this.#reader.listUnversioned(position);
  }

  /** How many secrets follow `after` in a namespace (or all), at a revision. */
  count(namespace: string, after: string | undefined, revision: Revision | undefined): Promise<number> {
    return this.#store.count(objectPrefix(resource, namespace), { after, revision });
  }

  /**
   * Creates a secret. Raises `already-exists`, NamespaceUnavailableError, and
   * `conflict` when its namespace keeps changing.
   */
  async create(state: SecretState, writer: Writer): Promise<Secret> {
    for (let attempt = 0; attempt < namespaceRetriesMax; attempt++) {
      const namespace = await requireActiveNamespace(this.#namespaces, state.namespace);
      const key = objectKey(resource, state.namespace, state.name);
      const write = this.#newVersion({ namespaceUid: namespace.uid, uid: state.uid }, undefined, state, writer);
      const result = await this.#commit(write, {
        compares: [{ key, target: "mod-revision", relation: "=", value: 0 }, ...namespace.holdsWhile],
        elses: [{ type: "get", key }],
      });
      if (result.succeeded) {
        this.#usage.add(namespace.uid, write.book.payloadBytes, result.revision);
        return completeSecret(state, write.book, result.revision);
      }
      if (result.results[0]?.record !== undefined) throw new StrongroomError("already-exists", "name must be free");
      this.#namespaces.refresh(state.namespace);
    }
    throw new StrongroomError("conflict", "the namespace must not change during the write");
  }

  /**
   * Replaces a secret that was read before. A new version is made when the values
   * differ; of `again`, whose values they then must be, the payload is promoted
   * once more. Raises `conflict` when it was changed or deleted since.
   */
  async replace(previous: Secret, state: SecretState, writer: Writer, again?: SecretVersion): Promise<Secret> {
    const key = objectKey(resource, state.namespace, state.name);
    const write: Write = samePayload(previous, state)
      ? { book: withCluster(previous.book, state, writer), operations: [], payload: undefined }
      : await this.#supersede(previous, state, writer, again);
    const result = await this.#commit(
      {
        ...write,
        operations: [
          ...write.operations,
          { type: "put", key, value: encodeCurrentRecord(write.book, state) },
          ...replacementOperations(
            identityOf(state),
            collectedLinks(previous.book, previous.metadata),
            collectedLinks(write.book, state.metadata),
          ),
        ],
      },
      { compares: [{ key, target: "mod-revision", relation: "=", value: previous.revision }], elses: [] },
    );
    if (!result.succeeded) throw new StrongroomError("conflict", "the secret must not have changed since it was read");
    const bytes = write.book.versionsBytes - previous.book.versionsBytes;
    this.#usage.add(write.book.namespaceUid, bytes, result.revision);
    if (write.cutShort !== undefined) this.#onCutShort(identityOf(state), write.cutShort);
    const secret = completeSecret(state, write.book, result.revision, previous);
    // What is written again and again is read each time before.
    this.#recent.set(key, secret);
    return secret;
  }

  /**
   * Deletes a secret that was read before: the name is free at once, its last
   * state goes to the trash and its versions stay until they are purged. Secrets
   * that keep no versions are gone. Raises `conflict` as {@link replace}.
   */
  async delete(previous: Secret, writer: Writer): Promise<Revision> {
    const key = objectKey(resource, previous.namespace, previous.name);
    const thens: Operation[] = [{ type: "delete", key }];
    if (previous.book.promotion !== undefined) {
      thens.push({
        type: "put",
        key: trashKey(previous.book),
        value: encodeTrashRecord(previous, this.#authorship(writer)),
      });
    }
    const identity = identityOf({ ...previous, uid: objectUidOf(previous.book) });
    const result = await deleteIndexed(this.#store, identity, collectedLinks(previous.book, previous.metadata), {
      compares: [{ key, target: "mod-revision", relation: "=", value: previous.revision }],
      thens,
    });
    if (!result.succeeded) throw new StrongroomError("conflict", "the secret must not have changed since it was read");
    return result.revision;
  }

  /**
   * Brings a deleted secret back with its versions; `state` has its last values and a uid of its own. Raises
   * `already-exists`, `conflict` when it is no longer in the trash, NamespaceUnavailableError, also when the namespace is
   * another one of that name.
   */
  async restore(deleted: DeletedSecret, state: SecretState, writer: Writer): Promise<Secret> {
    const key = objectKey(resource, state.namespace, state.name);
    const trash = trashKey(deleted.book);
    for (let attempt = 0; attempt < namespaceRetriesMax; attempt++) {
      const namespace = await requireActiveNamespace(this.#namespaces, state.namespace);
      if (namespace.uid !== deleted.book.namespaceUid) throw new NamespaceUnavailableError(state.namespace, "missing");
      const book: SecretBook = {
        ...deleted.book,
        adoptedAt: undefined,
        objectUid: state.uid,
        sharesPayloads: true,
        promotion: this.#repeated(deleted.book, deleted.promotion, writer),
      };
      const result = await this.#store.txn({
        compares: [
          { key, target: "mod-revision", relation: "=", value: 0 },
          { key: trash, target: "mod-revision", relation: "=", value: deleted.revision },
          ...namespace.holdsWhile,
        ],
        thens: [
          ...promotionOperations(book),
          { type: "put", key, value: encodeCurrentRecord(book, state) },
          { type: "delete", key: trash },
          ...creationOperations(identityOf(state), collectedLinks(book, state.metadata)),
        ],
        elses: [
          { type: "get", key },
          { type: "get", key: trash },
        ],
      });
      if (result.succeeded) return completeSecret(state, book, result.revision);
      const [taken, kept] = result.results;
      if (taken?.record !== undefined) throw new StrongroomError("already-exists", "name must be free");
      if (kept?.record?.modRevision !== deleted.revision) {
        throw new StrongroomError("conflict", "the secret must still be in the trash");
      }
      this.#namespaces.refresh(state.namespace);
    }
    throw new StrongroomError("conflict", "the namespace must not change during the write");
  }

  /**
   * Follows the secrets of a namespace (or all) from a revision on (inclusive), or
   * from now. With a name, only keys that begin with it: the caller still checks.
   */
  watch(namespace: string, from: Revision | undefined, name = "", keeps = allEvents): SecretWatcher {
    const watcher = this.#store.watch(`${objectPrefix(resource, namespace)}${name}`, { from });
    return new SecretWatcher(watcher, this.#reader, keeps);
  }

  /** To be called after payloads of a namespace were removed in other ways than by a write; for `sweepSecrets`. */
  recountUsage(namespaceUid: string): Promise<void> {
    return this.#usage.recount(namespaceUid);
  }

  /** The store's newest revision. */
  currentRevision(): Promise<Revision> {
    return this.#store.currentRevision();
  }

  async #supersede(previous: Secret, state: SecretState, writer: Writer, again?: SecretVersion): Promise<Write> {
    const fresh = this.#newVersion(previous.book, previous.book, state, writer);
    if (fresh.book.promotion === undefined) return { ...fresh, operations: [] };
    const write = again === undefined ? fresh : this.#promoteAgain(previous, state, again, writer);
    const pruned = await pruneVersions({
      store: this.#store,
      book: write.book,
      limits: this.#limits,
      namespaceFull: this.#usage.exceeds(previous.book.namespaceUid, this.#limits.namespaceBytesMax),
      now: this.#now(),
    });
    const book = { ...write.book, versionsBytes: pruned.versionsBytes };
    const operations = [...promotionOperations(book), ...pruned.operations];
    return { ...write, book, operations, ...(pruned.cutShort > 0 && { cutShort: pruned.cutShort }) };
  }

  /** The records of a promotion that repeats an earlier one: no value is copied. */
  #promoteAgain(previous: Secret, state: SecretState, again: SecretVersion, writer: Writer): Write {
    const isSame = previous.book.uid === again.identity.uid && state.payload.bytes.equals(again.payload.bytes);
    if (!isSame) throw new TypeError("the state must have the values of the version that is promoted again");
    const book: SecretBook = {
      ...previous.book,
      adoptedAt: undefined,
      type: state.type,
      form: again.payload.form,
      payloadBytes: again.payload.bytes.length,
      sharesPayloads: true,
      promotion: this.#repeated(previous.book, again.promotion, writer),
    };
    return { book, operations: promotionOperations(book), payload: undefined };
  }

  #repeated(book: SecretBook, again: Promotion, writer: Writer): Promotion {
    return {
      number: (book.promotion?.number ?? 0) + 1,
      id: this.#randomBytes(16).toString("hex"),
      payload: again.payload,
      ...(again.bytes !== undefined && { bytes: again.bytes }),
      again: again.number,
      ...this.#authorship(writer),
    };
  }

  /** The records of a new version; for a create, the current record too. */
  #newVersion(
    identity: { readonly namespaceUid: string; readonly uid: string },
    previous: SecretBook | undefined,
    state: SecretState,
    writer: Writer,
  ): Write {
    const versioned = keepsVersions(state.type) && writer.linkedFrom === undefined;
    const authorship = this.#authorship(writer);
    const book: SecretBook = {
      ...(previous?.objectUid !== undefined && { objectUid: previous.objectUid }),
      ...(previous?.sharesPayloads === true && { sharesPayloads: true }),
      namespaceUid: identity.namespaceUid,
      uid: identity.uid,
      type: state.type,
      form: state.payload.form,
      payloadBytes: state.payload.bytes.length,
      promotion: versioned
        ? {
            number: (previous?.promotion?.number ?? 0) + 1,
            id: this.#randomBytes(16).toString("hex"),
            payload: this.#randomBytes(16).toString("hex"),
            bytes: state.payload.bytes.length,
            ...authorship,
          }
        : undefined,
      versionsBytes: versioned ? (previous?.versionsBytes ?? 0) + state.payload.bytes.length : 0,
      cluster: state.cluster ?? previous?.cluster,
      adoptedAt: state.adoptedAt,
      linkedFrom: writer.linkedFrom,
    };
    const operations: Operation[] = promotionOperations(book);
    if (previous === undefined) {
      const key = objectKey(resource, state.namespace, state.name);
      operations.push({ type: "put", key, value: encodeCurrentRecord(book, state) });
      operations.push(...creationOperations(identityOf(state), collectedLinks(book, state.metadata)));
    }
    const payload =
      book.promotion === undefined
        ? undefined
        : { key: payloadKey(book, book.promotion.payload), value: encodePayloadRecord(state.payload, authorship) };
    return { book, operations, payload };
  }

  /**
   * Commits a version: payload and the rest in one transaction, or - where the
   * engine's transactions are too small - the payload first and then the small
   * transaction that makes it current. A payload whose second step failed is an
   * orphan; the sweep removes it.
   */
  async #commit(write: Write, condition: { readonly compares: Compare[]; readonly elses: Operation[] }) {
    const thens = [...write.operations];
    if (write.payload !== undefined) {
      const put: Operation = { type: "put", ...write.payload };
      if (write.payload.value.length + smallTransactionBytes > this.#store.limits.transactionBytesMax) {
        await this.#store.txn({ compares: [], thens: [put] });
      } else {
        thens.unshift(put);
      }
    }
    return this.#store.txn({ compares: condition.compares, thens, elses: condition.elses });
  }

  #authorship(writer: Writer): Authorship {
    return { author: writer.author, door: writer.door, time: this.#now().toISOString() };
  }
}

/** Room for the records beside a payload (metadata is at most 256 KiB of annotations and as much again of the rest). */
const smallTransactionBytes = 1024 * 1024;

interface Write {
  readonly book: SecretBook;
  readonly operations: readonly Operation[];
  readonly payload: { readonly key: string; readonly value: Buffer } | undefined;
  /** Versions that go before their time. */
  readonly cutShort?: number | undefined;
}

function identityOf({ namespace, name, uid }: Pick<SecretState, "namespace" | "name" | "uid">): ObjectIdentity {
  return { group: "", resource, namespace, name, uid };
}
