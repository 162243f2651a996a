/** A storage to read from that has only the objects which are visible to somebody. */
import { objectPageBytesMax } from "../../../core/object-range.ts";
import type { ObjectRange } from "../../../core/object-range.ts";
import type { Revision } from "../../../store/revision.ts";
import { RightsChangedError } from "../../../gate/open-streams.ts";
import { labelsOf } from "../access/policy-objects.ts";
import type { VisibleObjects } from "../access/visible-objects.ts";
import type { KindStorage, ObjectEvent, ObjectPage, ObjectWatcher, StoredObject } from "./kind-storage.ts";

/** Objects that are looked for between two turns of the event loop. */
const lookupsPerTurn = 64;

/** Objects read at a time, at least. */
const readRecordsMin = 100;

/**
 * The storage without what is hidden. Pages have visible objects only, and what follows them is another visible one:
 * neither what is in a page nor where it ends depends on what is hidden.
 */
export function visibleStorage(storage: KindStorage, visible: VisibleObjects): KindStorage {
  const refuse = () => Promise.reject(new TypeError("what is filtered must only be listed and watched"));
  const reader = new VisibleReader(storage, visible);
  return {
    prefix: (namespace) => storage.prefix(namespace),
    get: refuse,
    list: (position) => reader.list(position),
    count: refuse,
    create: refuse,
    replace: refuse,
    delete: refuse,
    watch: (namespace, from, name) => new VisibleWatcher(storage.watch(namespace, from, name), visible),
    currentRevision: () => storage.currentRevision(),
  };
}

/** A part of the store to look at: one object, a namespace, or everything. */
type Part = Pick<ObjectRange, "namespace" | "name">;

class VisibleReader {
  readonly #storage: KindStorage;
  readonly #visible: VisibleObjects;

  constructor(storage: KindStorage, visible: VisibleObjects) {
    this.#storage = storage;
    this.#visible = visible;
  }

  async list(position: ObjectRange): Promise<ObjectPage> {
    // One more than asked for, which says whether more follow.
    const collected = await this.#collect({ ...position, limit: position.limit + 1 });
    const revision = collected.revision ?? (await this.#storage.currentRevision());
    const objects = collected.objects.slice(0, position.limit);
    const last = objects.at(-1);
    const more = collected.isCut || objects.length < collected.objects.length;
    return { objects, revision, continueAfter: more && last !== undefined ? this.#keyOf(last) : undefined };
  }

  /** Up to `limit` visible objects; cut short where they are many bytes. */
  async #collect(position: ObjectRange) {
    const objects: StoredObject[] = [];
    let [revision, bytes, lookups] = [position.revision, 0, 0];
    for (const part of this.#partsOf(position)) {
      for await (const page of this.#pages(part, position, revision)) {
        revision = page.revision;
        for (const object of page.objects) {
          if (!(await this.#visible.sees(object))) continue;
          objects.push(object);
          bytes += object.sizeBytes;
          if (objects.length >= position.limit) return { objects, revision, isCut: false };
        }
        if (bytes > objectPageBytesMax) return { objects, revision, isCut: true };
      }
      if (++lookups % lookupsPerTurn === 0) await nextTurn();
    }
    return { objects, revision, isCut: false };
  }

  async *#pages(part: Part, position: ObjectRange, start: Revision | undefined): AsyncGenerator<ObjectPage> {
    // Hidden names are not read.
    if (part.name !== undefined && !(await this.#visible.sees({ ...part, name: part.name }))) return;
    let { after } = position;
    let revision = start;
    // What is hidden fills no page, so small ones would be many reads.
    const limit = Math.max(position.limit, readRecordsMin);
    do {
      const page: ObjectPage = await this.#storage.list({ ...part, after, limit, revision });
      yield page;
      ({ revision, continueAfter: after } = page);
    } while (after !== undefined);
  }

  /** What the rights of the caller reach of what is asked for, in the order of the store. */
  #partsOf({ namespace, name, after }: ObjectRange): Part[] {
    const { reach } = this.#visible;
    if (name !== undefined || typeof reach === "string") return [{ namespace, name }];
    const parts = reach
      .filter((reached) => namespace === "" || reached.namespace === namespace)
      .flatMap((reached): Part[] =>
        reached.names === "all"
          ? [{ namespace: reached.namespace }]
          : reached.names.map((one) => ({ namespace: reached.namespace, name: one })),
      )
      .map((part) => ({ part, key: this.#keyOf(part) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return parts.filter(({ part, key }) => after === undefined || mayFollow(part, key, after)).map(({ part }) => part);
  }

  #keyOf({ namespace, name }: Part): string {
    return this.#storage.prefix(namespace) + (name ?? "");
  }
}

/** Whether something of a part may come after a key. */
function mayFollow({ name }: Part, key: string, after: string): boolean {
  return name === undefined ? key > after || after.startsWith(key) : key > after;
}

class VisibleWatcher implements ObjectWatcher {
  readonly #watcher: ObjectWatcher;
  readonly #visible: VisibleObjects;

  constructor(watcher: ObjectWatcher, visible: VisibleObjects) {
    this.#watcher = watcher;
    this.#visible = visible;
  }

  async next() {
    const batch = await this.#watcher.next();
    if (batch === undefined) return undefined;
    const events: ObjectEvent[] = [];
    for (const event of batch.events) {
      if (event.object === undefined ? await this.#wasVisible(event) : await this.#visible.sees(event.object)) {
        events.push(event);
      } else if (event.object !== undefined && event.existed && (await this.#wasVisible(event))) {
        // It was shown, and what has become of it must not be: the client has to list again.
        throw new RightsChangedError();
      }
    }
    return { events, revision: batch.revision };
  }

  /** By its labels before the event. Only policies look at labels, and then nobody knows in advance what is visible. */
  async #wasVisible({ object, previous }: ObjectEvent): Promise<boolean> {
    if (object !== undefined && this.#visible.reach !== "unknown") return false;
    const before = await previous();
    return before !== undefined && (await this.#visible.sees(before, labelsOf(before.metadata())));
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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
