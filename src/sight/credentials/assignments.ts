/** `NAME=VALUE` and its many forms: of shells, YAML, JSON, properties, flags and connection strings. */

/** Values are read up to here. */
export const valueMax = 512;
const nameMax = 60;

export interface Assignment {
  readonly name: string;
  /** Behind the name. */
  readonly nameEnd: number;
  /** "" for none. */
  readonly value: string;
  readonly valueStart: number;
}

const nameCharacter = /[A-Za-z0-9_.-]/;
const separator = /["']?[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8}/y;
const flagSeparator = /[ \t]{1,4}(?!-)/y;
const quoted = /(["'`])((?:(?!\1)[^\\\n]|\\.){0,512})\1/y;
const bare = /[^\s"'`,;&|<>()[\]{}]{1,512}/y;
const braced =
  /(?:\$\{[^}\n]{0,100}\}|\$\([^)\n]{0,100}\)|\{\{[^}\n]{0,200}\}\}|<[^<>\n]{0,100}>|ENC\[[^\]\n]{0,480}\]?)/y;

/** The assignment whose name has the word that begins at `start`. */
export function readAssignment(text: string, start: number): Assignment {
  let first = start;
  while (first > 0 && start - first < nameMax && nameCharacter.test(text[first - 1]!)) first--;
  let nameEnd = start;
  while (nameEnd < text.length && nameEnd - start < nameMax && nameCharacter.test(text[nameEnd]!)) nameEnd++;
  const name = text.slice(first, nameEnd);
  const none = { name, nameEnd, value: "", valueStart: nameEnd };
  if (text.startsWith("//", first - 2)) return none; // a user of a URL
  const valueStart = name.startsWith("--")
    ? (matchEnd(separator, text, nameEnd) ?? matchEnd(flagSeparator, text, nameEnd))
    : matchEnd(separator, text, nameEnd);
  if (valueStart === undefined) return none;
  const value = valueAt(text, valueStart);
  return value === undefined ? none : { name, nameEnd, value, valueStart };
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** In quotes, or up to where a value without them ends; templates as a whole, so that they are known as such. */
function valueAt(text: string, at: number): string | undefined {
  for (const pattern of [braced, quoted, bare]) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) return pattern === quoted ? found[2] : found[0];
  }
  return undefined;
}
