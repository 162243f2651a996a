/**
 * The closed set of failures that everything below the doors may raise.
 *
 * A door owns one table from every code to its own status and body
 * (`satisfies Record<ErrorCode, ...>`); nothing below a door names an HTTP
 * status, a gRPC code or an exception of a protocol.
 */
export const errorCodes = [
  /** The thing asked for does not exist (only raised to callers who may know that). */
  "not-found",
  /** A thing of that name exists already. */
  "already-exists",
  /** The expected revision, uid or precondition does not hold; read again and retry. */
  "conflict",
  /** The revision asked for is older than the retained history. */
  "compacted",
  /** The revision asked for has not been reached yet. */
  "future-revision",
  /** The caller is known and may not do this. */
  "denied",
  /** No credential was presented, or the presented one is not valid. */
  "unauthenticated",
  /** No usable root key: nothing can be encrypted or decrypted. */
  "sealed",
  /** The TTL lease does not exist or has expired. */
  "lease-not-found",
  /** Over a documented size limit. */
  "too-large",
  /** The input breaks a rule; the message says what must hold. */
  "invalid",
  /** Cannot be served now (disk full, peer away, overload, stopping); retry later. */
  "unavailable",
  /** Stored bytes fail authentication or decoding. */
  "corrupt",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * The error class of everything below the doors.
 *
 * `message` says what must hold, in the positive, and never contains the value
 * of a secret. `cause` carries the underlying error for logs, not for clients.
 */
export class StrongroomError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StrongroomError";
    this.code = code;
  }
}

/** Whether `error` is a {@link StrongroomError}, of `code` when one is given. */
export function isStrongroomError(error: unknown, code?: ErrorCode): error is StrongroomError {
  return error instanceof StrongroomError && (code === undefined || error.code === code);
}
