/**
 * The HTTP/1.1 half of the front: node:http over TLS connections that are handed
 * to it, with the limits of {@link HttpLimits}.
 *
 * The parser is node's strict one. It refuses what request smuggling needs:
 * Content-Length beside Transfer-Encoding, two lengths, a transfer coding other
 * than a final chunked, folded header lines, bare line feeds; {@link hostRefusal}
 * adds a missing or repeated Host (smuggling.test.ts has the list).
 */
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { HttpLimits } from "./limits.ts";

/** How often node looks for connections over a time limit. */
const checkingIntervalMs = 1000;

export function createHttp1Server(limits: HttpLimits, onRequest: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(checkingIntervalMs, limits.headersTimeoutMs),
      // hostRefusal checks it: node would answer 400 and still hand on the next request of the connection.
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    onRequest,
  );
  // Above this number node drops headers silently, an Authorization among them; their size is bounded already.
  server.maxHeadersCount = 0;
  server.on("clientError", answerClientError);
  // This server never listens: connections are handed to it. Node starts the timer
  // that enforces the time limits above on this event, and close() ends it.
  server.emit("listening");
  return server;
}

/**
 * Why a request must be refused with 400 for its Host header (RFC 9112, section 3.2:
 * exactly one in HTTP/1.1); undefined when it is right.
 */
export function hostRefusal(request: IncomingMessage): string | undefined {
  const { rawHeaders } = request;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  if (hosts === 1 || (hosts === 0 && request.httpVersion === "1.0")) return undefined;
  return "a request must have exactly one Host header";
}

/**
 * The open HTTP/1.1 connections and how many requests each has open (more than one
 * when the client pipelines). Node's own closeIdleConnections leaves those out
 * that have not asked anything yet.
 */
export class Http1Connections {
  readonly #openRequests = new Map<Socket, number>();
  readonly #refused = new WeakSet<Socket>();

  add(socket: Socket): void {
    this.#openRequests.set(socket, 0);
    socket.once("close", () => this.#openRequests.delete(socket));
  }

  /** Takes in a request; false when an earlier one on the connection was refused and this one must not be served. */
  beginRequest(socket: Socket): boolean {
    if (this.#refused.has(socket)) return false;
    this.#openRequests.set(socket, (this.#openRequests.get(socket) ?? 0) + 1);
    return true;
  }

  /** What was pipelined behind a refused request is not served. */
  refuseFurther(socket: Socket): void {
    this.#refused.add(socket);
  }

  endRequest(socket: Socket): void {
    const open = this.#openRequests.get(socket);
    if (open !== undefined) this.#openRequests.set(socket, open - 1);
  }

  /** Closes every connection on which nothing is being answered. */
  endIdle(): void {
    for (const [socket, open] of this.#openRequests) {
      // Once is enough, and nothing where it is destroyed: it waits with a listener, and this is called at the end of each answer.
      if (open === 0 && !socket.writableEnded && !socket.destroyed) socket.destroySoon();
    }
  }
}

/** Ends a connection whose bytes are not a request, with the status that says why. */
function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const status = statusOfParseError(error.code);
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

function statusOfParseError(code: string | undefined): string {
  if (code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return "413 Payload Too Large";
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "408 Request Timeout";
  return "400 Bad Request";
}
