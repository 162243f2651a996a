/**
 * Writes JSON trees byte for byte as Go's encoding/json does, HTML escaping
 * included: answers are then safe where a browser would guess HTML, and equal
 * to what the reference server sends.
 */
import type { JsonValue } from "./json.ts";

/** Only inside strings can these appear in JSON text, so the whole text may be searched. */
const escapedByGo = /[<>&\u2028\u2029]/g;

/**
 * The JSON text of a tree, without a line end.
 *
 * Fields come in the order they have in the tree; JavaScript puts fields named
 * like array indexes (`"0"`, `"17"`) first, in numeric order.
 *
 * @param value a tree as deep as a decoder may build it
 * @param pretty one field or item per line, indented by two blanks a level
 */
export function writeJson(value: JsonValue, pretty = false): string {
  const text = pretty ? JSON.stringify(value, null, 2) : JSON.stringify(value);
  return text.replace(escapedByGo, escapeUnit);
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
