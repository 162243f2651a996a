/** What would move the cursor, change colours, reorder the line or be invisible. */
export const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Text of others in a terminal: {@link unprintable} characters, line breaks among them, are shown as `\u{HEX}`. */
export function printable(line: string): string {
  return line.replaceAll(unprintable, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`;
  });
}

/** JSON that any terminal shows as it is: the same characters as escapes that JSON has. */
export function printableJson(value: unknown): string {
  return escaped(JSON.stringify(value, undefined, 2));
}

/** The same on one line. */
export function printableJsonLine(value: unknown): string {
  return escaped(JSON.stringify(value));
}

function escaped(json: string): string {
  return json.replaceAll(unprintable, (character) => {
    if (character === "\n") return character; // of the layout: in strings they are escaped already
    return Array.from({ length: character.length }, (_, index) => {
      return `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }).join("");
  });
}
