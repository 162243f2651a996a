/**
 * gRPC over the HTTP/2 streams of a server: one call per stream. Unary calls, and calls with streams in both directions.
 * Source: grpc/doc/PROTOCOL-HTTP2.md.
 *
 * `grpc-timeout` ends calls that only read. What a client asked to be written is written or not, whether it waits or not: an answer that its time
 * is over would say less than the client knows itself.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { frame, headBytes, onlyMessage, readFrames, tooLarge } from "./frames.ts";
import { encodeStatusMessage, GrpcError, grpcCodes } from "./grpc-status.ts";

export interface GrpcCall {
  readonly request: IncomingMessage;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly receivedAt: Date;
}

/** A call that lasts. */
export interface StreamCall extends GrpcCall {
  /** Aborts when the client is gone or the call has ended. */
  readonly signal: AbortSignal;
}

/** One message in, one out. What it raises is told as a status. */
export interface UnaryMethod {
  readonly type: "unary";
  /** Whether a call that takes too long for its client may be told so: nothing of it is left behind. */
  readonly onlyReads?: boolean | undefined;
  run(call: GrpcCall, message: Buffer): Promise<Uint8Array>;
}

/** `send` resolves when the client has taken enough to be sent more; the call is over when `run` is. */
export interface StreamMethod {
  readonly type: "stream";
  run(call: StreamCall, messages: AsyncIterable<Buffer>, send: (message: Uint8Array) => Promise<void>): Promise<void>;
}

export type Method = UnaryMethod | StreamMethod;

export interface ServeGrpcOptions {
  /** Undefined for what is not served. */
  readonly method: (path: string) => Method | undefined;
  /** What is told of a method that is not served, after its name. */
  readonly served: string;
  /** The largest message that is read. */
  readonly messageBytesMax: number;
  /** The status of what a method raised. */
  readonly statusOf: (error: unknown) => GrpcError;
  readonly now: () => Date;
}

/** Whether a request is a call. */
export function isGrpcRequest({ method, headers }: IncomingMessage): boolean {
  return method === "POST" && headers["content-type"]?.startsWith("application/grpc") === true;
}

/** Answers one call; never rejects. */
export async function serveGrpc(
  options: ServeGrpcOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? "";
  const { messageBytesMax } = options;
  response.statusCode = 200;
  response.setHeader("content-type", "application/grpc");
  try {
    const method = options.method(path);
    if (method === undefined) throw unimplemented(path, options.served);
    const call = { request, path, receivedAt: options.now() };
    if (method.type === "unary") {
      const within = method.onlyReads === true ? timeoutMsOf(request) : undefined;
      const message = onlyMessage(await wholeBody(request, messageBytesMax), messageBytesMax);
      const answered = method.run(call, message);
      succeed(response, frame(await (within === undefined ? answered : endedAfter(answered, within))));
    } else {
      await runStream(method, call, { response, messageBytesMax });
      succeed(response, undefined);
    }
  } catch (error) {
    fail(response, options.statusOf(error));
    if (!request.complete) cutOff(response);
  }
}

/** What each letter of a `grpc-timeout` is in milliseconds. */
const timeoutUnitsMs: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1000],
  ["m", 1],
  ["u", 1e-3],
  ["n", 1e-6],
]);
/** Longer than this is as good as no end; node's timers go no further. */
const timeoutMsMax = 2 ** 31 - 1;

/** How long a client waits; undefined when it does not say. Raises INVALID_ARGUMENT. */
function timeoutMsOf({ headers }: IncomingMessage): number | undefined {
  const text = headers["grpc-timeout"];
  if (text === undefined) return undefined;
  const [, digits = "", letter = ""] = /^(\d{1,8})([HMSmun])$/.exec(String(text)) ?? [];
  const unitMs = timeoutUnitsMs.get(letter);
  if (unitMs === undefined) {
    throw new GrpcError(grpcCodes.invalidArgument, "grpc-timeout must be at most 8 digits and one of H, M, S, m, u, n");
  }
  const timeoutMs = Number(digits) * unitMs;
  return timeoutMs > timeoutMsMax ? undefined : timeoutMs;
}

/** Raises DEADLINE_EXCEEDED when nothing has come by then; what comes later is dropped. */
async function endedAfter<T>(answered: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new GrpcError(grpcCodes.deadlineExceeded, "context deadline exceeded")), timeoutMs);
  });
  try {
    return await Promise.race([answered, over]);
  } finally {
    clearTimeout(timer);
  }
}

async function runStream(
  method: StreamMethod,
  call: GrpcCall,
  { response, messageBytesMax }: { readonly response: ServerResponse; readonly messageBytesMax: number },
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const messages = readFrames(call.request, messageBytesMax);
  response.flushHeaders();
  await method.run({ ...call, signal: gone.signal }, untilGone(messages, gone.signal), sender(response));
}

/** The body of a unary call. Raises `resource-exhausted` as soon as it is too large. */
function wholeBody(request: IncomingMessage, messageBytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > messageBytesMax + headBytes) {
        request.pause();
        reject(tooLarge(length, messageBytesMax));
      }
    });
    let isWhole = false;
    request.once("end", () => {
      isWhole = true;
      resolve(chunks[0] !== undefined && chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    const gone = () => {
      // Every request is closed in the end, and an error with its stack is not for nothing.
      if (!isWhole) reject(new GrpcError(grpcCodes.cancelled, "the client must wait for its answer"));
    };
    for (const event of ["aborted", "error", "close"]) request.once(event, gone);
  });
}

/** A client that goes ends its stream; that is no failure. */
async function* untilGone(messages: AsyncIterable<Buffer>, gone: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* messages;
  } catch (error) {
    if (!gone.aborted) throw error;
  }
}

/** Sends on one stream, for any number of senders: they wait for the same drain. */
function sender(response: ServerResponse): (message: Uint8Array) => Promise<void> {
  let drained: Promise<void> | undefined;
  return (message) => {
    if (response.destroyed || response.writableEnded || response.write(frame(message))) return Promise.resolve();
    drained ??= new Promise<void>((resolve) => {
      const done = () => {
        response.off("drain", done);
        response.off("close", done);
        drained = undefined;
        resolve();
      };
      response.on("drain", done);
      response.on("close", done);
    });
    return drained;
  };
}

/** Ends with the last message, if there is one more, and the status behind it. */
function succeed(response: ServerResponse, last: Buffer | undefined): void {
  if (response.destroyed || response.writableEnded) return;
  response.addTrailers({ "grpc-status": String(grpcCodes.ok) });
  response.end(last);
}

/** Without a message before, the status stands in the headers ("Trailers-Only"). */
function fail(response: ServerResponse, error: GrpcError): void {
  if (response.destroyed || response.writableEnded) return;
  const status = { "grpc-status": String(error.code), "grpc-message": encodeStatusMessage(error.message) };
  if (response.headersSent) response.addTrailers(status);
  else for (const [name, value] of Object.entries(status)) response.setHeader(name, value);
  response.end();
}

/**
 * Has the client stop sending what is not read: it may wait for room to send before it looks at the answer.
 * Source: RFC 9113, 8.1 (RST_STREAM with NO_ERROR after a complete answer).
 */
function cutOff(response: ServerResponse): void {
  const { stream } = response as ServerResponse & { readonly stream?: ServerHttp2Stream }; // there is one in node's objects for HTTP/2
  if (stream === undefined) return;
  if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
  else stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
}

function unimplemented(path: string, served: string): GrpcError {
  const [, service = "", method = ""] = path.split("/");
  return new GrpcError(grpcCodes.unimplemented, `strongroom: ${service}.${method} is not served: ${served}`);
}
