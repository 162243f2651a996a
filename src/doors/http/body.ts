/**
 * Reads a request's body into memory, within limits of size and time.
 */
import type { IncomingMessage } from "node:http";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { defaultHttpLimits } from "./limits.ts";

/** 3 MiB, as upstream's limit for request bodies. */
export const bodyBytesMaxDefault = 3 * 1024 * 1024;

/**
 * How much of a too large body is read and thrown away, so that a client that is
 * still sending sees the answer rather than a reset; above it the connection ends.
 */
const discardedBytesMax = 16 * 1024 * 1024;

export interface BodyTimeouts {
  /** Longest silence between two pieces. */
  readonly idleMs: number;
  /** Longest time for all of it. */
  readonly totalMs: number;
}

const defaultTimeouts: BodyTimeouts = {
  idleMs: defaultHttpLimits.bodyIdleTimeoutMs,
  totalMs: defaultHttpLimits.requestTimeoutMs,
};

/**
 * The whole body; empty for requests without one. To be called once per request,
 * before anything else reads it. The buffer belongs to the caller.
 *
 * Raises `too-large` above `bytesMax` (at once when Content-Length says so; nothing
 * is allocated ahead of the bytes that arrive) and `invalid` when the body is cut
 * short or comes too slowly - then the connection is broken and no answer arrives.
 */
export function readBody(
  request: IncomingMessage,
  bytesMax: number = bodyBytesMaxDefault,
  timeouts: BodyTimeouts = defaultTimeouts,
): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) {
    discard(request);
    return Promise.reject(tooLarge(bytesMax));
  }
  if (request.destroyed && !request.readableEnded) {
    return Promise.reject(new StrongroomError("invalid", "the request body must arrive completely"));
  }
  return new Promise((resolve, reject) => collect(request, bytesMax, timeouts, { resolve, reject }));
}

function collect(
  request: IncomingMessage,
  bytesMax: number,
  timeouts: BodyTimeouts,
  settle: { resolve: (body: Buffer) => void; reject: (error: StrongroomError) => void },
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const total = setTimeout(onTimeout, timeouts.totalMs);
  const idle = setTimeout(onTimeout, timeouts.idleMs);

  function onData(chunk: Buffer): void {
    idle.refresh();
    length += chunk.length;
    chunks.push(chunk);
    if (length <= bytesMax) return;
    finish();
    discard(request);
    settle.reject(tooLarge(bytesMax));
  }
  function onEnd(): void {
    finish();
    settle.resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length));
  }
  function onCut(): void {
    finish();
    settle.reject(new StrongroomError("invalid", "the request body must arrive completely"));
  }
  function onTimeout(): void {
    finish();
    request.destroy();
    settle.reject(new StrongroomError("invalid", "the request body must arrive in time"));
  }
  function finish(): void {
    clearTimeout(total);
    clearTimeout(idle);
    request.off("data", onData).off("end", onEnd).off("close", onCut).off("error", onCut);
    // An error that comes later must not be unhandled; the failure has been told.
    request.on("error", () => request.destroy());
  }
  request.on("data", onData).on("end", onEnd).on("close", onCut).on("error", onCut);
}

/** Reads on without keeping anything, up to a bound. */
function discard(request: IncomingMessage): void {
  let discarded = 0;
  request.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > discardedBytesMax) request.destroy();
  });
  request.on("error", () => request.destroy());
}

function tooLarge(bytesMax: number): StrongroomError {
  return new StrongroomError("too-large", `the request body must be at most ${bytesMax} bytes long`);
}
