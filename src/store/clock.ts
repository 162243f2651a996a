/** A timer that was set; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as the store needs it, handed in so that tests can move it: the wall clock
 * (TTL leases expire at a wall-clock time that survives a restart) and timers.
 */
export interface Clock {
  /** Milliseconds since the epoch. May jump in either direction. */
  now(): number;
  /** Calls `action` once, after about `delayMs` milliseconds (at most 2^31 - 1). */
  after(delayMs: number, action: () => void): Timer;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
