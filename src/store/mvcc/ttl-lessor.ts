/**
 * Knows which TTL leases run and when the next one expires. It persists nothing:
 * the store records what it is told, and is asked to end a lease that expired.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Clock, Timer } from "../clock.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";

/** Longest TTL: a year of 365 days. */
export const ttlSecondsMax = 31_536_000;

/** How long to wait before another try when a lease could not be ended. */
const retryMs = 1000;
// A timer holds at most 2^31 - 1 ms; an hour also bounds what a jump of the wall clock can delay.
const sleepMsMax = 3_600_000;

/** Raises `invalid` unless a TTL is a whole number of seconds from 1 to a year. */
export function checkTtlSeconds(ttlSeconds: number): void {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > ttlSecondsMax) {
    throw new StrongroomError("invalid", `a TTL must be a whole number of seconds from 1 to ${ttlSecondsMax}`);
  }
}

export class TtlLessor {
  readonly #clock: Clock;
  readonly #expire: (id: TtlLeaseId) => Promise<void>;
  readonly #leases = new Map<TtlLeaseId, TtlLease>();
  /** Second of expiry -> leases; a bucket per second, so that the next one is found among few. */
  readonly #buckets = new Map<number, Set<TtlLeaseId>>();
  #timer: Timer | undefined;
  #timerDueMs = Infinity;
  #isStopped = false;

  /** `expire` deletes the keys of a lease, and the lease. */
  constructor(clock: Clock, expire: (id: TtlLeaseId) => Promise<void>) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** A lease that was granted or renewed, or read at start. */
  set(lease: TtlLease): void {
    this.delete(lease.id);
    this.#leases.set(lease.id, lease);
    const second = bucketOf(lease);
    const bucket = this.#buckets.get(second);
    if (bucket) bucket.add(lease.id);
    else this.#buckets.set(second, new Set([lease.id]));
    this.#schedule(second * 1000);
  }

  /** Forgets a lease that ended. */
  delete(id: TtlLeaseId): void {
    const lease = this.#leases.get(id);
    if (!lease) return;
    this.#leases.delete(id);
    const second = bucketOf(lease);
    const bucket = this.#buckets.get(second);
    if (bucket?.delete(id) && bucket.size === 0) this.#buckets.delete(second);
  }

  /** A running lease. Raises `lease-not-found` when there is none, or it expired. */
  running(id: TtlLeaseId): TtlLease {
    const lease = this.#leases.get(id);
    if (!lease || lease.expiresAtMs <= this.#clock.now()) {
      throw new StrongroomError("lease-not-found", "the TTL lease must exist and not be expired");
    }
    return lease;
  }

  /** A lease that was not ended yet, expired or not. */
  get(id: TtlLeaseId): TtlLease | undefined {
    return this.#leases.get(id);
  }

  /** Ends nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(dueMs: number): void {
    if (this.#isStopped || dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.min(Math.max(dueMs - this.#clock.now(), 0), sleepMsMax);
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timerDueMs = Infinity;
      void this.#expireDue();
    });
  }

  async #expireDue(): Promise<void> {
    const nowMs = this.#clock.now();
    const later = [...this.#buckets.keys()].filter((second) => second * 1000 > nowMs);
    if (later.length > 0) this.#schedule(Math.min(...later) * 1000);
    const due = [...this.#buckets].flatMap(([second, ids]) => (second * 1000 <= nowMs ? [...ids] : []));
    const ended = await Promise.allSettled(due.map((id) => this.#expire(id)));
    // A full disk, for one: the keys stay readable until it works, they are not forgotten.
    if (ended.some(({ status }) => status === "rejected")) this.#schedule(this.#clock.now() + retryMs);
  }
}

// The end of the second, so that a bucket that is due holds no lease that still runs.
function bucketOf(lease: TtlLease): number {
  return Math.ceil(lease.expiresAtMs / 1000);
}
