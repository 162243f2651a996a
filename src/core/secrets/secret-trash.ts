/**
 * Deleted secrets. The name is free; the last state and all versions stay until they are purged, by somebody or by their
 * age.
 *
 * A purge first marks the record, so that from then on nobody restores what is being removed; payloads and promotions
 * follow, the record comes last. What a crash interrupts, the sweep takes up.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Revision } from "../../store/revision.ts";
import type { Operation, Store, StoredRecord } from "../../store/store.ts";
import type { NamespaceFacts } from "../namespaces/namespace-facts.ts";
import { payloadKey, payloadPrefix, promotionPrefix, trashKey, trashPrefix } from "../registry-keys.ts";
import type { SecretIdentity } from "../registry-keys.ts";
import { decodePayloadBytes } from "./canonical-secret.ts";
import type { Authorship, Payload, Promotion, Secret, SecretBook } from "./canonical-secret.ts";

export interface DeletedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly deleted: Authorship;
  readonly book: SecretBook;
  /** The last one. */
  readonly promotion: Promotion;
  readonly metadata: Buffer;
  readonly rest: Buffer;
  readonly revision: Revision;
}

interface TrashHead {
  readonly namespace: string;
  readonly name: string;
  readonly deleted: Authorship;
  readonly book: SecretBook;
  /** It is being removed for good. */
  readonly purging?: true;
}

