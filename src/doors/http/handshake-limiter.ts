/**
 * Bounds how many TLS handshakes start per second: a handshake costs the server a
 * signature and the client nothing, so an unbounded number of them starves those
 * who are connected already.
 *
 * A token bucket over all clients. Who finds it empty waits; waiting addresses
 * take turns, so that one address with a thousand connections delays another by
 * one place, not by a thousand. Who waits too long, or finds no place to wait, is
 * refused before TLS.
 */
export interface HandshakeLimiterOptions<T> {
  readonly perSecond: number;
  readonly burst: number;
  readonly delayMsMax: number;
  /** Starts the handshake. */
  readonly start: (item: T) => void;
  /** Closes the connection without an answer. */
  readonly refuse: (item: T) => void;
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: () => number;
  /** Calls back once after the given milliseconds; returns how to cancel. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
}

interface Waiting<T> {
  readonly item: T;
  readonly sinceMs: number;
}

export class HandshakeLimiter<T> {
  readonly #options: HandshakeLimiterOptions<T>;
  /** Waiting connections by address, oldest first; the order of the map is the order of turns. */
  readonly #queues = new Map<string, Waiting<T>[]>();
  /** As many as can start within the longest delay; more would only be refused later. */
  readonly #waitingMax: number;
  #waiting = 0;
  #tokens: number;
  #refilledMs: number;
  #cancelTimer: (() => void) | undefined;

  constructor(options: HandshakeLimiterOptions<T>) {
    this.#options = options;
    this.#waitingMax = Math.ceil((options.perSecond * options.delayMsMax) / 1000);
    this.#tokens = options.burst;
    this.#refilledMs = options.nowMs();
  }

  /** Connections that wait for a token. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Starts, queues or refuses a connection from `address`, at once. */
  offer(item: T, address: string): void {
    this.#refill();
    if (this.#waiting === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#options.start(item);
      return;
    }
    if (this.#waiting >= this.#waitingMax && !this.#makeRoom(address)) {
      this.#options.refuse(item);
      return;
    }
    const queue = this.#queues.get(address) ?? [];
    queue.push({ item, sinceMs: this.#options.nowMs() });
    this.#queues.set(address, queue);
    this.#waiting += 1;
    this.#arm();
  }

  /** Refuses all who wait; for the end of the server. */
  refuseAll(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const queues = [...this.#queues.values()];
    this.#queues.clear();
    this.#waiting = 0;
    for (const queue of queues) for (const { item } of queue) this.#options.refuse(item);
  }

  /** Refuses the newest of the longest queue for the sake of a shorter one; false when `address` has the longest. */
  #makeRoom(address: string): boolean {
    let longest: [string, Waiting<T>[]] | undefined;
    for (const entry of this.#queues) if (longest === undefined || entry[1].length > longest[1].length) longest = entry;
    if (longest === undefined) return false;
    const own = this.#queues.get(address)?.length ?? 0;
    if (own + 1 >= longest[1].length) return false;
    const newest = longest[1].pop();
    if (newest === undefined) return false;
    this.#waiting -= 1;
    if (longest[1].length === 0) this.#queues.delete(longest[0]);
    this.#options.refuse(newest.item);
    return true;
  }

  #refill(): void {
    const now = this.#options.nowMs();
    const earned = ((now - this.#refilledMs) * this.#options.perSecond) / 1000;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + earned);
    this.#refilledMs = now;
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined || this.#waiting === 0) return;
    const untilTokenMs = ((1 - this.#tokens) * 1000) / this.#options.perSecond;
    this.#cancelTimer = this.#options.schedule(() => this.#serve(), Math.max(1, Math.ceil(untilTokenMs)));
  }

  #serve(): void {
    this.#cancelTimer = undefined;
    this.#refuseExpired();
    this.#refill();
    while (this.#waiting > 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#options.start(this.#takeNext());
    }
    this.#arm();
  }

  #refuseExpired(): void {
    const oldest = this.#options.nowMs() - this.#options.delayMsMax;
    for (const [address, queue] of this.#queues) {
      const firstKept = queue.findIndex((waiting) => waiting.sinceMs >= oldest);
      const expired = queue.splice(0, firstKept < 0 ? queue.length : firstKept);
      this.#waiting -= expired.length;
      if (queue.length === 0) this.#queues.delete(address);
      for (const { item } of expired) this.#options.refuse(item);
    }
  }

  /** The oldest connection of the address whose turn it is; the address goes to the end of the line. */
  #takeNext(): T {
    for (const [address, queue] of this.#queues) {
      const next = queue.shift();
      this.#queues.delete(address);
      if (next === undefined) continue;
      if (queue.length > 0) this.#queues.set(address, queue);
      this.#waiting -= 1;
      return next.item;
    }
    throw new RangeError("takeNext needs a waiting connection");
  }
}
