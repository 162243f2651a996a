import { isStrongroomError } from "../../errors/strongroom-error.ts";
import type { ErrorCode } from "../../errors/strongroom-error.ts";
import type { Revision } from "../revision.ts";
import type { Operation, Store, StoredRecord, TransactionResult, TtlLeaseId, WatchBatch, Watcher } from "../store.ts";

/** An engine, as the conformance suite needs it. */
export interface Subject {
  /** Opens an empty store, apart from every other one. The suite closes it. */
  open(): Promise<Store>;
  /** The engine's time, in milliseconds since the epoch. */
  now(): number;
  /** Lets the engine's time pass; an engine without a clock of its own really waits. */
  letTimePass(ms: number): Promise<void>;
  /** How many cases each property is tried with. */
  readonly propertyRuns: number;
}

/** Bytes of a text. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The value of a record as text; undefined for no record. */
export function text(record: StoredRecord | undefined): string | undefined {
  return record && Buffer.from(record.value).toString("latin1");
}

/** Does operations without conditions. */
export function run(store: Store, ...thens: Operation[]): Promise<TransactionResult> {
  return store.txn({ compares: [], thens });
}

/** Puts one key; returns the revision. */
export async function put(store: Store, key: string, value: string, ttlLease?: TtlLeaseId): Promise<Revision> {
  return (await run(store, { type: "put", key, value: bytes(value), ttlLease })).revision;
}

/** Deletes one key; returns the revision. */
export async function remove(store: Store, key: string): Promise<Revision> {
  return (await run(store, { type: "delete", key })).revision;
}

/** What assert.rejects checks an error with. */
export function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isStrongroomError(error, code);
}

/** Reads batches until everything up to a revision was delivered. */
export async function readTo(watcher: Watcher, revision: Revision): Promise<WatchBatch[]> {
  const batches: WatchBatch[] = [];
  while ((batches.at(-1)?.revision ?? 0) < revision) {
    const batch = await watcher.next();
    if (!batch) throw new Error("the watch must not end");
    batches.push(batch);
  }
  return batches;
}

/** Events in short: `put /a one` (with the value), `put /a one>two` (with the one before), `delete /a two`. */
export function describe(batches: readonly WatchBatch[]): string[] {
  return batches.flatMap(({ events }) =>
    events.map(({ type, record, previous }) => {
      const before = text(previous);
      if (type === "delete") return `delete ${record.key} ${before}`;
      return `put ${record.key} ${before === undefined ? "" : `${before}>`}${text(record)}`;
    }),
  );
}
