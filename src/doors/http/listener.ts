/**
 * The TLS front that all doors share: accepts connections, bounds everything a
 * client could do before a door sees its request, and speaks HTTP/1.1 and HTTP/2.
 *
 *   TCP accept -> HandshakeLimiter -> TLS -> ALPN -> node:http  \
 *                                              \--> node:http2  -> handler
 *
 * The two HTTP servers never listen; TLS connections are handed to them, which is
 * what their `connection` event is documented for. So each has its own limits, and
 * the plain TCP server in front can refuse a connection before TLS costs anything.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as TcpServer, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Server as TlsServer, TLSSocket } from "node:tls";
import { ActiveRequests, makeLast } from "./active-requests.ts";
import { clientNetwork } from "./client-address.ts";
import { HandshakeLimiter } from "./handshake-limiter.ts";
import { createHttp1Server, hostRefusal, Http1Connections } from "./http1-server.ts";
import { createHttp2Server, Http2Sessions } from "./http2-server.ts";
import { defaultHttpLimits } from "./limits.ts";
import type { HttpLimits } from "./limits.ts";
import { requestTarget } from "./request-target.ts";
import { secureContextOptions } from "./tls-options.ts";
import type { TlsMaterial } from "./tls-options.ts";

/**
 * Answers one request. HTTP/2 requests come as node's compatibility objects, which
 * have the same shape; what differs there: `statusMessage` and `Connection` are
 * ignored, `request.socket` is a proxy of the TLS socket (its `authorized`,
 * `getPeerCertificate` and `remoteAddress` work), `response.write` may be refused
 * after the client reset the stream (listen to `close`). `request.headers.host` is
 * set for both. `request.url` always begins with `/` or is `*`.
 *
 * What it throws or rejects with goes to `onError`, and the client gets a 500
 * without detail if no answer had begun, else a broken answer.
 */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface ListenerOptions {
  /** Address or host name to bind, e.g. `127.0.0.1`. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls: TlsMaterial;
  /** Deviations from {@link defaultHttpLimits}. */
  readonly limits?: Partial<HttpLimits>;
  readonly handler: HttpHandler;
  /** For the log. Never called for what a client alone can cause. */
  readonly onError: (error: unknown) => void;
}

/** Counters since the start, and gauges, for metrics. */
export interface ListenerStats {
  readonly openConnections: number;
  readonly waitingHandshakes: number;
  readonly refusedConnections: number;
  readonly failedHandshakes: number;
  readonly activeRequests: number;
  readonly stalledWritesCut: number;
}

export interface Listener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Aborts when draining begins: long-lived answers (watches) should then end by themselves. */
  readonly draining: AbortSignal;
  stats(): ListenerStats;
  /** Uses new certificates for handshakes from now on; open connections keep theirs. Raises on unusable material. */
  setTls(material: TlsMaterial): void;
  /**
   * Stops gently: no new connections, idle ones closed, `Connection: close` and
   * GOAWAY to the others, open requests finish, those whose client has gone too. What
   * is still open after `deadlineMs` is cut. Resolves when nothing is open, to the number of
   * connections that had to be cut. A second call returns the same promise.
   */
  drain(deadlineMs: number): Promise<number>;
  /** Stops at once. Idempotent. */
  close(): Promise<void>;
}

/** Binds and serves; rejects when the address cannot be bound or the TLS material is unusable. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const listener = new TlsListener(options);
  await listener.listen(options.host, options.port);
  return listener;
}

/** How often time limits that node does not enforce itself are looked at. */
const sweepIntervalMs = 1000;
/** Dead peers (a machine that lost power) are found by TCP probes after this silence. */
const tcpKeepAliveMs = 30_000;

