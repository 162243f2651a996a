/** What is said of a credential that was found in a text: everything but itself. */

/** How sure it is: the form of one provider; a name and a value that look like it; a value anybody would guess. */
export type Certainty = "certain" | "likely" | "guessable";

/** Whether it still works, as far as it says itself. */
export type Liveness = "unknown" | "expired" | "unlimited" | "dated";

export interface Credential {
  /** The rule that found it; stable. */
  readonly rule: string;
  /** `a token of GitHub`. */
  readonly title: string;
  readonly certainty: Certainty;
  /** How much it opens, from 0 to 1. */
  readonly sensitivity: number;
  /** Where in the text, as fields and decoders: `auths["ghcr.io"].auth, base64`; "" for the text as it is. */
  readonly within: string;
  /** Line in the text, from 1; 0 where it was decoded first. */
  readonly line: number;
  /** Whose it is, as far as the credential says so itself; "" where it does not. Never a part of what is secret. */
  readonly identity: string;
  readonly liveness: Liveness;
  /** Equal values have equal fingerprints, if made with one key. */
  readonly fingerprint: string;
}

/** A text to look at. */
export interface ExaminedText {
  /** What it is called where it stands: a key, a variable, a field. "" for nothing. */
  readonly name: string;
  readonly text: string;
}

export interface Examination {
  readonly credentials: readonly Credential[];
  /** False when a limit was met, so that there may be more. */
  readonly complete: boolean;
}
