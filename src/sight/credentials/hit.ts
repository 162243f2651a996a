/** A credential while it is in hand: what is kept of it is a {@link Credential}. */
import type { Certainty, Liveness } from "./credential.ts";

export interface Hit {
  readonly rule: string;
  readonly title: string;
  readonly certainty: Certainty;
  readonly sensitivity: number;
  readonly value: string;
  readonly start: number;
  readonly identity?: string;
  readonly liveness?: Liveness;
}
