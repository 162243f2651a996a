/** Unary calls of gRPC over one HTTP/2 connection, which is made when it is needed. Source: grpc/doc/PROTOCOL-HTTP2.md. */
import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import { frame, headBytes, onlyMessage, tooLarge } from "./frames.ts";
import { decodeStatusMessage, GrpcError, grpcCodes } from "./grpc-status.ts";
import type { GrpcCode } from "./grpc-status.ts";

export interface GrpcClientOptions {
  /** Opens a connection; what it raises is raised by the call. */
  readonly connect: () => Socket;
  /** The largest message that is taken for an answer. */
  readonly messageBytesMax: number;
  /** How much may be under way of an answer; the 64 KiB of HTTP/2 if not given, which is little for long answers from afar. */
  readonly windowBytes?: number;
}

/**
 * A client of one server. A call that is not answered in time takes the connection with it, so that the next one finds
 * whoever listens then, and not the process that hangs.
 */
export class GrpcClient implements Disposable {
  readonly #options: GrpcClientOptions;
  #session: ClientHttp2Session | undefined;

  constructor(options: GrpcClientOptions) {
    this.#options = options;
  }

  /**
   * The answer to a call. Raises GrpcError: the status of the server, `deadline-exceeded` when it takes longer than `timeoutMs`,
   * `unavailable` without a connection and for what is no answer of gRPC, `resource-exhausted` for one that is too large.
   */
  async unary(path: string, message: Uint8Array, timeoutMs: number): Promise<Buffer> {
    const session = this.#connected();
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": `${Math.max(1, Math.round(timeoutMs))}m`,
    });
    const timer = setTimeout(() => {
      stream.destroy(new GrpcError(grpcCodes.deadlineExceeded, `the server must answer within ${timeoutMs} ms`));
      this.#drop(session);
    }, timeoutMs);
    try {
      stream.end(frame(message));
      return await answerOf(stream, this.#options.messageBytesMax);
    } catch (error) {
      stream.destroy();
      throw error instanceof GrpcError ? error : unavailable(error);
    } finally {
      clearTimeout(timer);
      if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  /** Ends the connection; calls that are under way fail. */
  [Symbol.dispose](): void {
    if (this.#session !== undefined) this.#drop(this.#session);
  }

  #connected(): ClientHttp2Session {
    const usable = this.#session;
    if (usable !== undefined && !usable.closed && !usable.destroyed) return usable;
    const { connect: createConnection, windowBytes } = this.#options;
    const settings = windowBytes === undefined ? {} : { initialWindowSize: windowBytes };
    const session = connect("http://localhost", { createConnection, settings });
    if (windowBytes !== undefined) session.once("connect", () => session.setLocalWindowSize(windowBytes));
    session.on("error", () => this.#drop(session)); // each call that is under way says so too
    session.on("goaway", () => this.#forget(session));
    session.on("close", () => this.#forget(session));
    this.#session = session;
    return session;
  }

  #forget(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
  }

  #drop(session: ClientHttp2Session): void {
    this.#forget(session);
    session.destroy();
  }
}

async function answerOf(stream: ClientHttp2Stream, messageBytesMax: number): Promise<Buffer> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on("response", (received) => (headers = received));
  stream.on("trailers", (received) => (trailers = received));
  const body = await bodyOf(stream, messageBytesMax);
  if (Number(headers[constants.HTTP2_HEADER_STATUS]) !== 200) throw unavailable("the answer must have the status 200");
  if (headers["content-type"]?.startsWith("application/grpc") !== true)
    throw unavailable("the answer must be one of gRPC");
  requireOk({ ...headers, ...trailers });
  return onlyMessage(body, messageBytesMax);
}

function bodyOf(stream: ClientHttp2Stream, messageBytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > messageBytesMax + headBytes) stream.destroy(tooLarge(length, messageBytesMax));
    });
    stream.once("error", reject);
    // Trailers come before either. A server that has had enough ends its answer before it was sent everything, and may reset the rest.
    for (const event of ["end", "close"]) stream.once(event, () => resolve(Buffer.concat(chunks)));
  });
}

function requireOk(headers: IncomingHttpHeaders): void {
  const status = headers["grpc-status"];
  if (status === "0") return;
  const code = Object.values(grpcCodes).find((known) => String(known) === status);
  if (code === undefined) throw unavailable("the answer must end with a status of gRPC");
  throw new GrpcError(code satisfies GrpcCode, decodeStatusMessage(String(headers["grpc-message"] ?? "")));
}

function unavailable(cause: unknown): GrpcError {
  const reason = typeof cause === "string" ? cause : "the server must be reachable";
  return new GrpcError(grpcCodes.unavailable, reason, { cause });
}
