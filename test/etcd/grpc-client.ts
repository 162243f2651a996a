/** A client of the etcd door that sends what it is told to, message by message; also what no client would. */
import { connect } from "node:http2";
import type { ClientHttp2Stream } from "node:http2";
import { frame } from "../../src/grpc/frames.ts";
import type { ClientCredentials } from "../running-server.ts";

export interface GrpcAnswer {
  readonly status: number;
  readonly message: string;
  readonly messages: readonly Buffer[];
}

export interface OpenCall {
  readonly stream: ClientHttp2Stream;
  send(message: Uint8Array): void;
  /** The next message; undefined when there is no more. */
  next(): Promise<Buffer | undefined>;
  /** Says that no more messages come, and resolves to how the call ended. */
  end(): Promise<Pick<GrpcAnswer, "status" | "message">>;
}

export interface GrpcClient extends AsyncDisposable {
  /** One message, already framed or not at all, and the answer. */
  raw(path: string, body: Uint8Array, headers?: Record<string, string>): Promise<GrpcAnswer>;
  unary(path: string, message: Uint8Array): Promise<GrpcAnswer>;
  open(path: string): OpenCall;
}

export function grpcClient(url: string, { ca, cert, key }: ClientCredentials): GrpcClient {
  const session = connect(url, { ca, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) });
  session.on("error", () => {}); // each stream says so too
  const open = (path: string, headers: Record<string, string> = {}) =>
    openCall(
      session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      }),
    );
  const raw: GrpcClient["raw"] = async (path, body, headers) => {
    const call = open(path, headers);
    call.stream.write(body);
    const { status, message } = await call.end();
    const messages: Buffer[] = [];
    for (let next = await call.next(); next !== undefined; next = await call.next()) messages.push(next);
    return { status, message, messages };
  };
  return {
    raw,
    unary: (path, message) => raw(path, frame(message)),
    open: (path) => open(path),
    async [Symbol.asyncDispose]() {
      session.destroy();
    },
  };
}

function openCall(stream: ClientHttp2Stream): OpenCall {
  const arrived: Buffer[] = [];
  let pending = Buffer.alloc(0);
  let status: Record<string, unknown> = {};
  const state = { ended: false };
  let wake = () => {};
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  stream.on("response", (headers) => (status = { ...status, ...headers }));
  stream.on("trailers", (headers) => (status = { ...status, ...headers }));
  stream.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
      const end = 5 + pending.readUInt32BE(1);
      arrived.push(pending.subarray(5, end));
      pending = pending.subarray(end);
    }
    wake();
  });
  stream.on("error", (error) => (status = { "grpc-status": "-1", "grpc-message": error.message, ...status }));
  stream.on("close", () => {
    state.ended = true;
    wake();
    finish();
  });
  return {
    stream,
    send: (message) => void stream.write(frame(message)),
    async next() {
      while (arrived.length === 0 && !state.ended) await new Promise<void>((resolve) => (wake = resolve));
      return arrived.shift();
    },
    async end() {
      stream.end();
      await over;
      const message = decodeURIComponent(String(status["grpc-message"] ?? ""));
      return { status: Number(status["grpc-status"] ?? -1), message };
    },
  };
}
