/** A server of gRPC, without TLS, whose methods a test gives. */
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { GrpcError, grpcCodes } from "../../src/grpc/grpc-status.ts";
import { serveGrpc } from "../../src/grpc/serve-grpc.ts";

type Run = (message: Buffer) => Promise<Uint8Array> | Uint8Array;

/** By their path; what they raise is told as it is when it is a status. */
export type UnaryMethods = Readonly<Record<string, Run | { readonly onlyReads: boolean; readonly run: Run }>>;

/** Listens on a port of its own, or on a unix socket. */
export async function startGrpcServer(
  methods: UnaryMethods,
  at: { readonly port: number } | { readonly path: string } = { port: 0 },
): Promise<AsyncDisposable & { readonly url: string }> {
  const options = {
    method: (path: string) => {
      const method = methods[path];
      if (method === undefined) return undefined;
      const { run, onlyReads } = typeof method === "function" ? { run: method, onlyReads: false } : method;
      return { type: "unary" as const, onlyReads, run: async (_: unknown, message: Buffer) => await run(message) };
    },
    served: "it is for a test",
    messageBytesMax: 1 << 20,
    statusOf: (error: unknown) => {
      return error instanceof GrpcError ? error : new GrpcError(grpcCodes.internal, "it must not fail");
    },
    now: () => new Date(),
  };
  // The compatible classes of node:http2 have what the server uses of those of node:http.
  const server = createServer((request, response) => void serveGrpc(options, request as never, response as never));
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => void sessions.add(session));
  server.listen({ host: "127.0.0.1", ...at });
  await once(server, "listening");
  const address = server.address() as AddressInfo | string; // it listens
  return {
    url: typeof address === "string" ? `unix://${address}` : `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
