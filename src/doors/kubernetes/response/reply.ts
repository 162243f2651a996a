/** What the door sends, and sending it. Source of the headers: apiserver pkg/endpoints/handlers/responsewriters/writers.go. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { isGone } from "../answer-end.ts";

export interface Reply {
  readonly code: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Buffer | AsyncIterable<Buffer>;
  /** A watch: headers leave at once, every piece is flushed, nothing is compressed. */
  readonly live?: boolean;
}

/** Bodies above this size are compressed for clients that accept gzip, as upstream. */
const gzipBytesMin = 128 * 1024;

/**
 * Sends a reply with backpressure; resolves to the code that was sent when the
 * answer has ended or the client is gone. A stream is always run to its end or
 * returned, so that what brackets it (audit) completes.
 *
 * A stream that fails before anything of it was sent is answered with what
 * `failure` makes of the error; one that fails later raises, and the answer has
 * to be cut. (A live one has begun when it is opened.)
 */
export async function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  failure: (error: unknown) => WholeReply,
): Promise<number> {
  const { body } = reply;
  if (Buffer.isBuffer(body) && !(body.length > gzipBytesMin && acceptsGzip(request))) {
    return sendWhole(response, { ...reply, body });
  }
  // Who went while the answer was made has closed it already, and that comes only once.
  if (isGone(response)) gone.add(response);
  else response.once("close", () => gone.add(response));
  if (Buffer.isBuffer(body)) return sendStream({ request, response, reply, pieces: single(body), failure });
  if (reply.live === true) return sendLive(response, reply, body);
  return sendStream({ request, response, reply, pieces: body, failure });
}

/** A reply that is there as a whole. */
export type WholeReply = Reply & { readonly body: Buffer };

function sendWhole(response: ServerResponse, reply: WholeReply): number {
  // All at once: half the cost of setting them one by one.
  response.writeHead(reply.code, {
    "Content-Type": reply.contentType,
    "Cache-Control": "no-cache, private",
    ...reply.headers,
    "Content-Length": reply.body.length,
  });
  response.end(reply.body);
  return reply.code;
}

function setHeaders(response: ServerResponse, reply: Reply): void {
  response.setHeader("Content-Type", reply.contentType);
  response.setHeader("Cache-Control", "no-cache, private");
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.statusCode = reply.code;
}

function acceptsGzip(request: IncomingMessage): boolean {
  const header = request.headers["accept-encoding"];
  return typeof header === "string" && /(^|,)\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[^,]*)?(,|$)/i.test(header);
}

async function* single(body: Buffer): AsyncGenerator<Buffer> {
  yield body;
}

/** Collects until it is clear whether compression pays, then streams. */
async function sendStream(exchange: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly reply: Reply;
  readonly pieces: AsyncIterable<Buffer>;
  readonly failure: (error: unknown) => WholeReply;
}): Promise<number> {
  const { request, response, reply } = exchange;
  const compressible = acceptsGzip(request);
  const held: Buffer[] = [];
  let heldBytes = 0;
  let sink: Sink | undefined;
  try {
    for await (const piece of exchange.pieces) {
      if (gone.has(response)) return reply.code;
      if (sink !== undefined) {
        await sink.write(piece);
        continue;
      }
      held.push(piece);
      heldBytes += piece.length;
      if (heldBytes <= gzipBytesMin) continue;
      setHeaders(response, reply);
      sink = compressible ? gzipSink(response) : plainSink(response);
      await sink.write(Buffer.concat(held.splice(0)));
    }
  } catch (error) {
    if (sink !== undefined) throw error;
    return sendWhole(response, exchange.failure(error));
  }
  if (sink === undefined) return sendWhole(response, { ...reply, body: Buffer.concat(held) });
  await sink.end();
  return reply.code;
}

interface Sink {
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
}

function plainSink(response: ServerResponse): Sink {
  return {
    write: (bytes) => writeTo(response, bytes),
    end: async () => {
      response.end();
    },
  };
}

function gzipSink(response: ServerResponse): Sink {
  response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Vary", "Accept-Encoding");
  const gzip = createGzip({ level: 4 });
  gzip.pipe(response);
  response.once("close", () => gzip.destroy());
  return {
    async write(bytes) {
      if (!gzip.destroyed && !gzip.write(bytes)) await drained(gzip);
    },
    async end() {
      gzip.end();
    },
  };
}

async function sendLive(response: ServerResponse, reply: Reply, pieces: AsyncIterable<Buffer>): Promise<number> {
  setHeaders(response, reply);
  response.flushHeaders();
  for await (const piece of pieces) {
    if (gone.has(response)) return reply.code;
    await writeTo(response, piece);
  }
  response.end();
  return reply.code;
}

/** Answers whose client has gone: an HTTP/2 answer has no `destroyed`, and its `close` comes once. */
const gone = new WeakSet<ServerResponse>();
/** Larger writes would fill the memory that an HTTP/2 session may use, which a reset does not give back. */
const sliceBytes = 64 * 1024;

async function writeTo(response: ServerResponse, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !gone.has(response); at += sliceBytes) {
    if (!response.write(bytes.subarray(at, at + sliceBytes)) && !gone.has(response)) await drained(response);
  }
}

/** Waits until a stream takes more, or is gone; leaves no listener behind. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
