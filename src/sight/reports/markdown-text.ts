import { visible } from "./visible.ts";

/** A word that means nothing to any dialect: letters, perhaps hyphens, and the marks of a sentence around them. */
const plainWord = /^(?!\(?www\.)\(?\p{L}+(?:['’-]\p{L}+)*\)?[.,;:!?]*$/iu;
const plainNumber = /^\(?\d{1,6}(?:\.\d{1,3})?\)?[.,;:]?$/;

/**
 * Text of others within a paragraph of Markdown. Every word that is not plainly one - whatever has a mark that some dialect
 * reads, such as `@team`, `#12`, `www.` or `<b>` - is shown as code, which no dialect looks into. Must not begin a line,
 * where `1.` or `+` would be read.
 */
export function markdownText(text: string): string {
  const parts: string[] = [];
  let code: string[] = [];
  const flush = (): void => {
    if (code.length > 0) {
      const [, name = "", end = ""] = /^(.*?[\p{L}\p{N}])([,.;:]?)$/u.exec(code.join(" ")) ?? [];
      parts.push(name === "" ? markdownCode(code.join(" ")) : `${markdownCode(name)}${end}`);
    }
    code = [];
  };
  for (const word of visible(text).split(" ")) {
    if (word === "") continue;
    if (plainWord.test(word) || plainNumber.test(word) || word === "-") {
      flush();
      parts.push(word);
    } else code.push(word);
  }
  flush();
  return parts.join(" ");
}

/** All of it as code, between more backticks than it has in a row. */
export function markdownCode(text: string): string {
  const shown = visible(text);
  if (shown.trim() === "") return "";
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const padding = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${padding}${shown}${padding}${fence}`;
}
