/**
 * Values printed as Go prints them, for the texts of upstream's errors.
 *
 * Source: Go's encoding/json.Marshal, unicode.IsPrint and fmt's `%#U`. Quoted strings: codec/go-quote.ts.
 */
import type { JsonValue } from "../codec/json.ts";

/** Whether Go's unicode.IsPrint holds: letters, marks, numbers, punctuation, symbols and the ASCII blank. */
export function isPrintable(character: string): boolean {
  return character === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
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
