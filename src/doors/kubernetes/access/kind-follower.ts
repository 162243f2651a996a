/**
 * Tells of every object of one kind in our own store: of those there are, and of every change.
 *
 * A change has been told before whoever made it is answered: the storage that {@link KindFollower.observed} hands out
 * waits for the watch to bring it. When the watch fails, what was told is no longer current until all has been read again.
 */
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "../storage/kind-storage.ts";

const pageRecords = 1000;
/** What failed is read again after this. */
const restartDelayMs = 1000;

export interface FollowOptions {
  readonly storage: (kind: Kind) => KindStorage;
  readonly timers: { after(delayMs: number, action: () => void): { cancel(): void } };
  /** The objects could not be followed; they are read again. */
  readonly onError: (error: unknown, resource: string) => void;
}

/** Told of one object; `undefined` when it is gone. */
export type Apply = (object: StoredObject | undefined, place: { namespace: string; name: string }) => void;

export class KindFollower {
  readonly #resource: string;
  readonly #storage: KindStorage;
  readonly #apply: Apply;
  readonly #options: FollowOptions;
  /** What the index has, by namespace and name. */
  readonly #places = new Map<string, { readonly namespace: string; readonly name: string }>();
  /** Told is every change up to here. */
  #revision: Revision = toRevision(0);
  #isCurrent = false;
  #lapses = 0;
  #isStopped = false;
  #watcher: ObjectWatcher | undefined;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #waiters: { readonly revision: Revision; readonly resolve: () => void }[] = [];

  constructor(kind: Kind, apply: Apply, options: FollowOptions) {
    this.#resource = kind.resource;
    this.#storage = options.storage(kind);
    this.#apply = apply;
    this.#options = options;
  }

  /** Resolves when everything that is stored has been told. */
  async start(): Promise<void> {
    await this.#read();
    this.#running = this.#run();
  }

  /** Raises `unavailable` while what was told may be old. */
  requireCurrent(): void {
    if (!this.#isCurrent) throw new StrongroomError("unavailable", `the ${this.#resource} must be known to decide`);
  }

  /** How often it was found that what was told may be old. */
  get lapses(): number {
    return this.#lapses;
  }

  /**
   * Resolves when everything has been told that was written before the call. Raises `unavailable` while what was told
   * may be old.
   */
  async caughtUp(): Promise<void> {
    const revision = await this.#storage.currentRevision();
    for (;;) {
      this.requireCurrent();
      if (this.#revision >= revision || this.#isStopped) return;
      const advanced = this.#reached(toRevision(this.#revision + 1));
      this.#watcher?.requestProgress();
      await advanced;
      // What the store has committed reaches its watchers a little later.
      if (this.#revision < revision) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The storage of the kind, whose writes have been told before they are answered. */
  observed(storage: KindStorage): KindStorage {
    return {
      ...storage,
      create: (tree, writer) => this.#afterWrite(storage.create(tree, writer), ({ revision }) => revision),
      replace: (previous, tree, writer) =>
        this.#afterWrite(storage.replace(previous, tree, writer), ({ revision }) => revision),
      delete: (previous, writer) => this.#afterWrite(storage.delete(previous, writer), (revision) => revision),
    };
  }

  async #afterWrite<T>(writing: Promise<T>, revisionOf: (written: T) => Revision): Promise<T> {
    const written = await writing;
    await this.#reached(revisionOf(written));
    return written;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#watcher?.close();
    this.#wake?.();
    await this.#running;
    this.#advance(toRevision(Number.MAX_SAFE_INTEGER));
  }

  #reached(revision: Revision): Promise<void> {
    if (this.#revision >= revision || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        if (!this.#isCurrent) await this.#read();
        await this.#follow();
      } catch (error) {
        if (this.#isStopped) return;
        this.#isCurrent = false;
        this.#lapses++;
        this.#options.onError(error, this.#resource);
        await this.#delay();
      }
    }
  }

  /** Tells what is stored now, also of what is gone since it was told. */
  async #read(): Promise<void> {
    const gone = new Map(this.#places);
    let after: string | undefined;
    let revision: Revision | undefined;
    do {
      const page = await this.#storage.list({ namespace: "", after, limit: pageRecords, revision });
      for (const object of page.objects) {
        gone.delete(placeKey(object));
        this.#put(object);
      }
      ({ revision, continueAfter: after } = page);
    } while (after !== undefined);
    for (const place of gone.values()) this.#drop(place);
    this.#isCurrent = true;
    this.#advance(revision);
  }

  async #follow(): Promise<void> {
    await using watcher = this.#storage.watch("", toRevision(this.#revision + 1));
    this.#watcher = watcher;
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) await this.#take(event);
      this.#advance(batch.revision);
    }
  }

  async #take(event: ObjectEvent): Promise<void> {
    if (event.object !== undefined) return this.#put(event.object);
    const previous = await event.previous();
    if (previous !== undefined) this.#drop(previous);
  }

  #put(object: StoredObject): void {
    const { namespace, name } = object;
    this.#places.set(placeKey(object), { namespace, name });
    this.#apply(object, object);
  }

  #drop(place: { readonly namespace: string; readonly name: string }): void {
    this.#places.delete(placeKey(place));
    this.#apply(undefined, place);
  }

  #advance(revision: Revision): void {
    this.#revision = revision;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of waiting) if (waiter.revision <= revision) waiter.resolve();
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(restartDelayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function placeKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
