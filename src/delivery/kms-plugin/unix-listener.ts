/** HTTP/2 without TLS on a unix socket that only its owner may open. */
import { lstatSync } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http2";
import type { Http2Server, ServerHttp2Session } from "node:http2";
import { connect } from "node:net";
import { dirname, isAbsolute } from "node:path";
import { errorCodeOf } from "../../crypto/private-file.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { ensureClosedFolder } from "./plugin-folder.ts";

/** Longest path of a unix socket that every system takes. */
const socketPathMax = 103;
/** kube-apiserver keeps one connection for each mention in its configuration. */
const connectionsMax = 64;
const streamsMax = 64;
const drainMs = 5000;

export type CallHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface UnixListener extends AsyncDisposable {
  /** Whether the path still leads here: nobody removed the socket, nor put another in its place. */
  isInPlace(): boolean;
}

/**
 * Listens. A socket that a killed plugin left is replaced. Raises `unavailable` when somebody serves it, `invalid` for a path that holds
 * something else, and for a folder that others may write to: they could put a socket of their own there, and be sent keys.
 */
export async function listenOnSocket(path: string, handler: CallHandler): Promise<UnixListener> {
  if (!isAbsolute(path) || Buffer.byteLength(path) > socketPathMax)
    throw new StrongroomError("invalid", `the socket must be an absolute path of at most ${socketPathMax} bytes`);
  await ensureClosedFolder(dirname(path), "the socket");
  await removeLeftSocket(path);
  const server = createServer({ settings: { maxConcurrentStreams: streamsMax } });
  const sessions = new Set<ServerHttp2Session>();
  server.maxConnections = connectionsMax;
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => {}); // a client that breaks the protocol loses its session, and that is all
  });
  server.on("request", (request, response) => {
    // Node's objects for HTTP/2 have the shape of those for HTTP/1.
    void handler(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  await listen(server, path);
  const { ino, dev } = lstatSync(path);
  return {
    isInPlace: () => {
      try {
        const found = lstatSync(path, { throwIfNoEntry: false });
        return found !== undefined && found.ino === ino && found.dev === dev;
      } catch {
        return false; // it is not to be reached, which is what is asked
      }
    },
    [Symbol.asyncDispose]: () => close(server, sessions),
  };
}

async function removeLeftSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new StrongroomError("invalid", `${path} must be free, or a socket that was left there`);
  if (await isServed(path)) throw new StrongroomError("unavailable", `the socket ${path} must not be in use`);
  await unlink(path);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(false);
      else reject(error);
    });
  });
}

/** The mask is what keeps the socket from ever being open to others; the system makes it within the call. */
async function listen(server: Http2Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  const before = process.umask(0o177);
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(before);
  }
  await promise;
}

async function close(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close(); // calls that have begun are answered
  const cut = setTimeout(() => sessions.forEach((session) => session.destroy()), drainMs).unref();
  await closed;
  clearTimeout(cut);
}
