/**
 * Values printed as Go prints them, for the texts of upstream's errors.
 *
 * Source: Go's strconv.Quote, encoding/json.Marshal and fmt's `%#U`.
 */
import type { JsonValue } from "../codec/json.ts";

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ["\u0007", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

/** Whether Go's unicode.IsPrint holds: letters, marks, numbers, punctuation, symbols and the ASCII blank. */
export function isPrintable(character: string): boolean {
  return character === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}

/** The text in double quotes with Go's escapes (`%q`); lone surrogates become U+FFFD. */
export function goQuote(text: string): string {
  // Names and keys are nearly always plain; the slow path looks at each character.
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  let quoted = "";
  for (const character of text.toWellFormed()) quoted += quoteCharacter(character);
  return `"${quoted}"`;
}

function quoteCharacter(character: string): string {
  const escape = simpleEscapes.get(character);
  if (escape !== undefined) return escape;
  if (isPrintable(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
}

/** JSON as Go's json.Marshal writes it: compact, with `<`, `>`, `&`, U+2028 and U+2029 escaped. Keys keep their order. */
export function goJson(value: JsonValue): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A character as `%#U` prints it: `U+0007`, or `U+0041 'A'` when it can be printed. */
export function goUnicode(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return isPrintable(character) ? `U+${code} '${character}'` : `U+${code}`;
}

/** Length in bytes of UTF-8, which is what Go's len() of a string counts. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
