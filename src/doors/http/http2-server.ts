/**
 * The HTTP/2 half of the front: node:http2 over TLS connections that are handed to
 * it, with the limits of {@link HttpLimits}, and connections without a request
 * closed in time - whatever else the client sends on them.
 */
import { constants, createServer } from "node:http2";
import type { Http2Server, Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { HttpLimits } from "./limits.ts";

export type Http2RequestListener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

export function createHttp2Server(limits: HttpLimits, onRequest: Http2RequestListener): Http2Server {
  // A variable, because node's type declarations lack maxSessionInvalidFrames, which node documents and reads.
  const options = {
    settings: {
      maxConcurrentStreams: limits.http2StreamsMax,
      maxHeaderListSize: limits.headerBytesMax,
      enablePush: false,
      enableConnectProtocol: false,
    },
    maxSessionMemory: limits.http2SessionMemoryMbMax,
    maxSettings: limits.http2SettingsMax,
    maxOutstandingPings: limits.http2OutstandingPingsMax,
    streamResetBurst: limits.http2ResetBurst,
    streamResetRate: limits.http2ResetsPerSecond,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: limits.http2StreamsMax,
  };
  return createServer(options, onRequest);
}

interface SessionState {
  openStreams: number;
  everAsked: boolean;
  /** When the last stream ended, or the session began. */
  quietSinceMs: number;
  goneAway: boolean;
}

/** The open HTTP/2 connections and how long each has been without a request. */
export class Http2Sessions {
  readonly #states = new Map<ServerHttp2Session, SessionState>();
  readonly #limits: HttpLimits;
  readonly #nowMs: () => number;

  constructor(limits: HttpLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  add(session: ServerHttp2Session): void {
    const state = { openStreams: 0, everAsked: false, quietSinceMs: this.#nowMs(), goneAway: false };
    this.#states.set(session, state);
    session.once("close", () => this.#states.delete(session));
    session.on("stream", (stream) => {
      state.openStreams += 1;
      state.everAsked = true;
      stream.once("close", () => {
        state.openStreams -= 1;
        state.quietSinceMs = this.#nowMs();
      });
    });
  }

  /** To be called about once a second. Says goodbye to quiet connections, and ends those that do not go. */
  sweep(): void {
    for (const [session, state] of this.#states) {
      if (state.openStreams > 0) continue;
      const allowedMs = state.everAsked ? this.#limits.keepAliveTimeoutMs : this.#limits.headersTimeoutMs;
      if (this.#nowMs() - state.quietSinceMs < allowedMs) continue;
      if (state.goneAway) session.destroy();
      else session.close();
      state.goneAway = true;
    }
  }

  /** Tells every client to open no further request here (GOAWAY); open ones finish. */
  goAway(): void {
    for (const session of this.#states.keys()) session.close();
  }

  destroyAll(): void {
    for (const session of this.#states.keys()) session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
  }
}
