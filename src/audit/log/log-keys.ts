/** What the log needs of the server around it: keys, and a place that knows how long the log is. */
import type { KeyObject } from "node:crypto";

/** The server's seal, which wraps the keys of segments. */
export interface AuditSeal {
  wrap(dataKey: Uint8Array): Promise<Uint8Array>;
  /** Raises `sealed` without the root key, `corrupt` for what it has not wrapped. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

export interface AuditKeys {
  /** The id of the instance whose log it is. */
  readonly instance: string;
  readonly seal: AuditSeal;
  /** Ed25519, for checkpoints. */
  readonly signingKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A place in the log, and the chain's value there. */
export interface ChainHead {
  /** How many entries come before it. */
  readonly position: number;
  /** Hex. */
  readonly chain: string;
  /** The first position of the segment that it is in. */
  readonly segment: number;
  /** The offset in that segment. */
  readonly offset: number;
  /** The position of the oldest intent that had no outcome there; `position` when there was none. */
  readonly openFrom: number;
}

/** Where the head is kept: not where the log is, so that who cuts the log does not cut this. */
export interface ChainHeadStorage {
  load(): Promise<ChainHead | undefined>;
  save(head: ChainHead): Promise<void>;
  /** Keeps it where that costs little, and may be undone by the loss of power. */
  note?(head: ChainHead): Promise<void>;
  close?(): Promise<void>;
}

/** Something about the log that people must hear of. */
export interface LogReport {
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly error?: unknown;
}
