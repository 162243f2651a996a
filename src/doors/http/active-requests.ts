/**
 * The requests that are being answered: what a drain waits for, and what is cut
 * off when its client stops reading.
 */
import type { ServerResponse } from "node:http";
import { WriteStallWatch } from "./write-stall.ts";
import type { PendingWrites } from "./write-stall.ts";

export class ActiveRequests {
  readonly #open = new Set<ServerResponse>();
  readonly #stalls: WriteStallWatch;
  readonly #nowMs: () => number;
  #stalledWritesCut = 0;

  constructor(writeStallTimeoutMs: number, nowMs: () => number) {
    this.#stalls = new WriteStallWatch(writeStallTimeoutMs);
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Answers that were cut because the client did not read them, since the start. */
  get stalledWritesCut(): number {
    return this.#stalledWritesCut;
  }

  /** Follows a request to its end; `cut` ends its stream (HTTP/2) or connection. */
  add(response: ServerResponse, cut: () => void): void {
    const writes: PendingWrites = { pendingBytes: () => response.writableLength, cut };
    this.#open.add(response);
    this.#stalls.add(writes, this.#nowMs());
    response.on("close", () => {
      this.#open.delete(response);
      this.#stalls.delete(writes);
    });
  }

  responses(): ServerResponse[] {
    return [...this.#open.keys()];
  }

  sweep(): void {
    this.#stalledWritesCut += this.#stalls.sweep(this.#nowMs());
  }
}

/** Announces the end of an HTTP/1.1 connection after this answer, if the headers have not left yet. */
export function makeLast(response: ServerResponse): void {
  if (!response.headersSent && response.req.httpVersionMajor < 2) response.setHeader("Connection", "close");
}
