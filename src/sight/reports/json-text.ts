/** What a terminal obeys, and the hashes that Azure and TeamCity look for anywhere in what a pipeline prints. */
const special = /[\p{C}\p{Zl}\p{Zp}]|#(?=#(?:vso|teamcity)?\[)/gu;

/** JSON that any terminal shows as it is, with lines after the first indented by so many blanks. */
export function jsonText(value: unknown, indent: number): string {
  const text = JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${" ".repeat(indent)}`);
  return escapedInJson(text);
}

/** A string in quotes, the same way. */
export function jsonString(text: string): string {
  return escapedInJson(JSON.stringify(text));
}

/** Only strings of JSON can have these characters, apart from the line breaks of the layout. */
function escapedInJson(text: string): string {
  if (/^[\x20-\x7e\n]*$/.test(text) && !text.includes("##")) return text;
  return text.replaceAll(special, (character) => {
    if (character === "\n") return character; // in strings they are escaped already
    return Array.from({ length: character.length }, (_, index) => {
      return `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }).join("");
  });
}
