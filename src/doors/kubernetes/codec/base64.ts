/**
 * Base64 as Go's encoding/base64 reads it: the standard alphabet with padding,
 * line breaks ignored wherever they stand, leftover bits ignored.
 */
import { DecodeError } from "./decode-error.ts";

/** What needs no further look unless leftover bits are set: whole groups, padding at the end only. */
const plain = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The standard padded base64 of the bytes that `text` encodes, so that equal
 * bytes have one form. Returns `text` itself when it has that form already.
 * @throws DecodeError with the position at which Go's decoder stops; never with the text
 */
export function normalizeBase64(text: string): string {
  if (text.length % 4 === 0 && plain.test(text) && !hasLeftoverBits(text)) return text;
  checkBase64(text);
  return Buffer.from(text, "base64").toString("base64");
}

/** Whether the last group before the padding carries bits that belong to no byte. */
function hasLeftoverBits(text: string): boolean {
  if (!text.endsWith("=")) return false;
  return Buffer.from(text.slice(-4), "base64").toString("base64") !== text.slice(-4);
}

/**
 * Goes through `text` group by group as Go does, for the position in the error.
 * Everything before the first bad character is ASCII, so units are bytes.
 */
function checkBase64(text: string): void {
  let at = 0;
  for (;;) {
    let inGroup = 0;
    while (inGroup < 4) {
      if (at === text.length) {
        if (inGroup === 0) return;
        throw illegalAt(at - inGroup);
      }
      const code = text.charCodeAt(at);
      at++;
      if (isAlphabet(code)) inGroup++;
      else if (code === 0x3d) return checkPadding(text, at, inGroup);
      else if (!isLineBreak(code)) throw illegalAt(at - 1);
    }
  }
}

/** Checks what follows the first `=`, which stands before `start` as number `inGroup` of its group. */
function checkPadding(text: string, start: number, inGroup: number): void {
  let at = start;
  if (inGroup < 2) throw illegalAt(at - 1);
  if (inGroup === 2) {
    at = skipLineBreaks(text, at);
    if (at === text.length) throw illegalAt(at);
    if (text.charCodeAt(at) !== 0x3d) throw illegalAt(at - 1);
    at++;
  }
  at = skipLineBreaks(text, at);
  if (at < text.length) throw illegalAt(at);
}

function skipLineBreaks(text: string, start: number): number {
  let at = start;
  while (isLineBreak(text.charCodeAt(at))) at++;
  return at;
}

function isLineBreak(code: number): boolean {
  return code === 0x0a || code === 0x0d;
}

function isAlphabet(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2f
  );
}

function illegalAt(byte: number): DecodeError {
  return new DecodeError(`illegal base64 data at input byte ${byte}`);
}
