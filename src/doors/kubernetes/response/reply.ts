/** What the door sends, and sending it. Source of the headers: apiserver pkg/endpoints/handlers/responsewriters/writers.go. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";

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
 * Sends a reply with backpressure; resolves when the answer has ended or the
 * client is gone. A stream is always run to its end or returned, so that what
 * brackets it (audit) completes.
 */
export async function sendReply(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  if (Buffer.isBuffer(reply.body) && !(reply.body.length > gzipBytesMin && acceptsGzip(request))) {
    // All at once: half the cost of setting them one by one.
    response.writeHead(reply.code, {
      "Content-Type": reply.contentType,
      "Cache-Control": "no-cache, private",
      ...reply.headers,
      "Content-Length": reply.body.length,
    });
    response.end(reply.body);
    return;
  }
  response.once("close", () => gone.add(response));
  response.setHeader("Content-Type", reply.contentType);
  response.setHeader("Cache-Control", "no-cache, private");
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.statusCode = reply.code;
  if (Buffer.isBuffer(reply.body)) return sendStream(request, response, single(reply.body));
  return reply.live === true ? sendLive(response, reply.body) : sendStream(request, response, reply.body);
}

function acceptsGzip(request: IncomingMessage): boolean {
  const header = request.headers["accept-encoding"];
  return typeof header === "string" && /(^|,)\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[^,]*)?(,|$)/i.test(header);
}

async function* single(body: Buffer): AsyncGenerator<Buffer> {
  yield body;
}

/** Collects until it is clear whether compression pays, then streams. */
async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  pieces: AsyncIterable<Buffer>,
): Promise<void> {
  const compressible = acceptsGzip(request);
  const held: Buffer[] = [];
  let heldBytes = 0;
  let sink: Sink | undefined;
  for await (const piece of pieces) {
    if (gone.has(response)) return;
    if (sink !== undefined) {
      await sink.write(piece);
      continue;
    }
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes <= gzipBytesMin) continue;
    sink = compressible ? gzipSink(response) : plainSink(response);
    await sink.write(Buffer.concat(held.splice(0)));
  }
  if (sink !== undefined) return sink.end();
  response.setHeader("Content-Length", heldBytes);
  response.end(Buffer.concat(held));
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

async function sendLive(response: ServerResponse, pieces: AsyncIterable<Buffer>): Promise<void> {
  response.flushHeaders();
  for await (const piece of pieces) {
    if (gone.has(response)) return;
    await writeTo(response, piece);
  }
  response.end();
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
