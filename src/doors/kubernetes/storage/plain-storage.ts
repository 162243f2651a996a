/**
 * Kinds that are kept as the objects they are, in the forms that Kubernetes
 * itself can read from etcd (record-form.ts).
 */
import type { Disclosure } from "../../../audit/audit-event.ts";
import { requireActiveNamespace } from "../../../core/namespaces/namespace-facts.ts";
import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import { rangeOfObjects } from "../../../core/object-range.ts";
import { findUnreadable, removeUnreadable } from "../../../core/unreadable-objects.ts";
import { linksOf, mayHaveLinks, noLinks } from "../../../core/owners/object-links.ts";
import type { ObjectLinks } from "../../../core/owners/object-links.ts";
import { creationOperations, deleteIndexed, replacementOperations } from "../../../core/owners/owner-index-writes.ts";
import type { ObjectIdentity } from "../../../core/owners/owner-index-writes.ts";
import { objectKey, objectPrefix } from "../../../core/registry-keys.ts";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Revision } from "../../../store/revision.ts";
import type {
  Compare,
  Operation,
  Store,
  StoredRecord,
  StoreEvent,
  Transaction,
  TransactionResult,
  TtlLeaseId,
  Watcher,
} from "../../../store/store.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { parseStoredJson } from "../codec/json-parser.ts";
import { writeJson } from "../codec/json-writer.ts";
import type { Kind } from "../kinds/kind.ts";
import { canonicalObject } from "./canonical-order.ts";
import { RecordForm } from "./record-form.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "./kind-storage.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { SharedTtlLease } from "./shared-ttl-lease.ts";
import { withoutResourceVersion } from "./resource-version.ts";

class PlainObject implements StoredObject {
  readonly namespace: string;
  readonly name: string;
  readonly revision: Revision;
  readonly bytes: Buffer;
  /** Length of `{"kind":...,"apiVersion":...,"metadata":{`, the same for all objects of a kind. */
  readonly #headBytes: number;
  #header: JsonObject | undefined;

