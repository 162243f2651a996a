/**
 * The words of a label selector.
 *
 * Source: apimachinery pkg/labels/selector.go (Lexer).
 */

export type TokenKind = "identifier" | "in" | "notin" | "!" | "=" | "==" | "!=" | ">" | "<" | "(" | ")" | "," | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; "" for the end. */
  readonly literal: string;
}

const symbols: readonly TokenKind[] = ["==", "!=", "=", "!", ">", "<", "(", ")", ","];

/**
 * The tokens of a selector, the last of kind `end`. Anything between blanks and
 * symbols is an identifier, whatever its characters; a NUL ends a word or, where
 * a word would begin, the selector, as upstream reads it.
 */
export function labelSelectorTokens(text: string): Token[] {
  const tokens: Token[] = [];
  // One alternative per kind of token, and one for blanks; sticky, so every character is looked at once.
  const pattern = /[ \t\r\n]+|[=!]=|[=!><(),]|[^=!><(), \t\r\n\0]+\0?/y;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const word = match[0].replace(/\0$/, "");
    if (word.trim() === "" && /^[ \t\r\n]/.test(word)) continue;
    tokens.push({ kind: kindOf(word), literal: word });
  }
  tokens.push({ kind: "end", literal: "" });
  return tokens;
}

function kindOf(word: string): TokenKind {
  if (word === "in" || word === "notin") return word;
  return symbols.find((symbol) => symbol === word) ?? "identifier";
}
