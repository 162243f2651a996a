/**
 * What the TLS front allows, before any door sees a request. Every limit has a
 * name and a default here; docs/ARCHITECTURE.md refers to this file.
 */
export interface HttpLimits {
  /** Sum of a request's header section, request line included; more is 431. */
  readonly headerBytesMax: number;
  /** Path and query; more is 414. Must be below `headerBytesMax`, which bounds the request line too. */
  readonly urlBytesMax: number;
  /** From the end of the handshake (or the first byte of a later request) to the end of the headers; then 408. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body; then 408 (HTTP/1.1) or a failed read. */
  readonly requestTimeoutMs: number;
  /** Longest silence while a body is being read. */
  readonly bodyIdleTimeoutMs: number;
  /**
   * How long a connection without a request stays open. Longer than the 90 s of
   * Go's HTTP clients, so that the client closes first and never writes into a
   * connection that is just being closed.
   */
  readonly keepAliveTimeoutMs: number;
  /** How long a client may leave pending answer bytes unread before it is cut off. */
  readonly writeStallTimeoutMs: number;
  /** Open connections, those that wait for their handshake included; more are closed at once. */
  readonly connectionsMax: number;
  /** Concurrent requests on one HTTP/2 connection. */
  readonly http2StreamsMax: number;
  /** Memory of one HTTP/2 connection in MB; new streams are refused above it. */
  readonly http2SessionMemoryMbMax: number;
  /** Settings of one HTTP/2 SETTINGS frame; more ends the connection. */
  readonly http2SettingsMax: number;
  /** Unanswered PING frames of one HTTP/2 connection. */
  readonly http2OutstandingPingsMax: number;
  /** RST_STREAM frames a client may send at once (rapid reset, CVE-2023-44487); more ends the connection. */
  readonly http2ResetBurst: number;
  /** RST_STREAM frames per second on average. */
  readonly http2ResetsPerSecond: number;
  /** TLS handshakes that start per second on average, all clients together. */
  readonly handshakesPerSecond: number;
  /** TLS handshakes that may start at once after a quiet time. */
  readonly handshakeBurst: number;
  /** How long a connection waits for its handshake to start before it is closed. */
  readonly handshakeDelayMsMax: number;
  /** From the start of a handshake to its end. */
  readonly handshakeTimeoutMs: number;
}

/**
 * The defaults. Measured on 2 cores that client and server share, 200 connections
 * that only shake hands: without a limit 1,050 handshakes per second, and the p99
 * of a client that is connected already rises from 1.6 to 19 ms; with 250 per
 * second it stays at 1.7 ms. 500 at once and 5 s of waiting let 1,750 clients
 * connect in the same moment, within the 10 s that Go's clients wait for a
 * handshake.
 */
export const defaultHttpLimits: HttpLimits = {
  headerBytesMax: 16 * 1024,
  urlBytesMax: 8 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  bodyIdleTimeoutMs: 15_000,
  keepAliveTimeoutMs: 120_000,
  writeStallTimeoutMs: 60_000,
  connectionsMax: 12_000,
  http2StreamsMax: 100,
  http2SessionMemoryMbMax: 10,
  http2SettingsMax: 32,
  http2OutstandingPingsMax: 10,
  http2ResetBurst: 500,
  http2ResetsPerSecond: 33,
  handshakesPerSecond: 250,
  handshakeBurst: 500,
  handshakeDelayMsMax: 5_000,
  handshakeTimeoutMs: 10_000,
};
