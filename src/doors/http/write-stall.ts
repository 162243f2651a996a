/**
 * Cuts off clients that ask and then do not read: their pending bytes would be
 * held for ever, and with them the place in the concurrency limits.
 *
 * Source of the idea: nginx's send_timeout - the time between two successful
 * writes, not the time of the whole answer, so that slow readers are served.
 */

/** The part of a socket or stream that is looked at. */
export interface PendingWrites {
  /** Bytes accepted and not yet handed to the operating system. */
  pendingBytes(): number;
  /** Ends the connection or stream; the client sees a broken answer. */
  cut(): void;
}

interface Watched {
  pendingBytes: number;
  progressMs: number;
}

export class WriteStallWatch {
  readonly #watched = new Map<PendingWrites, Watched>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  add(writes: PendingWrites, nowMs: number): void {
    this.#watched.set(writes, { pendingBytes: 0, progressMs: nowMs });
  }

  delete(writes: PendingWrites): void {
    this.#watched.delete(writes);
  }

  /** To be called about once a second; cuts whoever made no progress for the timeout. Returns how many. */
  sweep(nowMs: number): number {
    let cut = 0;
    for (const [writes, watched] of this.#watched) {
      const pendingBytes = writes.pendingBytes();
      // Only shrinking is progress: a watch adds events to what is pending.
      if (pendingBytes === 0 || pendingBytes < watched.pendingBytes) watched.progressMs = nowMs;
      watched.pendingBytes = pendingBytes;
      if (nowMs - watched.progressMs < this.#timeoutMs) continue;
      this.#watched.delete(writes);
      writes.cut();
      cut += 1;
    }
    return cut;
  }
}
