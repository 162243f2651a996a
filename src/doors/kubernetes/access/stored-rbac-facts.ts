/**
 * The roles and bindings in our own store, in an index that follows them.
 *
 * A change is in the index before whoever made it is answered: the storages that {@link StoredRbacFacts.observed}
 * hands out wait for the watch to bring it. So the next request is decided by it, and decisions themselves wait for
 * nothing. When the watch fails, nothing is decided until all has been read again.
 */
import type { RbacFacts } from "../../../access/rbac-authorizer.ts";
import { RbacIndex } from "../../../access/rbac/rbac-index.ts";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { Revision } from "../../../store/revision.ts";
import { toRevision } from "../../../store/revision.ts";
import { goQuote } from "../codec/go-quote.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleBindingKind, roleBindingKind } from "../kinds/role-binding.ts";
import { clusterRoleKind, roleKind } from "../kinds/role.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "../storage/kind-storage.ts";
import { bindingOf, roleOf } from "./rbac-objects.ts";

const pageRecords = 1000;
/** What failed is read again after this. */
const restartDelayMs = 1000;

export interface StoredRbacFactsOptions {
  readonly storage: (kind: Kind) => KindStorage;
  readonly timers: { after(delayMs: number, action: () => void): { cancel(): void } };
  /** The roles or bindings could not be followed; they are read again. */
  readonly onError: (error: unknown, resource: string) => void;
}

/** What the index is told of one object; `undefined` when it is gone. */
type Apply = (object: StoredObject | undefined, place: { namespace: string; name: string }) => void;

export class StoredRbacFacts implements RbacFacts, AsyncDisposable {
  readonly #index = new RbacIndex(goQuote);
  readonly #followers: ReadonlyMap<Kind, Follower>;

  private constructor(options: StoredRbacFactsOptions) {
    const setRole: Apply = (object, { namespace, name }) => {
      if (object === undefined) this.#index.removeRole(namespace, name);
      else this.#index.setRole(roleOf(object.header()));
    };
    const setBinding: Apply = (object, { namespace, name }) => {
      if (object === undefined) this.#index.removeBinding(namespace, name);
      else this.#index.setBinding(bindingOf(object.header()));
    };
    this.#followers = new Map(
      (
        [
          [roleKind, setRole],
          [clusterRoleKind, setRole],
          [roleBindingKind, setBinding],
          [clusterRoleBindingKind, setBinding],
        ] as const
      ).map(([kind, apply]) => [kind, new Follower(kind, apply, options)]),
    );
  }

  /** Resolves when everything that is stored is in the index. */
  static async open(options: StoredRbacFactsOptions): Promise<StoredRbacFacts> {
    const facts = new StoredRbacFacts(options);
    await Promise.all([...facts.#followers.values()].map((follower) => follower.start()));
    return facts;
  }

  index(): RbacIndex {
    for (const follower of this.#followers.values()) follower.requireCurrent();
    return this.#index;
  }

  /** The storage of a kind, whose writes are in the index before they are answered. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    const follower = this.#followers.get(kind);
    if (follower === undefined) return storage;
    return {
      ...storage,
      create: (tree, writer) => follower.afterWrite(storage.create(tree, writer), ({ revision }) => revision),
      replace: (previous, tree, writer) =>
        follower.afterWrite(storage.replace(previous, tree, writer), ({ revision }) => revision),
      delete: (previous, writer) => follower.afterWrite(storage.delete(previous, writer), (revision) => revision),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#followers.values()].map((follower) => follower.stop()));
  }
}

/** Keeps the index at the state of one kind. */
class Follower {
  readonly #resource: string;
  readonly #storage: KindStorage;
  readonly #apply: Apply;
  readonly #options: StoredRbacFactsOptions;
  /** What the index has, by namespace and name. */
  readonly #places = new Map<string, { readonly namespace: string; readonly name: string }>();
  /** The index has every change up to here. */
  #revision: Revision = toRevision(0);
  #isCurrent = false;
  #isStopped = false;
  #watcher: ObjectWatcher | undefined;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #waiters: { readonly revision: Revision; readonly resolve: () => void }[] = [];

  constructor(kind: Kind, apply: Apply, options: StoredRbacFactsOptions) {
    this.#resource = kind.resource;
    this.#storage = options.storage(kind);
    this.#apply = apply;
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#read();
    this.#running = this.#run();
  }

  requireCurrent(): void {
    if (!this.#isCurrent) throw new StrongroomError("unavailable", `the ${this.#resource} must be known to decide`);
  }

  async afterWrite<T>(writing: Promise<T>, revisionOf: (written: T) => Revision): Promise<T> {
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
        this.#options.onError(error, this.#resource);
        await this.#delay();
      }
    }
  }

  /** Brings the index to what is stored now, also when it had another state. */
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
