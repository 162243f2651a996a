/**
 * Continue tokens of paged lists: base64url of JSON {v, rv, start}, as upstream's,
 * so that a client cannot tell the difference; opaque to clients all the same.
 * Source: apiserver pkg/storage/continue.go.
 */
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { badRequest } from "../api-error.ts";

export interface ContinuePosition {
  /** Key to continue after, relative to the list's prefix. */
  readonly after: string;
  /** Snapshot of the list; undefined to go on with the newest state (an expired list, continued inconsistently). */
  readonly revision: Revision | undefined;
}

/** Longest key that a token may carry: a namespace, a slash, a name and a NUL, all below the store's longest key. */
const startMax = 512;
/** Stands for "the newest state" in a token. */
const inconsistent = -1;

export function encodeContinue(position: ContinuePosition): string {
  // Upstream's start is inclusive; the smallest key after ours is ours and a NUL.
  const token = { v: "meta.k8s.io/v1", rv: position.revision ?? inconsistent, start: `${position.after}\0` };
  return Buffer.from(JSON.stringify(token), "utf8").toString("base64url");
}

/** Raises 400 for anything that {@link encodeContinue} does not make. */
export function decodeContinue(token: string): ContinuePosition {
  const { v, rv, start } = parseToken(token);
  if (v !== "meta.k8s.io/v1") throw invalid(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0 || rv < inconsistent) {
    throw invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  }
  if (typeof start !== "string" || start === "" || start.length > startMax || !start.endsWith("\0")) {
    throw invalid("encoded start key empty (version meta.k8s.io/v1)");
  }
  const after = start.slice(0, -1);
  if (after === "" || !/^[\x21-\x7e]+$/.test(after)) throw invalid("the encoded start key must be a key");
  return { after, revision: rv === inconsistent ? undefined : toRevision(rv) };
}

function parseToken(token: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const bytes = Buffer.from(token, "base64url");
  try {
    const parsed: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {
    // Told below like every other malformed token; the parser's text would quote the token.
  }
  throw invalid("the token must be one that this server gave out");
}

function invalid(why: string) {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