  constructor(stored: { namespace: string; name: string; revision: Revision; bytes: Buffer; headBytes: number }) {
    this.namespace = stored.namespace;
    this.name = stored.name;
    this.revision = stored.revision;
    this.bytes = stored.bytes;
    this.#headBytes = stored.headBytes;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  itemJson(): Buffer {
    const head = Buffer.from(`{"metadata":{"resourceVersion":"${this.revision}",`);
    return Buffer.concat([head, this.bytes.subarray(this.#headBytes)]);
  }

  tree(): JsonObject {
    const value = parseStoredJson(this.itemJson());
    return isJsonObject(value) ? value : jsonObject();
  }

  metadata(): JsonObject {
    return metadataOf(this.header());
  }

  /** What the owner index knows of this state; parses nothing when there is nothing. */
  links(): ObjectLinks {
    return mayHaveLinks(this.bytes) ? linksOf(this.metadata()) : noLinks;
  }

  header(): JsonObject {
    if (this.#header === undefined) {
      const value = parseStoredJson(this.bytes);
      this.#header = isJsonObject(value) ? value : jsonObject();
    }
    return this.#header;
  }

  disclosure(): Disclosure {
    const uid = stringField(this.metadata(), "uid");
    return { namespace: this.namespace, name: this.name, uid, resourceVersion: String(this.revision) };
  }

  at(revision: Revision): StoredObject {
    const { namespace, name, bytes } = this;
    return new PlainObject({ namespace, name, bytes, revision, headBytes: this.#headBytes });
  }
}

/** How often a create is tried again when its namespace changes under it. */
const namespaceRetriesMax = 5;

/** The storage of a kind whose objects are not secret values. `namespaces` are those of the same store. */
export function plainStorage(store: Store, kind: Kind, namespaces: NamespaceFacts): KindStorage {
  const codec = new PlainCodec(kind);
  const writer = new PlainWriter(store, codec, kind, namespaces);
  const keyOf = (namespace: string, name: string) => objectKey(storedResource(kind), namespace, name);
  return {
    prefix: (namespace) => objectPrefix(storedResource(kind), namespace),
    findUnreadable: (namespace, name) =>
      findUnreadable(store, keyOf(namespace, name), () => store.get(keyOf(namespace, name))),
    removeUnreadable: (record) => removeUnreadable(store, record),
    async get(namespace, name) {
      const record = await store.get(keyOf(namespace, name));
      return record === undefined ? undefined : codec.stored(record);
    },
    async list(position) {
      const range = await rangeOfObjects(store, storedResource(kind), position);
      return {
        objects: range.records.map((record) => codec.stored(record)),
        revision: range.revision,
        continueAfter: range.continueAfter,
      };
    },
    count: (namespace, after, revision) =>
      store.count(objectPrefix(storedResource(kind), namespace), { after, revision }),
    create: (tree) => writer.create(tree),
    async replace(previous, tree) {
      const key = codec.keyOf(tree);
      const bytes = codec.encode(tree);
      const stored = plainObject(previous);
      if (stored.bytes.equals(bytes)) return previous;
      const indexed = replacementOperations(codec.identity(tree), stored.links(), linksOf(metadataOf(tree)));
      const replaced = await writer.put(key, bytes, indexed, { compares: [unchanged(key, previous)] });
      if (!replaced.succeeded) throw new StrongroomError("conflict", "the object must not have changed");
      return codec.object(key, bytes, replaced.revision);
    },
    async delete(previous) {
      const key = keyOf(previous.namespace, previous.name);
      const result = await deleteIndexed(store, codec.identity(previous.header()), plainObject(previous).links(), {
        compares: [unchanged(key, previous)],
        thens: [{ type: "delete", key }],
      });
      if (!result.succeeded) throw new StrongroomError("conflict", "the object must not have changed");
      return result.revision;
    },
    watch: (namespace, from, name = "") =>
      new PlainWatcher(store.watch(`${objectPrefix(storedResource(kind), namespace)}${name}`, { from }), codec),
    currentRevision: () => store.currentRevision(),
  };
}

class PlainWriter {
  readonly #store: Store;
  readonly #codec: PlainCodec;
  /** Undefined for kinds outside of namespaces. */
  readonly #namespaces: NamespaceFacts | undefined;
  /** Undefined for kinds that stay until they are deleted. */
  readonly #ttlLease: SharedTtlLease | undefined;

  constructor(store: Store, codec: PlainCodec, kind: Kind, namespaces: NamespaceFacts) {
    this.#store = store;
    this.#codec = codec;
    this.#namespaces = kind.namespaced ? namespaces : undefined;
    this.#ttlLease = kind.ttlSeconds === undefined ? undefined : new SharedTtlLease(store, kind.ttlSeconds);
  }

  /** Puts the record together with what the owner index has to know of it. */
  put(
    key: string,
    bytes: Buffer,
    indexed: readonly Operation[],
    condition: Pick<Transaction, "compares" | "elses">,
  ): Promise<TransactionResult> {
    const value = this.#codec.form.encode(bytes);
    const write = (ttlLease?: TtlLeaseId) =>
      this.#store.txn({ ...condition, thens: [{ type: "put", key, value, ttlLease }, ...indexed] });
    return this.#ttlLease === undefined ? write() : this.#ttlLease.with(Date.now(), write);
  }

  /** Nothing is created in a namespace that went, or began to go, since it was looked at. */
  async create(tree: JsonObject): Promise<PlainObject> {
    const key = this.#codec.keyOf(tree);
    const bytes = this.#codec.encode(tree);
    const indexed = creationOperations(this.#codec.identity(tree), linksOf(metadataOf(tree)));
    for (let attempt = 0; attempt < namespaceRetriesMax; attempt++) {
      const compares = [isFree(key), ...(await this.#namespaceUnchanged(tree))];
      const result = await this.put(key, bytes, indexed, { compares, elses: [{ type: "get", key }] });
      if (result.succeeded) return this.#codec.object(key, bytes, result.revision);
      if (result.results[0]?.record !== undefined) throw new StrongroomError("already-exists", "name must be free");
      this.#namespaces?.refresh(namespaceOf(tree));
    }
    throw new StrongroomError("conflict", "the namespace must not change during the write");
  }

  async #namespaceUnchanged(tree: JsonObject): Promise<Compare[]> {
    if (this.#namespaces === undefined) return [];
    const fact = await requireActiveNamespace(this.#namespaces, namespaceOf(tree));
    return [...fact.holdsWhile];
  }
}

/** The name under which Kubernetes keeps the kind, where it is not that of the resource. */
function storedResource(kind: Kind): string {
  return kind.storedResource ?? kind.resource;
}

function namespaceOf(tree: JsonObject): string {
  return stringField(metadataOf(tree), "namespace");
}

function isFree(key: string): Compare {
  return { key, target: "mod-revision", relation: "=", value: 0 };
}

function unchanged(key: string, previous: StoredObject): Compare {
  return { key, target: "mod-revision", relation: "=", value: previous.revision };
}

function plainObject(object: StoredObject): PlainObject {
  if (!(object instanceof PlainObject))
    throw new TypeError("an object must have been read from the storage of its kind");
  return object;
}

/** Of these, core reads the records: core/namespaces, core/references. */
const readByCore: ReadonlySet<string> = new Set(["namespaces", "pods"]);

class PlainCodec {
  readonly #kind: Kind;
  readonly #head: string;
  readonly #events = new WeakMap<StoreEvent, ObjectEvent>();
  readonly form: RecordForm;

  constructor(kind: Kind) {
    this.#kind = kind;
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    this.form = new RecordForm({
      name: { kind: kind.kind, apiVersion },
      schema: kind.schema,
      jsonOnly: readByCore.has(kind.resource),
      toJson: (tree) => this.encode(tree),
    });
    this.#head = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
  }

  keyOf(tree: JsonObject): string {
    const metadata = metadataOf(tree);
    return objectKey(storedResource(this.#kind), stringField(metadata, "namespace"), stringField(metadata, "name"));
  }

  identity(tree: JsonObject): ObjectIdentity {
    const [namespace = "", name = "", uid = ""] = ["namespace", "name", "uid"].map((field) =>
      stringField(metadataOf(tree), field),
    );
    return { group: this.#kind.group, resource: this.#kind.resource, namespace, name, uid };
  }

  encode(tree: JsonObject): Buffer {
    const stored = canonicalObject(this.#kind.schema, tree);
    stored["metadata"] = withoutResourceVersion(metadataOf(stored));
    return Buffer.from(this.#head + writeJson(stored).slice(1), "utf8");
  }

  object(key: string, bytes: Buffer, revision: Revision): PlainObject {
    const parts = key.slice(objectPrefix(storedResource(this.#kind), "").length).split("/");
    const [namespace = "", name = ""] = this.#kind.namespaced ? parts : ["", ...parts];
    const headBytes = this.#head.length + '"metadata":{'.length;
    return new PlainObject({ namespace, name, revision, bytes, headBytes });
  }

  stored(record: StoredRecord): PlainObject {
    return this.object(record.key, this.form.decode(record.key, record.value), record.modRevision);
  }

  event(event: StoreEvent): ObjectEvent {
    const known = this.#events.get(event);
    if (known !== undefined) return known;
    const previous = event.previous === undefined ? undefined : this.stored(event.previous);
    const converted: ObjectEvent = {
      type: event.type,
      revision: event.record.modRevision,
      object: event.type === "put" ? this.stored(event.record) : undefined,
      existed: previous !== undefined,
      previous: () => Promise.resolve(previous),
    };
    this.#events.set(event, converted);
    return converted;
  }
}

class PlainWatcher implements ObjectWatcher {
  readonly #watcher: Watcher;
  readonly #codec: PlainCodec;

  constructor(watcher: Watcher, codec: PlainCodec) {
    this.#watcher = watcher;
    this.#codec = codec;
  }

  async next() {
    const batch = await this.#watcher.next();
    if (batch === undefined) return undefined;
    return { events: batch.events.map((event) => this.#codec.event(event)), revision: batch.revision };
  }

  requestProgress(): void {
    this.#watcher.requestProgress();
  }

  close(): void {
    this.#watcher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher[Symbol.asyncDispose]();
  }
}
