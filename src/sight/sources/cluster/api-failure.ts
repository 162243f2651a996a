/** How a request to a cluster can fail, as far as it matters what to do next. */
export type ApiFailureKind =
  /** The user may not do this. */
  | "forbidden"
  /** Who we are was not accepted. */
  | "unauthenticated"
  /** What the request builds on is no longer kept: start anew. */
  | "gone"
  | "not-found"
  /** Any other refusal: trying again gives the same. */
  | "refused"
  /** Too many requests, or a failure of the server: trying again later may help. */
  | "overloaded"
  /** No connection, one that broke, or nothing within the time. */
  | "unreachable"
  /** The answer has more bytes than are taken. */
  | "too-large"
  /** The answer is not what the protocol says. */
  | "nonsense";

/** A request that failed. The message is a part of a sentence after "since", and never has what an answer held but its own message. */
export class ApiFailure extends Error {
  readonly kind: ApiFailureKind;
  /** How long the server asks to wait. */
  readonly retryAfterMs: number;

  constructor(kind: ApiFailureKind, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "ApiFailure";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** Whether the same request may succeed a little later. */
export function mayPass(error: unknown): error is ApiFailure {
  return error instanceof ApiFailure && (error.kind === "overloaded" || error.kind === "unreachable");
}
