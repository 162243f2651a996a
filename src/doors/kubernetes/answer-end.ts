/**
 * When an answer that lasts should end: its client is gone, or the server drains.
 *
 * Not an AbortSignal: one that follows two others costs 2 KiB, and ten thousand watches wait with one each.
 */
import type { ServerResponse } from "node:http";

export interface AnswerEnd {
  /** Whether it should have ended already. */
  readonly hasCome: () => boolean;
  /** Calls back once, at once if it has come; the function that is returned takes that back. */
  readonly onCome: (callback: () => void) => () => void;
}

export class AnswerEnds {
  readonly #draining: () => AbortSignal;
  readonly #waiting = new Set<() => void>();
  #followed: AbortSignal | undefined;

  /** `draining` may be another signal once the server listens; asked at each call. */
  constructor(draining: () => AbortSignal) {
    this.#draining = draining;
  }

  /** The end of one answer. */
  of(response: ServerResponse): AnswerEnd {
    const hasCome = () => isGone(response) || this.#draining().aborted;
    return {
      hasCome,
      onCome: (callback) => {
        if (hasCome()) {
          callback();
          return () => undefined;
        }
        const forget = () => {
          this.#waiting.delete(come);
          response.off("close", come);
        };
        const come = () => {
          forget();
          callback();
        };
        this.#follow();
        this.#waiting.add(come);
        response.on("close", come);
        return forget;
      },
    };
  }

  /** One listener for all answers. */
  #follow(): void {
    const draining = this.#draining();
    if (this.#followed === draining) return;
    this.#followed = draining;
    draining.addEventListener("abort", () => {
      for (const come of this.#waiting) come();
    });
  }
}

/** Whether the client of an answer has gone. An HTTP/2 answer says so of its stream only. */
export function isGone(response: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return response.destroyed || response.stream?.destroyed === true;
}
