/**
 * Text of others in a terminal: whatever would move the cursor, change colours, reorder the line or be invisible is
 * shown as `\u{HEX}`. Applied to one line at a time, so line breaks are shown too.
 */
export function printable(line: string): string {
  return line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`;
  });
}

/** JSON that any terminal shows as it is: the same characters as escapes that JSON has. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2);
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return character; // of the layout: in strings they are escaped already
    return Array.from({ length: character.length }, (_, index) => {
      return `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }).join("");
  });
}
