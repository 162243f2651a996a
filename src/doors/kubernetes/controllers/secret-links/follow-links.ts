/**
 * Queues links when they change, when their source does, and when what they made does.
 *
 * Holds which secret each link shares; a start looks at every link once, and passes over the secrets without versions, among which are those
 * that a link made that is gone since.
 */
import type { TellUnreadable } from "../../../../core/object-range.ts";
import { toRevision } from "../../../../store/revision.ts";
import { sourceOf } from "../../kinds/secret-link.ts";
import { LoopShare } from "../../loop-share.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "../../storage/kind-storage.ts";
import type { WorkQueue } from "../work-queue.ts";

/** Names a link, and the secret that it makes. */
export interface LinkPlace {
  readonly namespace: string;
  readonly name: string;
}

export interface LinkFollowerOptions {
  readonly links: KindStorage;
  readonly secrets: KindStorage;
  readonly queue: WorkQueue<LinkPlace>;
  /** Told of a secret that cannot be read: the others count all the same. */
  readonly unreadable: TellUnreadable;
}

const pageRecords = 500;

export class LinkFollower {
  readonly #options: LinkFollowerOptions;
  /** What each link shares. */
  readonly #sources = new Map<string, string>();
  /** The links of each source. */
  readonly #links = new Map<string, Map<string, LinkPlace>>();

  constructor(options: LinkFollowerOptions) {
    this.#options = options;
  }

  /** Resolves when `signal` aborts; raises what made following impossible. */
  async run(signal: AbortSignal): Promise<void> {
    const { links, secrets } = this.#options;
    const from = toRevision((await links.currentRevision()) + 1);
    await using ofLinks = links.watch("", from);
    await using ofSecrets = secrets.watch("", from);
    const close = () => {
      ofLinks.close();
      ofSecrets.close();
    };
    signal.addEventListener("abort", close);
    try {
      if (signal.aborted) return;
      await this.#readLinks();
      await Promise.all(
        [
          this.#follow(ofLinks, (event) => this.#linkChanged(event)),
          this.#follow(ofSecrets, (event) => this.#secretChanged(event)),
          this.#readCopies(signal),
        ].map((work) => work.catch((error: unknown) => rethrowAfter(close, error))),
      );
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  async #readLinks(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.#options.links.list({ namespace: "", after, limit: pageRecords });
      for (const link of page.objects) await this.#note(link);
      after = page.continueAfter;
    } while (after !== undefined);
  }

  async #readCopies(signal: AbortSignal): Promise<void> {
    const { secrets, unreadable } = this.#options;
    const share = new LoopShare(1);
    const list = secrets.listUnversioned ?? secrets.list;
    let after: string | undefined;
    do {
      await share.step();
      const page = await list({ namespace: "", after, limit: 100, unreadable });
      for (const secret of page.objects) if (secret.linkedFrom !== undefined) await this.#enqueue(secret);
      after = page.continueAfter;
    } while (after !== undefined && !signal.aborted);
  }

  async #follow(watcher: ObjectWatcher, take: (event: ObjectEvent) => Promise<void>): Promise<void> {
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) await take(event);
    }
  }

  async #linkChanged(event: ObjectEvent): Promise<void> {
    if (event.object !== undefined) return this.#note(event.object);
    const previous = await event.previous();
    if (previous === undefined) return;
    this.#forget(keyOf(previous));
    await this.#enqueue(previous);
  }

  async #secretChanged(event: ObjectEvent): Promise<void> {
    if (this.#sources.size === 0 && event.object?.linkedFrom === undefined) return;
    const secret = event.object ?? (await event.previous());
    if (secret === undefined) return;
    const key = keyOf(secret);
    if (this.#sources.has(key) || secret.linkedFrom !== undefined) await this.#enqueue(secret);
    for (const link of this.#links.get(key)?.values() ?? []) await this.#enqueue(link);
  }

  async #note(link: StoredObject): Promise<void> {
    const key = keyOf(link);
    const source = keyOf(sourceOf(link.header()));
    if (this.#sources.get(key) !== source) {
      this.#forget(key);
      this.#sources.set(key, source);
      const { namespace, name } = link;
      const links = this.#links.get(source) ?? new Map<string, LinkPlace>();
      this.#links.set(source, links.set(key, { namespace, name }));
    }
    await this.#enqueue(link);
  }

  #forget(key: string): void {
    const source = this.#sources.get(key) ?? "";
    this.#sources.delete(key);
    const links = this.#links.get(source);
    if (links?.delete(key) === true && links.size === 0) this.#links.delete(source);
  }

  async #enqueue({ namespace, name }: LinkPlace): Promise<void> {
    await this.#options.queue.room();
    this.#options.queue.add(`${namespace}/${name}`, { namespace, name });
  }
}

function keyOf({ namespace, name }: LinkPlace): string {
  return `${namespace}/${name}`;
}

/** What is left of the work ends, so that all of it begins anew. */
function rethrowAfter(close: () => void, error: unknown): never {
  close();
  throw error;
}
