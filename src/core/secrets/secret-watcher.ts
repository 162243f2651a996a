import { toRevision } from "../../store/revision.ts";
import type { Revision } from "../../store/revision.ts";
import type { StoredRecord, StoreEvent, Watcher } from "../../store/store.ts";
import { decodeCurrentRecord } from "./canonical-secret.ts";
import type { Secret } from "./canonical-secret.ts";

/**
 * One change of one secret. The same object is handed to every watcher, so that
 * a door can cache its encoding by identity.
 */
export interface SecretEvent {
  readonly type: "put" | "delete";
  /** Revision of the change. */
  readonly revision: Revision;
  /** State after a put; undefined for a delete. */
  readonly secret: Secret | undefined;
  /** Whether there was a state before. */
  readonly existed: boolean;
  /** State before the change, if there was one; read when asked for, once. */
  readonly previous: () => Promise<Secret | undefined>;
}

export interface SecretBatch {
  readonly events: readonly SecretEvent[];
  /** Everything up to and including this revision has been delivered. */
  readonly revision: Revision;
}

interface Materialiser {
  materialise(record: StoredRecord, revision?: Revision): Promise<Secret>;
}

/** Shared by all watchers: the store hands the same event object to all of them. */
const materialised = new WeakMap<StoreEvent, Promise<SecretEvent>>();

/** Turns the store's events into events of complete secrets. Same contract as the store's {@link Watcher}. */
export class SecretWatcher implements AsyncDisposable {
  readonly #watcher: Watcher;
  readonly #secrets: Materialiser;
  readonly #keeps: KeepEvent;

  /** Events that `keeps` does not want are passed over, and nothing is read for them. */
  constructor(watcher: Watcher, secrets: Materialiser, keeps: KeepEvent) {
    this.#watcher = watcher;
    this.#secrets = secrets;
    this.#keeps = keeps;
  }

  async next(): Promise<SecretBatch | undefined> {
    const batch = await this.#watcher.next();
    if (batch === undefined) return undefined;
    const events: SecretEvent[] = [];
    for (const event of batch.events) if (this.#keeps(event)) events.push(await this.#materialise(event));
    return { events, revision: batch.revision };
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

  #materialise(event: StoreEvent): Promise<SecretEvent> {
    let complete = materialised.get(event);
    if (complete === undefined) {
      complete = completeEvent(event, this.#secrets);
      materialised.set(event, complete);
    }
    return complete;
  }
}

/** Which events of the store are delivered; raises `corrupt`. */
export type KeepEvent = (event: StoreEvent) => boolean;

export const allEvents: KeepEvent = () => true;

/** Whether an event is of a secret whose type keeps no versions. */
export const ofUnversioned: KeepEvent = ({ type, record, previous }) => {
  const state = type === "put" ? record : previous;
  return state === undefined || decodeCurrentRecord(state.key, state.value).book.promotion === undefined;
};

async function completeEvent(event: StoreEvent, secrets: Materialiser): Promise<SecretEvent> {
  let previous: Promise<Secret | undefined> | undefined;
  return {
    type: event.type,
    revision: event.record.modRevision,
    existed: event.previous !== undefined,
    secret: event.type === "put" ? await secrets.materialise(event.record) : undefined,
    previous: () => {
      previous ??=
        event.previous === undefined
          ? Promise.resolve(undefined)
          : secrets.materialise(event.previous, toRevision(event.record.modRevision - 1));
      return previous;
    },
  };
}
