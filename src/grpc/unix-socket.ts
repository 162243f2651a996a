import { lstatSync, statSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import { StrongroomError } from "../errors/strongroom-error.ts";

const writableByOthers = 0o022;
const stickyBit = 0o1000;

/**
 * A connection to whoever serves a unix socket. Raises `invalid` when others could have put it there, and would get what is sent: its
 * folder must not be writable by its group or by others, unless only owners may replace files in it (as in /tmp) and the socket belongs
 * to this user or to root. Raises what `stat` raises when there is nothing.
 */
export function connectUnixSocket(path: string): Socket {
  const folder = statSync(dirname(path));
  const socket = lstatSync(path);
  if (!socket.isSocket()) throw new StrongroomError("invalid", `${path} must be a unix socket`);
  const isOfOwner = socket.uid === 0 || socket.uid === process.geteuid?.();
  const isClosed = (folder.mode & writableByOthers) === 0;
  if (isClosed || ((folder.mode & stickyBit) !== 0 && isOfOwner)) return connect(path);
  throw new StrongroomError(
    "invalid",
    `the folder of the socket ${path} must not be writable by its group or by others, who could put another there`,
  );
}
