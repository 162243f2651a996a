/** One watch: the changes of a key or a span, as the messages of its stream. */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { Disclosure } from "../../../audit/audit-event.ts";
import type { Secret } from "../../../core/secrets/canonical-secret.ts";
import type { SecretEvent, SecretWatcher } from "../../../core/secrets/secret-watcher.ts";
import type { StreamPiece } from "../../../gate/gate.ts";
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { emptySpan } from "../cluster-keys.ts";
import type { Place, SecretPlace, Span } from "../cluster-keys.ts";
import { disclosureOf } from "../cluster-secrets.ts";
import { compactedText } from "../etcd-error.ts";
import { KeyValue } from "../messages/kv.ts";
import { Event, eventTypes, watchFilters, WatchResponse } from "../messages/watch.ts";
import type { WatchCreateRequest } from "../messages/watch.ts";
import { responseHeader } from "./header.ts";
import type { WatchOptions } from "./watch.ts";

/** A message holds the events of whole revisions, and ends when it has so many bytes: none needs to come in fragments. */
const messageBytesTarget = 1024 * 1024;

export interface Watched {
  readonly id: number;
  readonly of: Place | Span;
  readonly request: WatchCreateRequest;
}

interface Told {
  readonly event: Uint8Array;
  readonly disclosed: readonly Disclosure[];
}

export class KeyWatch {
  readonly id: number;
  readonly #options: WatchOptions;
  readonly #watched: Watched;
  #watcher: SecretWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #progressIsDue = false;
  #isClosed = false;
  #hasSaidEnd = false;
  /** Everything up to here has been sent. */
  #sent = 0;
  readonly #waiting = new Set<{ readonly revision: number; readonly wake: () => void }>();

  constructor(options: WatchOptions, watched: Watched) {
    this.id = watched.id;
    this.#options = options;
    this.#watched = watched;
  }

  /** Whether the client has been told that the watch has ended. */
  get hasSaidEnd(): boolean {
    return this.#hasSaidEnd;
  }

  /** Begins to follow; from here on nothing is missed. */
  async start(): Promise<void> {
    const { of, request } = this.#watched;
    const { secrets, progressIntervalMs } = this.#options;
    const current = await secrets.currentRevision();
    const from = toRevision(request.startRevision > 0 ? request.startRevision : current + 1);
    this.#sent = from - 1;
    const followed: Span | SecretPlace = of.type === "secret" || of.type === "span" ? of : emptySpan;
    this.#watcher = secrets.watch(followed, from);
    if (this.#isClosed) this.#watcher.close();
    if (!request.progressNotify) return;
    this.#timer = setInterval(() => {
      this.#progressIsDue = true;
      this.#watcher?.requestProgress();
    }, progressIntervalMs).unref();
  }

  /** Makes the pieces end soon. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    for (const { wake } of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves when everything up to a revision has been sent, or the watch has ended. */
  async reached(revision: number): Promise<void> {
    if (this.#isClosed || this.#sent >= revision) return;
    await new Promise<void>((resolve) => {
      this.#waiting.add({ revision, wake: resolve });
      this.#watcher?.requestProgress();
    });
  }

  /** The last message of a watch that the server ends. */
  canceled(cancelReason: string, compactRevision = 0): Buffer {
    this.#hasSaidEnd = true;
    const header = responseHeader(this.#options.identity, this.#sent);
    const { id: watchId } = this;
    return asBuffer(WatchResponse.encode({ header, watchId, canceled: true, compactRevision, cancelReason }));
  }

  async *pieces(): AsyncGenerator<StreamPiece> {
    try {
      const compacted = await this.#compactedBelow();
      if (compacted !== undefined) yield { bytes: this.canceled(compactedText, compacted), disclosed: [] };
      else yield* this.#events();
    } catch (error) {
      if (!isStrongroomError(error, "compacted")) throw error;
      yield { bytes: this.canceled(compactedText, await this.#options.records.compactedRevision()), disclosed: [] };
    } finally {
      this.close();
    }
  }

  async #compactedBelow(): Promise<number | undefined> {
    const compacted = await this.#options.records.compactedRevision();
    const { startRevision } = this.#watched.request;
    return startRevision > 0 && startRevision < compacted ? compacted : undefined;
  }

  async *#events(): AsyncGenerator<StreamPiece> {
    const watcher = this.#watcher;
    if (watcher === undefined) return;
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      let told: Told[] = [];
      let size = 0;
      let last = batch.events[0]?.revision;
      for (const event of batch.events) {
        if (size > messageBytesTarget && last !== undefined && event.revision !== last) {
          yield this.#piece(told, last);
          told = [];
          size = 0;
        }
        last = event.revision;
        const one = await this.#tell(event);
        if (one === undefined) continue;
        told.push(one);
        size += one.event.length;
      }
      if (told.length > 0) yield this.#piece(told, batch.revision);
      else if (this.#progressIsDue) yield this.#progress(batch.revision);
      this.#progressIsDue = false;
      // Whoever takes the pieces has sent the last one before asking for the next.
      this.#wake(batch.revision);
    }
  }

  #wake(revision: number): void {
    this.#sent = Math.max(this.#sent, revision);
    for (const waiting of this.#waiting) {
      if (waiting.revision > this.#sent) continue;
      this.#waiting.delete(waiting);
      waiting.wake();
    }
  }

  #piece(told: readonly Told[], revision: Revision): StreamPiece {
    const header = responseHeader(this.#options.identity, revision);
    const events = told.map(({ event }) => event);
    return {
      bytes: asBuffer(WatchResponse.encode({ header, watchId: this.id, events })),
      disclosed: told.flatMap(({ disclosed }) => disclosed),
      live: true,
    };
  }

  #progress(revision: Revision): StreamPiece {
    const header = responseHeader(this.#options.identity, revision);
    return { bytes: asBuffer(WatchResponse.encode({ header, watchId: this.id })), disclosed: [] };
  }

  /** The message of a change; undefined for what is not watched. */
  async #tell(event: SecretEvent): Promise<Told | undefined> {
    const { request } = this.#watched;
    const filter = event.type === "put" ? watchFilters.noPut : watchFilters.noDelete;
    if (request.filters.includes(filter)) return undefined;
    const previous = request.prevKv || event.type === "delete" ? await event.previous() : undefined;
    const named = event.secret ?? previous;
    if (named === undefined || !this.#isWatched(named)) return undefined;
    const { secrets } = this.#options;
    const told = request.prevKv && previous !== undefined ? previous : undefined;
    const prevKv = told === undefined ? undefined : secrets.keyValue(told);
    const kv = event.secret === undefined ? this.#gone(named, event.revision) : secrets.keyValue(event.secret);
    return {
      event: Event.encode({ type: eventTypes[event.type], kv, prevKv }),
      disclosed: [event.secret, told].flatMap((secret) => (secret === undefined ? [] : [disclosureOf(secret)])),
    };
  }

  #isWatched(secret: Secret): boolean {
    const { of } = this.#watched;
    const { keys } = this.#options.secrets;
    if (of.type === "span") return keys.contains(of, secret);
    return of.type === "secret" && secret.namespace === of.namespace && secret.name === of.name;
  }

  /** A key that is gone has a key and the revision at which it went. */
  #gone(secret: Secret, modRevision: Revision): KeyValue {
    const key = Buffer.from(this.#options.secrets.keys.keyOf(secret), "latin1");
    return KeyValue.of({ key, modRevision });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
