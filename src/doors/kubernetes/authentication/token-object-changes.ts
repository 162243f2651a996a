/**
 * Tells of changes to the objects that tokens depend on: of those made here before whoever made them is answered, of all
 * others when the store's watch brings them. Of what is only made anew, no token can depend on yet.
 */
import { objectPrefix } from "../../../core/registry-keys.ts";
import { tokenObjectKinds } from "../../../identity/tokens/token-facts.ts";
import type { TokenObject, TokenObjectKind } from "../../../identity/tokens/token-facts.ts";
import type { Store, Watcher } from "../../../store/store.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { tokenObjectKindTables } from "./stored-token-facts.ts";

/** A watch that failed begins anew after this. */
const restartDelayMs = 1000;

export interface TokenObjectChangesOptions {
  readonly store: Store;
  readonly changed: (object: TokenObject) => void;
  /** Changes may have been missed. */
  readonly allChanged: () => void;
  readonly timers: { after(delayMs: number, action: () => void): { cancel(): void } };
  readonly onError: (error: unknown, resource: string) => void;
}

export class TokenObjectChanges implements AsyncDisposable {
  readonly #options: TokenObjectChangesOptions;
  readonly #stop = new AbortController();
  readonly #watchers = new Map<TokenObjectKind, Watcher>();
  readonly #running: Promise<unknown>;

  constructor(options: TokenObjectChangesOptions) {
    this.#options = options;
    this.#running = Promise.all(tokenObjectKinds.map((kind) => this.#run(kind)));
  }

  /** The storage of a kind, whose changes are told before they are answered. */
  observed(kind: Kind, storage: KindStorage): KindStorage {
    const tokenKind = tokenObjectKinds.find((candidate) => tokenObjectKindTables[candidate] === kind);
    if (tokenKind === undefined) return storage;
    const tell = ({ namespace, name }: StoredObject) => this.#options.changed({ kind: tokenKind, namespace, name });
    return {
      ...storage,
      async replace(previous, tree, writer) {
        const written = await storage.replace(previous, tree, writer);
        tell(previous);
        return written;
      },
      async delete(previous, writer) {
        const revision = await storage.delete(previous, writer);
        tell(previous);
        return revision;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const watcher of this.#watchers.values()) watcher.close();
    await this.#running;
  }

  async #run(kind: TokenObjectKind): Promise<void> {
    const { resource, storedResource = resource } = tokenObjectKindTables[kind];
    const prefix = objectPrefix(storedResource, "");
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow(kind, prefix);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#options.onError(error, resource);
        await this.#delay();
      }
      if (!this.#stop.signal.aborted) this.#options.allChanged();
    }
  }

  async #follow(kind: TokenObjectKind, prefix: string): Promise<void> {
    await using watcher = this.#options.store.watch(prefix);
    this.#watchers.set(kind, watcher);
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const { record } of batch.events) this.#options.changed(objectOf(kind, record.key.slice(prefix.length)));
    }
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(restartDelayMs, resolve);
      this.#stop.signal.addEventListener("abort", () => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** By the end of its key: the namespace, where there is one, and the name. */
function objectOf(kind: TokenObjectKind, place: string): TokenObject {
  const end = place.indexOf("/");
  return end < 0
    ? { kind, namespace: "", name: place }
    : { kind, namespace: place.slice(0, end), name: place.slice(end + 1) };
}
