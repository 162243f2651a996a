/**
 * One TTL lease of the store for what is written within a minute: a lease for each
 * event would be a write for each event.
 *
 * Source: apiserver pkg/storage/etcd3/lease_manager.go.
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { Store, TtlLease, TtlLeaseId } from "../../../store/store.ts";

/** How long one lease is attached to; keys live so much longer than asked for, at most. */
const reuseSeconds = 60;

export class SharedTtlLease {
  readonly #store: Pick<Store, "grantTtlLease">;
  readonly #ttlSeconds: number;
  #current: Promise<TtlLease> | undefined;

  constructor(store: Pick<Store, "grantTtlLease">, ttlSeconds: number) {
    this.#store = store;
    this.#ttlSeconds = ttlSeconds;
  }

  /**
   * Runs `write` with a lease that has at least the asked seconds left at `nowMs`
   * (milliseconds since the epoch), and again with a new one if it ended meanwhile.
   */
  async with<T>(nowMs: number, write: (id: TtlLeaseId) => Promise<T>): Promise<T> {
    const lease = await this.#lease(nowMs);
    try {
      return await write(lease.id);
    } catch (error) {
      if (!isStrongroomError(error, "lease-not-found")) throw error;
      this.#current = undefined;
      return write((await this.#lease(nowMs)).id);
    }
  }

  async #lease(nowMs: number): Promise<TtlLease> {
    const current = await this.#current?.catch(() => undefined); // whoever asked for it was told
    if (current !== undefined && current.expiresAtMs - nowMs >= this.#ttlSeconds * 1000) return current;
    this.#current = this.#store.grantTtlLease(this.#ttlSeconds + reuseSeconds);
    return this.#current;
  }
}
