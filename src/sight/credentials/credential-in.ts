/**
 * Whether a text is a credential. What decides is the form of the text, and the name under which it stands: the name
 * of a key, a variable, an annotation.
 */
import type { Certainty } from "./credential.ts";
import { findCredentials } from "./find-credentials.ts";

/** What kind of credential it is, in a word that is stable: `private-key`, `jwt`. */
export type CredentialKind = string;

const order: readonly Certainty[] = ["certain", "likely", "guessable"];

/** The kind of the surest credential that a text is or holds; undefined for none. `name` is "" where there is none. */
export function credentialIn(text: string, name: string): CredentialKind | undefined {
  const { credentials } = findCredentials({ name, text });
  for (const certainty of order) {
    const found = credentials.find((credential) => credential.certainty === certainty);
    if (found !== undefined) return found.rule;
  }
  return undefined;
}
