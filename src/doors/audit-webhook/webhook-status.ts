/** What of ours is which answer of this door: a Status, as API servers expect it. They send a batch again whatever the failure. */
import type { ResponseStatus } from "../../audit/audit-event.ts";
import { TooManyReportsError } from "../../audit/cluster/cluster-reports.ts";
import type { ErrorCode } from "../../errors/strongroom-error.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";

export interface WebhookStatus extends ResponseStatus {
  readonly reason: string;
  readonly message: string;
  /** Seconds until it may be tried again. */
  readonly retryAfter?: number;
}

const internal = [500, "InternalError"] as const;
const later = [503, "ServiceUnavailable"] as const;
const table = {
  "not-found": [404, "NotFound"],
  "already-exists": internal,
  conflict: internal,
  compacted: internal,
  "future-revision": internal,
  denied: [403, "Forbidden"],
  unauthenticated: [401, "Unauthorized"],
  sealed: later,
  "lease-not-found": internal,
  "too-large": [413, "RequestEntityTooLarge"],
  invalid: [400, "BadRequest"],
  unavailable: later,
  corrupt: internal,
} as const satisfies Record<ErrorCode, readonly [code: number, reason: string]>;

const retryAfterSeconds = 5;

/** What is no error of ours that a client may be told is a 500 without detail. */
export function webhookStatusOf(error: unknown): WebhookStatus {
  if (!isStrongroomError(error)) return { code: 500, reason: internal[1], message: "the batch could not be received" };
  const [code, reason] = error instanceof TooManyReportsError ? ([429, "TooManyRequests"] as const) : table[error.code];
  if (code === 500) return { code, reason, message: "the batch could not be received" };
  const isLater = code === 429 || code === 503;
  return { code, reason, message: error.message, ...(isLater && { retryAfter: retryAfterSeconds }) };
}

/** As it goes on record. */
export function recordedStatus(error: unknown): ResponseStatus {
  const { code, reason, message } = webhookStatusOf(error);
  return { code, reason, message };
}
