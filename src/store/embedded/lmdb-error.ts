import { NoSpaceError } from "../../errors/no-space-error.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";

// Numbers of the operating system (the same on Linux and macOS, but EDQUOT) and of LMDB.
const noSpace = new Set([
  28 /* ENOSPC */, 122 /* EDQUOT, Linux */, 69 /* EDQUOT, macOS */, 27 /* EFBIG */, -30792 /* MDB_MAP_FULL */,
]);
const damaged = new Set([-30797 /* MDB_PAGE_NOTFOUND */, -30796 /* MDB_CORRUPTED */, -30793 /* MDB_INVALID */]);

/** Why a commit failed, and whether the next one may work. */
export interface CommitFailure {
  readonly error: StrongroomError;
  /** False when the state of LMDB is not known: no further write may be tried. */
  readonly mayRetry: boolean;
}

/** Translates the failure of a commit. */
export async function commitError(directory: string, error: unknown): Promise<CommitFailure> {
  const cause = await causeOf(error);
  if (noSpace.has(codeOf(cause))) {
    const message = `the data directory ${directory} must have free space; the write was not kept`;
    return { error: new NoSpaceError(message, { cause }), mayRetry: true };
  }
  const message = `the data directory ${directory} must be writable; writes stop until the server is started again`;
  return { error: new StrongroomError("unavailable", message, { cause }), mayRetry: false };
}

/** Translates the failure to open. */
export function openError(directory: string, cause: unknown): StrongroomError {
  if (damaged.has(codeOf(cause))) {
    return new StrongroomError("corrupt", `the data directory ${directory} must hold an undamaged store`, { cause });
  }
  if (noSpace.has(codeOf(cause))) {
    return new NoSpaceError(`the data directory ${directory} must have free space`, { cause });
  }
  return new StrongroomError("unavailable", `the data directory ${directory} must be readable and writable`, { cause });
}

// A batch rejects with a wrapper; the reason comes by a promise in it, which must be
// handled even when nobody asks, or the process would end.
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (reason) {
    return reason;
  }
}

// LMDB's errors have their number as code, Node's have it (negated) as errno.
function codeOf(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  if ("errno" in error && typeof error.errno === "number") return -error.errno;
  return "code" in error && typeof error.code === "number" ? error.code : 0;
}
