/**
 * How messages name a recipient of age that is none: by its text only where that is like a public one. A file of identities
 * (`AGE-SECRET-KEY-1...`) given by mistake must be in no message.
 */
export function recipientInWords(recipient: string, index: number): string {
  return /^age1[a-z0-9]{1,100}$/.test(recipient)
    ? `the recipient ${JSON.stringify(recipient)}`
    : `recipient ${index + 1}`;
}
