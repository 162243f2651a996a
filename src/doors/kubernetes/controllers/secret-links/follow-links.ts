/**
 * Queues links when they change, when their source does, and when what they made does.
 *
 * Holds which secret each link shares; a start looks at every link once, and passes over the secrets without versions, among which are those
 * that a link made that is gone since. Secrets are watched while there are links, and not otherwise: each watch costs every write something.
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
  #ofSecrets: ObjectWatcher | undefined;
  #failed: (error: unknown) => void = () => {};
  readonly #running = new Set<Promise<void>>();

  constructor(options: LinkFollowerOptions) {
    this.#options = options;
  }

  /** Resolves when `signal` aborts; raises what made following impossible. */
  async run(signal: AbortSignal): Promise<void> {
    const { links } = this.#options;
    await using ofLinks = links.watch("", toRevision((await links.currentRevision()) + 1));
    const failure = new Promise<never>((_resolve, reject) => (this.#failed = reject));
    failure.catch(() => {}); // it may come before it is waited for
    const over = new AbortController();
    const close = () => ofLinks.close();
    signal.addEventListener("abort", close);
    try {
      if (signal.aborted) return;
      await this.#readLinks();
      this.#run(this.#readCopies(over.signal));
      await Promise.race([this.#follow(ofLinks, (event) => this.#linkChanged(event)), failure]);
    } finally {
      signal.removeEventListener("abort", close);
      over.abort();
      this.#ofSecrets?.close();
      await Promise.all(this.#running);
    }
  }

  /** Beside following links; what fails ends all of it. */
  #run(work: Promise<void>): void {
    const running = work.catch((error: unknown) => this.#failed(error)).finally(() => this.#running.delete(running));
    this.#running.add(running);
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
    if (this.#sources.size > 0) return;
    this.#ofSecrets?.close();
    this.#ofSecrets = undefined;
  }

  /** Before the first link is looked at, so that no change of its source is missed. */
  async #watchSecrets(): Promise<void> {
    const { secrets } = this.#options;
    const watcher = secrets.watch("", toRevision((await secrets.currentRevision()) + 1));
    this.#ofSecrets = watcher;
    this.#run(this.#follow(watcher, (event) => this.#secretChanged(event)).finally(() => watcher.close()));
  }

  async #secretChanged(event: ObjectEvent): Promise<void> {
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
    if (this.#ofSecrets === undefined) await this.#watchSecrets();
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
