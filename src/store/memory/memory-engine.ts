import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { MvccStore, emptyState } from "../mvcc/mvcc-store.ts";
import type { RevisionTimes } from "../mvcc/revision-time.ts";
import { retentionDefault } from "../mvcc/retention.ts";
import type { Retention } from "../mvcc/retention.ts";
import type { SupersededRecords } from "../mvcc/superseded.ts";
import type { Store } from "../store.ts";
import type { WatchBuffer } from "../watch/watch-hub.ts";
import { MemoryTables } from "./memory-tables.ts";

export interface MemoryEngineOptions {
  /** What is not given is {@link retentionDefault}'s. */
  readonly retention?: Partial<Retention> | undefined;
  readonly clock?: Clock | undefined;
  readonly watchBuffer?: WatchBuffer | undefined;
}

/**
 * A store in the memory of the process, for tests and throw-away servers: nothing
 * outlives `close`, so "durable" means no more than committed.
 */
export function createMemoryEngine(options: MemoryEngineOptions = {}): Store & SupersededRecords & RevisionTimes {
  return new MvccStore(new MemoryTables(emptyState), {
    clock: options.clock ?? systemClock,
    retention: { ...retentionDefault, ...options.retention },
    watchBuffer: options.watchBuffer,
  });
}
