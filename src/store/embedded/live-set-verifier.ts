import type { Revision } from "../revision.ts";

/** What a verification found. */
export interface LiveSetReport {
  /** Whether the index holds exactly the records that were committed. */
  readonly ok: boolean;
  /** The revision that was verified. */
  readonly revision: Revision;
  /** How many keys the index holds at it. */
  readonly keys: number;
}

/**
 * The ability of a store to prove that no record was removed from its files or put
 * back to an older state, short of replacing all of the files by older ones (which
 * no store can see without a witness outside).
 */
export interface LiveSetVerifier {
  /**
   * Recomputes the digest of the live set, in pages between which others run, and compares.
   * Raises `invalid` when the store was opened without an authenticator of the index.
   */
  verifyLiveSet(): Promise<LiveSetReport>;
}
