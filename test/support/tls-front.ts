/** A listener for tests, and the ways to talk to it. */
import { request as httpsRequest } from "node:https";
import type { RequestOptions } from "node:https";
import { connect as connectHttp2 } from "node:http2";
import type { ClientHttp2Session, OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { once } from "node:events";
import { startListener } from "../../src/doors/http/listener.ts";
import type { HttpHandler, Listener } from "../../src/doors/http/listener.ts";
import type { HttpLimits } from "../../src/doors/http/limits.ts";
import { makeCertificates } from "./certificates.ts";

export const certificates = makeCertificates();

/** What a client needs to trust the server and to be alice. */
export const asAlice: ConnectionOptions = {
  ca: certificates.ca.certPem,
  cert: certificates.client.certPem,
  key: certificates.client.keyPem,
  servername: "localhost",
};

export interface TestFront extends AsyncDisposable {
  readonly listener: Listener;
  readonly errors: unknown[];
}

/** Starts a front on a free loopback port. */
export async function startFront(handler: HttpHandler, limits: Partial<HttpLimits> = {}): Promise<TestFront> {
  const errors: unknown[] = [];
  const listener = await startListener({
    host: "127.0.0.1",
    port: 0,
    tls: { ...certificates.server, clientCaPem: certificates.ca.certPem },
    limits,
    handler,
    onError: (error) => errors.push(error),
  });
  return { listener, errors, [Symbol.asyncDispose]: () => listener.close() };
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** One HTTP/1.1 request, on a connection of its own unless an agent is given. */
export async function get1(
  front: TestFront,
  path: string,
  options: RequestOptions = {},
  body?: string | Buffer,
): Promise<Answer> {
  const request = httpsRequest({
    ...asAlice,
    host: "127.0.0.1",
    port: front.listener.port,
    path,
    agent: false,
    ...options,
  });
  request.end(body);
  const [response] = await once(request, "response");
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

export function openHttp2(front: TestFront, options: ConnectionOptions = {}): ClientHttp2Session {
  const session = connectHttp2(`https://127.0.0.1:${front.listener.port}`, { ...asAlice, ...options });
  session.on("error", () => undefined);
  return session;
}

export async function get2(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const [answer] = await once(stream, "response");
  stream.setEncoding("utf8");
  let text = "";
  for await (const chunk of stream) text += chunk;
  return { status: Number(answer[":status"]), headers: answer, body: text };
}

/** A TLS connection that speaks bytes; resolves after the handshake. */
export async function openTls(front: TestFront, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    ...asAlice,
    host: "127.0.0.1",
    port: front.listener.port,
    ALPNProtocols: ["http/1.1"],
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}

/** Everything that arrives until the server closes. Resets count as a close. */
export function readToEnd(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(text));
  });
}
