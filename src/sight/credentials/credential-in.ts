/**
 * Whether a text is a credential. What decides is the form of the text, and the name under which it stands: the name
 * of a key, a variable, an annotation.
 */

/** What kind of credential it is, in a word that is stable: `private-key`, `jwt`. */
export type CredentialKind = string;

const forms: readonly (readonly [CredentialKind, RegExp])[] = [
  ["private-key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ["jwt", /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
];

/** The kind of the first credential that a text is or holds; undefined for none. `name` is "" where there is none. */
export function credentialIn(text: string, _name: string): CredentialKind | undefined {
  return forms.find(([, form]) => form.test(text))?.[0];
}
