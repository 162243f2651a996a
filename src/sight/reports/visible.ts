const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}]|(?! )\p{Zs}/gu;
/** From the fifth on one letter: no living script needs more, and a pile of them covers other lines. */
const piledMarks = /(?<=\p{M}{4})\p{M}/gu;

/** What GitHub, Azure and TeamCity take for an order of a line that a pipeline prints, `::` only at its beginning. */
const orders = /(?<![^\s"'(])::|##(?=(?:vso|teamcity)?\[)/g;

/**
 * Text of others on one line: whatever would move the cursor, change colours, reorder the line, be invisible or look like a
 * blank is shown as `\u{HEX}`; so are line breaks, lone surrogates, and what a pipeline would obey. Letters of every script stay as they are.
 */
export function visible(text: string): string {
  const plain = text.replaceAll(orders, (order) => `${codeOf(order)}${order.slice(1)}`);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain;
  return plain.replaceAll(piledMarks, codeOf).replaceAll(hidden, codeOf);
}

function codeOf(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`;
}

const wide = /[\p{scx=Han}\p{scx=Hangul}\p{scx=Hiragana}\p{scx=Katakana}\p{Emoji_Presentation}\u{ff01}-\u{ff60}]/u;

/** How many columns of a terminal it takes: wide letters take two, marks none. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += /\p{M}/u.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

/** At most so many columns, with an ellipsis in the middle, where names differ least. */
export function shortened(text: string, columnsMax: number): string {
  if (columnsOf(text) <= columnsMax) return text;
  const characters = Array.from(text);
  for (let kept = columnsMax - 1; kept > 0; kept--) {
    const [head, tail] = [Math.ceil(kept / 2), Math.floor(kept / 2)];
    const short = `${characters.slice(0, head).join("")}…${tail === 0 ? "" : characters.slice(-tail).join("")}`;
    if (columnsOf(short) <= columnsMax) return short;
  }
  return "…";
}
