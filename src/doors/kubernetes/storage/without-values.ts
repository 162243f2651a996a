/**
 * Objects as they are shown to whoever may see them but none of their values: each value is empty, and annotations
 * that repeat values are left out. What makes an answer of such an object has no value to give away.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import { withResourceVersion } from "../response/encode-object.ts";
import { metadataOf } from "../validation/object-fields.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "./kind-storage.ts";
import { annotationsWithValues } from "./value-places.ts";

/** A copy of metadata without the annotations that repeat values. */
export function metadataWithoutValues(metadata: Readonly<JsonObject>): JsonObject {
  const copy = jsonObject(Object.entries(metadata).map(([name, value]) => [name, value ?? null]));
  const annotations = metadata["annotations"];
  if (!isJsonObject(annotations)) return copy;
  const repeating: readonly string[] = annotationsWithValues;
  const kept = Object.entries(annotations).filter(([name]) => !repeating.includes(name));
  if (kept.length > 0) copy["annotations"] = jsonObject(kept.map(([name, value]) => [name, value ?? null]));
  else delete copy["annotations"];
  return copy;
}

/** The object without the values of the field `valuesIn`; their keys stay, to be counted. */
export function withoutValues(object: StoredObject, valuesIn: string): StoredObject {
  return new ObjectWithoutValues(object, valuesIn);
}

class ObjectWithoutValues implements StoredObject {
  readonly #object: StoredObject;
  readonly #valuesIn: string;
  #metadata: JsonObject | undefined;

  constructor(object: StoredObject, valuesIn: string) {
    this.#object = object;
    this.#valuesIn = valuesIn;
  }

  get namespace(): string {
    return this.#object.namespace;
  }

  get name(): string {
    return this.#object.name;
  }

  get revision() {
    return this.#object.revision;
  }

  get sizeBytes(): number {
    return this.#object.sizeBytes;
  }

  itemJson(): Buffer {
    return Buffer.from(writeJson(this.tree()), "utf8");
  }

  tree(): JsonObject {
    const tree = this.#object.tree();
    tree["metadata"] = withResourceVersion(metadataWithoutValues(metadataOf(tree)), String(this.revision));
    const values = tree[this.#valuesIn];
    if (isJsonObject(values)) for (const key of Object.keys(values)) values[key] = "";
    return tree;
  }

  metadata(): JsonObject {
    this.#metadata ??= metadataWithoutValues(this.#object.metadata());
    return this.#metadata;
  }

  header(): JsonObject {
    const header = jsonObject(Object.entries(this.#object.header()).map(([name, value]) => [name, value ?? null]));
    header["metadata"] = this.metadata();
    return header;
  }

  disclosure() {
    return this.#object.disclosure();
  }

  at(revision: StoredObject["revision"]): StoredObject {
    return new ObjectWithoutValues(this.#object.at(revision), this.#valuesIn);
  }
}

/** A storage to read from, of objects without values. */
export function storageWithoutValues(storage: KindStorage, valuesIn: string): KindStorage {
  const refuse = () => Promise.reject(new TypeError("what has no values must not be written"));
  return {
    prefix: (namespace) => storage.prefix(namespace),
    async get(namespace, name) {
      const found = await storage.get(namespace, name);
      return found === undefined ? undefined : withoutValues(found, valuesIn);
    },
    async list(position) {
      const page = await storage.list(position);
      return { ...page, objects: page.objects.map((object) => withoutValues(object, valuesIn)) };
    },
    count: (namespace, after, revision) => storage.count(namespace, after, revision),
    create: refuse,
    replace: refuse,
    delete: refuse,
    watch: (namespace, from, name) => new WatcherWithoutValues(storage.watch(namespace, from, name), valuesIn),
    currentRevision: () => storage.currentRevision(),
  };
}

/** Events by those they are made of: all watches without values share them, and with them their encodings. */
const eventsWithoutValues = new WeakMap<ObjectEvent, ObjectEvent>();

class WatcherWithoutValues implements ObjectWatcher {
  readonly #watcher: ObjectWatcher;
  readonly #valuesIn: string;

  constructor(watcher: ObjectWatcher, valuesIn: string) {
    this.#watcher = watcher;
    this.#valuesIn = valuesIn;
  }

  async next() {
    const batch = await this.#watcher.next();
    if (batch === undefined) return undefined;
    return { events: batch.events.map((event) => this.#event(event)), revision: batch.revision };
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

  #event(event: ObjectEvent): ObjectEvent {
    const known = eventsWithoutValues.get(event);
    if (known !== undefined) return known;
    const { object } = event;
    const made: ObjectEvent = {
      type: event.type,
      revision: event.revision,
      existed: event.existed,
      object: object === undefined ? undefined : withoutValues(object, this.#valuesIn),
      previous: async () => {
        const previous = await event.previous();
        return previous === undefined ? undefined : withoutValues(previous, this.#valuesIn);
      },
    };
    eventsWithoutValues.set(event, made);
    return made;
  }
}
