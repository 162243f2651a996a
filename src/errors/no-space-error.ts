import { StrongroomError } from "./strongroom-error.ts";

/**
 * The disk is full: an `unavailable` that ends when somebody makes space. For doors whose protocol has words for it; all others
 * need only the code.
 */
export class NoSpaceError extends StrongroomError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("unavailable", message, options);
    this.name = "NoSpaceError";
  }
}

/** No chain of causes is longer, unless it goes round. */
const causesMax = 10;

/** Whether an error is because of a full disk, by itself or by what it was caused by. */
export function isForNoSpace(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < causesMax && cause instanceof Error; depth++) {
    if (cause instanceof NoSpaceError) return true;
    ({ cause } = cause);
  }
  return false;
}