class TlsListener implements Listener {
  readonly #limits: HttpLimits;
  readonly #options: ListenerOptions;
  readonly #tcp: TcpServer;
  readonly #tls: TlsServer;
  readonly #http1: HttpServer;
  readonly #http2: Http2Server;
  readonly #handshakes: HandshakeLimiter<Socket>;
  readonly #sessions: Http2Sessions;
  readonly #http1Connections = new Http1Connections();
  readonly #active: ActiveRequests;
  readonly #drainController = new AbortController();
  /** Handlers at work; one may outlive its client's connection. */
  readonly #handling = new Set<Promise<void>>();
  readonly #connections = new Set<Socket>();
  /** Those of them whose handshake is not done, by {@link peerKey}. */
  readonly #handshaking = new Map<string, Socket>();
  readonly #sweepTimer: NodeJS.Timeout;
  #address: AddressInfo = { address: "", family: "", port: 0 };
  #refusedConnections = 0;
  #failedHandshakes = 0;
  #drained: Promise<number> | undefined;
  #onConnectionsGone: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#limits = { ...defaultHttpLimits, ...options.limits };
    this.#active = new ActiveRequests(this.#limits.writeStallTimeoutMs, nowMs);
    this.#sessions = new Http2Sessions(this.#limits, nowMs);
    this.#http1 = createHttp1Server(this.#limits, (request, response) => this.#onHttp1Request(request, response));
    this.#http2 = createHttp2Server(this.#limits, (request, response) => this.#onHttp2Request(request, response));
    this.#http2.on("session", (session) => this.#sessions.add(session));
    this.#tls = this.#createTlsServer();
    this.#handshakes = this.#createHandshakeLimiter();
    this.#tcp = this.#createTcpServer();
    this.#sweepTimer = setInterval(() => this.#sweep(), sweepIntervalMs).unref();
  }

  get host(): string {
    return this.#address.address;
  }

  get port(): number {
    return this.#address.port;
  }

  get draining(): AbortSignal {
    return this.#drainController.signal;
  }

  async listen(host: string, port: number): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#tcp.once("error", reject);
        this.#tcp.listen({ host, port }, resolve);
      });
    } catch (error) {
      this.#release();
      throw error;
    }
    this.#tcp.on("error", this.#options.onError);
    this.#address = this.#tcp.address() as AddressInfo; // a bound TCP server's address is neither null nor a path
  }

  stats(): ListenerStats {
    return {
      openConnections: this.#connections.size,
      waitingHandshakes: this.#handshakes.waiting,
      refusedConnections: this.#refusedConnections,
      failedHandshakes: this.#failedHandshakes,
      activeRequests: this.#active.size,
      stalledWritesCut: this.#active.stalledWritesCut,
    };
  }

  setTls(material: TlsMaterial): void {
    this.#tls.setSecureContext(secureContextOptions(material));
  }

  drain(deadlineMs: number): Promise<number> {
    this.#drained ??= this.#drain(deadlineMs);
    return this.#drained;
  }

  async close(): Promise<void> {
    if (this.#drained === undefined) await this.drain(0);
    this.#cutConnections();
    await this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #createTcpServer(): TcpServer {
    // Paused: not a byte is read from a connection that waits for its turn.
    const server = createTcpServer(
      { pauseOnConnect: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs },
      (socket) => this.#onConnection(socket),
    );
    server.maxConnections = this.#limits.connectionsMax;
    server.on("drop", () => (this.#refusedConnections += 1));
    return server;
  }

  #createHandshakeLimiter(): HandshakeLimiter<Socket> {
    return new HandshakeLimiter<Socket>({
      perSecond: this.#limits.handshakesPerSecond,
      burst: this.#limits.handshakeBurst,
      delayMsMax: this.#limits.handshakeDelayMsMax,
      start: (socket) => this.#tls.emit("connection", socket),
      refuse: (socket) => {
        this.#refusedConnections += 1;
        // Without the lingering state of an orderly close, of which a flood would leave thousands.
        socket.resetAndDestroy();
      },
      nowMs,
      schedule: (callback, delayMs) => {
        const timer = setTimeout(callback, delayMs).unref();
        return () => clearTimeout(timer);
      },
    });
  }

  #createTlsServer(): TlsServer {
    const server = createTlsServer({
      ...secureContextOptions(this.#options.tls),
      ALPNProtocols: ["h2", "http/1.1"],
      requestCert: true,
      // The door decides by `authorized`: a caller without a certificate gets a 401 of its protocol.
      rejectUnauthorized: false,
      handshakeTimeout: this.#limits.handshakeTimeoutMs,
    });
    server.on("secureConnection", (socket) => this.#onSecureConnection(socket));
    server.on("tlsClientError", (_error, socket) => {
      this.#failedHandshakes += 1;
      socket.destroy();
    });
    return server;
  }

  #onConnection(socket: Socket): void {
    const key = peerKey(socket);
    this.#connections.add(socket);
    this.#handshaking.set(key, socket);
    // A reset by the client is no error of ours; `close` follows and tells the rest.
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#handshaking.delete(key);
      if (this.#connections.size === 0) this.#onConnectionsGone?.();
    });
    this.#handshakes.offer(socket, clientNetwork(socket.remoteAddress ?? ""));
  }

  #onSecureConnection(socket: TLSSocket): void {
    this.#handshaking.delete(peerKey(socket));
    socket.on("error", () => socket.destroy());
    if (socket.alpnProtocol === "h2") this.#http2.emit("connection", socket);
    else {
      this.#http1Connections.add(socket);
      this.#http1.emit("connection", socket);
    }
  }

  #onHttp1Request(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (!this.#http1Connections.beginRequest(socket)) return;
    response.on("close", () => {
      this.#http1Connections.endRequest(socket);
      // An answer whose headers left before the drain has promised to keep the connection.
      if (this.draining.aborted) this.#http1Connections.endIdle();
    });
    if (this.draining.aborted) makeLast(response);
    const target = requestTarget(request.url ?? "", this.#limits.urlBytesMax);
    const refusal = hostRefusal(request);
    if (target.ok && refusal === undefined) {
      this.#serve(request, response, target.url, () => socket.destroy());
      return;
    }
    makeLast(response);
    this.#http1Connections.refuseFurther(socket);
    if (!target.ok) answerPlainly(response, target.status, target.reason);
    else answerPlainly(response, 400, refusal ?? "");
  }

  #onHttp2Request(request: Http2ServerRequest, response: Http2ServerResponse): void {
    // Node documents the compatibility objects as having the shape of the HTTP/1 ones.
    const [request1, response1] = [request as unknown as IncomingMessage, response as unknown as ServerResponse];
    request.headers.host ??= request.authority;
    const target = requestTarget(request.url, this.#limits.urlBytesMax);
    if (target.ok) {
      this.#serve(request1, response1, target.url, () => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    } else answerPlainly(response1, target.status, target.reason);
  }

  #serve(request: IncomingMessage, response: ServerResponse, url: string, cut: () => void): void {
    request.url = url;
    this.#active.add(response, cut);
    response.on("error", this.#options.onError);
    const handling = this.#handle(request, response, cut);
    this.#handling.add(handling);
    void handling.finally(() => this.#handling.delete(handling));
  }

  async #handle(request: IncomingMessage, response: ServerResponse, cut: () => void): Promise<void> {
    try {
      await this.#options.handler(request, response);
    } catch (error) {
      this.#options.onError(error);
      // An answer that has begun can only be broken off: ending it would make it look complete.
      if (response.headersSent) cut();
      else answerPlainly(response, 500, "the request could not be served");
    }
  }

  #sweep(): void {
    this.#active.sweep();
    this.#sessions.sweep();
  }

  async #drain(deadlineMs: number): Promise<number> {
    this.#tcp.close();
    this.#handshakes.refuseAll();
    for (const socket of this.#handshaking.values()) socket.destroy();
    this.#drainController.abort();
    for (const response of this.#active.responses()) makeLast(response);
    this.#sessions.goAway();
    this.#http1Connections.endIdle();
    const startedMs = nowMs();
    const cut = await this.#connectionsGone(deadlineMs);
    await this.#handlersDone(deadlineMs - (nowMs() - startedMs));
    this.#release();
    return cut;
  }

  /**
   * A client that goes does not undo its request: what handles it must find the store
   * and the audit log open until it has written its record, or the time is over.
   */
  async #handlersDone(deadlineMs: number): Promise<void> {
    if (this.#handling.size === 0 || deadlineMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([Promise.all(this.#handling), deadline]);
    clearTimeout(timer);
  }

  /** Resolves when no connection is open; cuts the remaining ones at the deadline and counts them. */
  async #connectionsGone(deadlineMs: number): Promise<number> {
    if (this.#connections.size === 0) return 0;
    const gone = new Promise<void>((resolve) => (this.#onConnectionsGone = resolve));
    let cut = 0;
    const timer = setTimeout(() => (cut = this.#cutConnections()), deadlineMs);
    await gone;
    clearTimeout(timer);
    return cut;
  }

  #cutConnections(): number {
    const cut = this.#connections.size;
    for (const socket of this.#connections) socket.destroy();
    return cut;
  }

  /** Ends the timers; the servers that never listened have nothing else to close. */
  #release(): void {
    clearInterval(this.#sweepTimer);
    this.#http1.close();
  }
}

/** What a TCP connection and the TLS connection over it have in common, and no other open connection has. */
function peerKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

function answerPlainly(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${reason}\n`);
}

function nowMs(): number {
  return performance.now();
}
