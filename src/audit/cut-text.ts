/** How upstream marks a user agent that it cut; here every text from outside that is too long for a record. */
export const cutMark = "...TRUNCATED";

/** The text, or its first `charactersMax` characters and a mark that it was longer. */
export function cutText(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax).toWellFormed()}${cutMark}` : text;
}
