/**
 * A kind whose objects are stored as those of another kind (an Event of
 * events.k8s.io/v1 as one of core/v1): one record, read and written by both.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import type { Kind } from "../kinds/kind.ts";
import { withResourceVersion } from "../response/encode-object.ts";
import { metadataOf } from "../validation/object-fields.ts";
import { canonicalObject } from "./canonical-order.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "./kind-storage.ts";

type Conversion = NonNullable<Kind["storedAs"]>;

/** The storage of `kind` over that of the kind it is stored as. */
export function convertedStorage(inner: KindStorage, kind: Kind, conversion: Conversion): KindStorage {
  const converter = new Converter(kind, conversion);
  return {
    prefix: (namespace) => inner.prefix(namespace),
    async get(namespace, name) {
      const found = await inner.get(namespace, name);
      return found === undefined ? undefined : converter.object(found);
    },
    async list(position) {
      const page = await inner.list(position);
      return { ...page, objects: page.objects.map((object) => converter.object(object)) };
    },
    count: (namespace, after, revision) => inner.count(namespace, after, revision),
    create: async (tree, writer) => converter.object(await inner.create(conversion.toStored(tree), writer)),
    async replace(previous, tree, writer) {
      const stored = innerOf(previous);
      const replaced = await inner.replace(stored, conversion.toStored(tree), writer);
      return replaced === stored ? previous : converter.object(replaced);
    },
    delete: (previous, writer) => inner.delete(innerOf(previous), writer),
    watch: (namespace, from, name) => new ConvertedWatcher(inner.watch(namespace, from, name), converter),
    currentRevision: () => inner.currentRevision(),
  };
}

class ConvertedObject implements StoredObject {
  readonly inner: StoredObject;
  readonly #converter: Converter;
  #header: JsonObject | undefined;

  constructor(inner: StoredObject, converter: Converter) {
    this.inner = inner;
    this.#converter = converter;
  }

  get namespace(): string {
    return this.inner.namespace;
  }

  get name(): string {
    return this.inner.name;
  }

  get revision() {
    return this.inner.revision;
  }

  get sizeBytes(): number {
    return this.inner.sizeBytes;
  }

  itemJson(): Buffer {
    return Buffer.from(writeJson(this.tree()), "utf8");
  }

  tree(): JsonObject {
    const tree = this.#converter.tree(this.inner.tree());
    tree["metadata"] = withResourceVersion(metadataOf(tree), String(this.revision));
    return tree;
  }

  metadata(): JsonObject {
    return this.inner.metadata();
  }

  header(): JsonObject {
    this.#header ??= this.#converter.tree(this.inner.header());
    return this.#header;
  }

  disclosure() {
    return this.inner.disclosure();
  }

  at(revision: StoredObject["revision"]): StoredObject {
    return new ConvertedObject(this.inner.at(revision), this.#converter);
  }
}

function innerOf(object: StoredObject): StoredObject {
  if (!(object instanceof ConvertedObject))
    throw new TypeError("an object must have been read from the storage of its kind");
  return object.inner;
}

class Converter {
  readonly #kind: Kind;
  readonly #conversion: Conversion;
  /** Events by those they are made of: encodings are cached by their identity. */
  readonly #events = new WeakMap<ObjectEvent, ObjectEvent>();

  constructor(kind: Kind, conversion: Conversion) {
    this.#kind = kind;
    this.#conversion = conversion;
  }

  object(inner: StoredObject): ConvertedObject {
    return new ConvertedObject(inner, this);
  }

  tree(stored: JsonObject): JsonObject {
    const converted = canonicalObject(this.#kind.schema, this.#conversion.fromStored(stored));
    if (!isJsonObject(converted["metadata"])) converted["metadata"] = jsonObject();
    return converted;
  }

  event(inner: ObjectEvent): ObjectEvent {
    const known = this.#events.get(inner);
    if (known !== undefined) return known;
    const event: ObjectEvent = {
      type: inner.type,
      revision: inner.revision,
      existed: inner.existed,
      object: inner.object === undefined ? undefined : this.object(inner.object),
      previous: async () => {
        const previous = await inner.previous();
        return previous === undefined ? undefined : this.object(previous);
      },
    };
    this.#events.set(inner, event);
    return event;
  }
}

class ConvertedWatcher implements ObjectWatcher {
  readonly #inner: ObjectWatcher;
  readonly #converter: Converter;

  constructor(inner: ObjectWatcher, converter: Converter) {
    this.#inner = inner;
    this.#converter = converter;
  }

  async next() {
    const batch = await this.#inner.next();
    if (batch === undefined) return undefined;
    return { events: batch.events.map((event) => this.#converter.event(event)), revision: batch.revision };
  }

  requestProgress(): void {
    this.#inner.requestProgress();
  }

  close(): void {
    this.#inner.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
