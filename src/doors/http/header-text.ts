/** Any byte above ASCII, as Node has them: one character for each byte. */
const aboveAscii = /[\u0080-\u00ff]/;

/**
 * A header as the text that its client meant: UTF-8, with U+FFFD for what is none, as Go's JSON has it. Node hands out a character
 * for each byte.
 */
export function headerText(header: string): string {
  return aboveAscii.test(header) ? Buffer.from(header, "latin1").toString("utf8") : header;
}