/** The trash keeps the current record as it was, behind a line that says who deleted it, where and when. */
export function encodeTrashRecord(previous: Secret, deleted: Authorship): Buffer {
  const head: TrashHead = { namespace: previous.namespace, name: previous.name, deleted, book: previous.book };
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(head)}\n`, "utf8"),
    previous.metadata,
    Buffer.from("\n", "utf8"),
    previous.rest,
    Buffer.from("\n", "utf8"),
  ]);
}

/** When a secret was deleted, and whether somebody is removing it. */
export function decodeTrashHead(key: string, value: Uint8Array): TrashHead {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const first = bytes.indexOf(10);
  if (first < 0) throw new StrongroomError("corrupt", `record ${key} must begin with a line`);
  // Written by encodeTrashRecord and authenticated by the transformer.
  return JSON.parse(bytes.toString("utf8", 0, first)) as TrashHead;
}

/** Undefined for what is being purged. */
function decodeTrashRecord({ key, value, modRevision }: StoredRecord): DeletedSecret | undefined {
  const { namespace, name, deleted, book, purging } = decodeTrashHead(key, value);
  if (purging === true || book.promotion === undefined) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const first = bytes.indexOf(10);
  const second = bytes.indexOf(10, first + 1);
  const [metadata, rest] = [bytes.subarray(first + 1, second), bytes.subarray(second + 1, -1)];
  return { namespace, name, deleted, book, promotion: book.promotion, metadata, rest, revision: modRevision };
}

export interface TrashPage {
  readonly secrets: readonly DeletedSecret[];
  readonly revision: Revision;
  /** To continue after, when more may follow. */
  readonly last: DeletedSecret | undefined;
}

export class SecretTrash {
  readonly #store: Store;
  readonly #namespaces: NamespaceFacts;
  readonly #freed: (namespaceUid: string) => Promise<void>;

  /** `freed` is told of each namespace in which payloads were removed. */
  constructor(options: {
    readonly store: Store;
    readonly namespaces: NamespaceFacts;
    readonly freed: (namespaceUid: string) => Promise<void>;
  }) {
    this.#store = options.store;
    this.#namespaces = options.namespaces;
    this.#freed = options.freed;
  }

  /** By the uid that its records are kept under; undefined when it is not in the trash of the namespace as it is now. */
  async get(namespace: string, uid: string): Promise<DeletedSecret | undefined> {
    const namespaceUid = await this.#uidOf(namespace);
    if (namespaceUid === undefined) return undefined;
    const record = await this.#store.get(trashKey({ namespaceUid, uid }));
    return record && decodeTrashRecord(record);
  }

  /** The last values. Raises `corrupt` when they are missing. */
  async payload({ book, promotion }: DeletedSecret): Promise<Payload> {
    const key = payloadKey(book, promotion.payload);
    const stored = await this.#store.get(key);
    if (stored === undefined) throw new StrongroomError("corrupt", `payload ${key} must exist`);
    return { form: book.form, bytes: decodePayloadBytes(key, stored.value) };
  }

  /**
   * A page of the trash at one revision: of a namespace or of all ("") that are there now. Raises `compacted`, also when
   * the namespace of `after` is gone.
   */
  async list(range: {
    readonly namespace: string;
    readonly after: { readonly namespace: string; readonly uid: string } | undefined;
    readonly limit: number;
    readonly revision: Revision | undefined;
  }): Promise<TrashPage> {
    const within = range.namespace === "" ? undefined : await this.#uidOf(range.namespace);
    if (range.namespace !== "" && within === undefined) return this.#nothing(range.revision);
    let after: string | undefined;
    if (range.after !== undefined) {
      const namespaceUid = await this.#uidOf(range.after.namespace);
      if (namespaceUid === undefined) throw new StrongroomError("compacted", "the namespace must still be there");
      after = trashKey({ namespaceUid, uid: range.after.uid });
    }
    for (let { revision } = range; ;) {
      const page = await this.#store.range(trashPrefix(within), { after, limit: range.limit, revision });
      ({ revision } = page);
      const secrets = await this.#visible(page.records);
      // What is hidden fills no page.
      if (secrets.length > 0 || !page.more) return { secrets, revision, last: page.more ? secrets.at(-1) : undefined };
      after = page.records.at(-1)?.key;
    }
  }

  /** Without what is being purged, and what was in namespaces that are gone. */
  async #visible(records: readonly StoredRecord[]): Promise<DeletedSecret[]> {
    const secrets: DeletedSecret[] = [];
    for (const record of records) {
      const found = decodeTrashRecord(record);
      if (found !== undefined && (await this.#uidOf(found.namespace)) === found.book.namespaceUid) secrets.push(found);
    }
    return secrets;
  }

  /** Removes a deleted secret and all its versions for good. Raises `conflict` when it is no longer in the trash. */
  async purge({ book, revision }: DeletedSecret): Promise<Revision> {
    const removed = await purgeDeleted(this.#store, book, revision);
    if (removed === undefined) throw new StrongroomError("conflict", "the secret must still be in the trash");
    await this.#freed(book.namespaceUid);
    return removed;
  }

  async #nothing(revision: Revision | undefined): Promise<TrashPage> {
    return { secrets: [], revision: revision ?? (await this.#store.currentRevision()), last: undefined };
  }

  async #uidOf(namespace: string): Promise<string | undefined> {
    return (await this.#namespaces.namespace(namespace))?.uid;
  }
}

/** Records that are removed in one transaction. */
const removedPerStep = 64;

/**
 * Removes what the trash record at `revision` stands for; resolves to the revision of its end, or to undefined when the
 * record is no longer the same. Raises the signal's reason between two steps.
 */
export async function purgeDeleted(
  store: Store,
  identity: SecretIdentity,
  revision: Revision,
  signal?: AbortSignal,
): Promise<Revision | undefined> {
  const key = trashKey(identity);
  const record = await store.get(key);
  if (record?.modRevision !== revision) return undefined;
  signal?.throwIfAborted();
  const marked = await store.txn({
    compares: [{ key, target: "mod-revision", relation: "=", value: revision }],
    thens: [{ type: "put", key, value: markedRecord(record) }],
  });
  if (!marked.succeeded) return undefined;
  for (const prefix of [promotionPrefix(identity), payloadPrefix(identity)]) await removeAll(store, prefix, signal);
  signal?.throwIfAborted();
  return (await store.txn({ compares: [], thens: [{ type: "delete", key }] })).revision;
}

function markedRecord({ key, value }: StoredRecord): Buffer {
  const head: TrashHead = { ...decodeTrashHead(key, value), purging: true };
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.concat([Buffer.from(JSON.stringify(head), "utf8"), bytes.subarray(bytes.indexOf(10))]);
}

async function removeAll(store: Store, prefix: string, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const { records } = await store.range(prefix, { keysOnly: true, limit: removedPerStep });
    if (records.length === 0) return;
    signal?.throwIfAborted();
    const thens = records.map(({ key }): Operation => ({ type: "delete", key }));
    await store.txn({ compares: [], thens });
  }
}
