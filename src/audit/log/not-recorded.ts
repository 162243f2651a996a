import { NoSpaceError } from "../../errors/no-space-error.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { isDiskFull } from "../append-file.ts";

/** Why a request fails whose record could not be made durable. */
export function notRecorded(cause: unknown): StrongroomError {
  const message = "the request cannot be recorded: the audit log must be writable, with space on its disk";
  return isDiskFull(cause)
    ? new NoSpaceError(message, { cause })
    : new StrongroomError("unavailable", message, { cause });
}
