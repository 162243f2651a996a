/**
 * A string as Go prints it with %q, for the texts of decode errors and warnings.
 * Source: Go, strconv.Quote.
 */

const named: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\t", "\\t"],
  ["\n", "\\n"],
  ["\v", "\\v"],
  ["\f", "\\f"],
  ["\r", "\\r"],
  ['"', '\\"'],
  ["\\", "\\\\"],
]);

/** What Go regards as not printable, and the two characters that need a backslash anyway. */
const escaped = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** `text` in double quotes, with everything that does not print escaped. */
export function goQuote(text: string): string {
  return `"${text.replace(escaped, escapeCharacter)}"`;
}

/** One byte of a body in single quotes, as Go's JSON scanner names it: `'x'`, `'\n'`, `'"'`, `'ÿ'`. */
export function goQuoteByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  return `'${goQuote(character).slice(1, -1)}'`;
}

function escapeCharacter(character: string): string {
  const escape = named.get(character);
  if (escape !== undefined) return escape;
  const codePoint = character.codePointAt(0) ?? 0; // a match is never empty
  const hex = codePoint.toString(16);
  if (codePoint < 0x80) return `\\x${hex.padStart(2, "0")}`;
  return codePoint < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
