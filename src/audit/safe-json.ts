/**
 * JSON for outputs that people and terminals read: what neither prints nor is a blank is escaped, so that no name, user agent or
 * URI can end a line, hide text or turn it around. The value that a parser gets is the same.
 */
const unsafe =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (character) => {
    let escaped = "";
    for (let at = 0; at < character.length; at++) {
      escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}
