/**
 * The `Warning: 299` headers of an answer, each text once, all of them bounded: clients refuse headers that are too large,
 * and the write they warn of is done by then.
 *
 * Source: apiserver pkg/endpoints/filters/warning.go; RFC 7234 section 5.5.
 */

/** Characters of all texts together; beyond it each is cut to {@link itemCharactersMax}, and what is still too much left out. */
const totalCharactersMax = 4096;
const itemCharactersMax = 256;

export class Warnings {
  /** Made with the first: most answers have none, and an empty set in each of ten thousand watches is not nothing. */
  #texts: Set<string> | undefined;

  add(text: string): void {
    if (text !== "") (this.#texts ??= new Set()).add(text);
  }

  /** The values of the headers, in the order of the warnings. */
  headers(): string[] {
    const texts = [...(this.#texts ?? [])];
    const total = texts.reduce((sum, text) => sum + text.length, 0);
    return (total <= totalCharactersMax ? texts : cut(texts)).map(header);
  }
}

function cut(texts: readonly string[]): string[] {
  const kept: string[] = [];
  let total = 0;
  for (const text of texts) {
    const short = text.slice(0, itemCharactersMax);
    if (total + short.length > totalCharactersMax) break;
    total += short.length;
    kept.push(short);
  }
  return kept;
}

/** Text in quotes, without what would break out of them or of the header. */
function header(text: string): string {
  const safe = text
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"');
  return `299 - "${safe}"`;
}
