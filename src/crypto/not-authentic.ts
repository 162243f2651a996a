import { StrongroomError } from "../errors/strongroom-error.ts";

/**
 * The one failure of every decryption: whether the encoding, a length, the padding or the tag
 * was wrong is told only in `cause`, for the log. Telling them apart to a caller is how
 * padding and format oracles begin (Vaudenay 2002; Bleichenbacher 1998).
 */
export function notAuthentic(cause: unknown): StrongroomError {
  return new StrongroomError("corrupt", "stored bytes must be authentic for their key and revision", { cause });
}
