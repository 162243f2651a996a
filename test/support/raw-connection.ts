/** Bytes over TLS, as no HTTP client would send them. */
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import type { TestServer } from "../running-server.ts";

/** Connects as the administrator, over HTTP/1.1. */
export function connectRaw(server: TestServer): Promise<TLSSocket> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: "127.0.0.1", servername: "localhost", ...server.credentials });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends bytes and resolves to everything that came back when the server has closed the connection. */
export async function exchangeRaw(server: TestServer, bytes: string | Buffer): Promise<string> {
  const socket = await connectRaw(server);
  return new Promise((resolve) => {
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
    socket.on("error", () => {}); // a reset is a clean close, too; `close` follows
    socket.once("close", () => resolve(received));
    socket.write(bytes);
  });
}

/** The answer to one request line that is sent as it stands, with `Connection: close`. */
export async function requestRaw(
  server: TestServer,
  method: string,
  target: string,
): Promise<{ status: number; text: string }> {
  const text = await exchangeRaw(
    server,
    `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
}
