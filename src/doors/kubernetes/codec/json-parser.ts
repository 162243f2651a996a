/**
 * A strict JSON parser (RFC 8259) that builds objects without prototype and
 * notices duplicate fields, which JSON.parse cannot.
 *
 * Rules:
 * - Error texts are those of Go's encoding/json, which clients have learnt.
 * - Nesting is followed with a stack of our own and bounded by `nestingDepthMax`;
 *   the number of values of a body is bounded by `valuesMax`.
 * - Stricter than Go in three points, because a value must never be changed
 *   silently: invalid UTF-8 and lone surrogates are refused (Go puts U+FFFD),
 *   and so are integers that a double cannot hold exactly.
 * - Of duplicate fields the last one counts, as a whole.
 */
import { isUtf8 } from "node:buffer";
import { DecodeError, nestingDepthMax, strictErrorsMax, tooManyValues, valuesMax } from "./decode-error.ts";
import { goQuoteByte } from "./go-quote.ts";
import { jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** What {@link parseJson} returns. */
export interface ParsedBody {
  readonly value: JsonValue;
  /** Paths of fields that were given more than once, e.g. `metadata.labels.a`, `items[0].kind`; at most 100. */
  readonly duplicates: string[];
}

/**
 * Parses one JSON document with nothing but white space around it.
 *
 * Strings of the result may share memory with the decoded body: who keeps a
 * small part of a big body for long should copy it.
 *
 * @param bytes the body, UTF-8 without byte order mark; not changed, not kept
 * @throws DecodeError for anything that is not one valid document within the limits
 */
export function parseJson(bytes: Uint8Array): ParsedBody {
  return new JsonParser(decodeUtf8(bytes), valuesMax).parse();
}

/**
 * Parses what this server has written itself. It may have more values than a body, since managedFields name what a
 * body holds once more: an object that was stored must be readable.
 *
 * @throws DecodeError for anything that is not one valid document
 */
export function parseStoredJson(bytes: Uint8Array): JsonValue {
  return new JsonParser(decodeUtf8(bytes), Infinity).parse().value;
}

/**
 * The text of `bytes`, byte order mark included.
 * @throws DecodeError when they are not valid UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new DecodeError("the body must be valid UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** A container that is not closed yet, with the place its next value goes to. */
interface Frame {
  readonly list: JsonValue[] | undefined;
  readonly object: JsonObject | undefined;
  key: string;
}

/** Stands for "a container was opened and is not empty" where a value is expected. */
const opened = Symbol("opened");

const escapes: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["\\", "\\"],
  ["/", "/"],
  ['"', '"'],
]);

const quote = 0x22;
const backslash = 0x5c;

class JsonParser {
  readonly #text: string;
  readonly #valuesMax: number;
  readonly #stack: Frame[] = [];
  readonly #duplicates = new Set<string>();
  #position = 0;
  #values = 0;

  constructor(text: string, valuesMost: number) {
    this.#text = text;
    this.#valuesMax = valuesMost;
  }

  parse(): ParsedBody {
    const value = this.#document();
    if (this.#skipSpace() < this.#text.length) throw this.#unexpected("after top-level value");
    return { value, duplicates: [...this.#duplicates] };
  }

  #document(): JsonValue {
    for (;;) {
      let value = this.#value();
      if (value === opened) continue;
      // Put the finished value into what surrounds it, closing whatever ends here.
      for (;;) {
        const frame = this.#stack.at(-1);
        if (frame === undefined) return value;
        if (frame.list !== undefined) frame.list.push(value);
        else if (frame.object !== undefined) frame.object[frame.key] = value;
        if (this.#separator(frame)) break;
        this.#stack.pop();
        value = frame.list ?? frame.object ?? null; // one of the two is always there
      }
    }
  }

  /** After a value: true when a comma (and the next key) was read, false when the container was closed. */
  #separator(frame: Frame): boolean {
    const at = this.#skipSpace();
    const code = this.#text.charCodeAt(at);
    if (code === 0x2c) {
      this.#position = at + 1;
      if (frame.object !== undefined) this.#key(frame, frame.object);
      return true;
    }
    if (code === (frame.list === undefined ? 0x7d : 0x5d)) {
      this.#position = at + 1;
      return false;
    }
    throw this.#unexpected(frame.list === undefined ? "after object key:value pair" : "after array element");
  }

  #value(): JsonValue | typeof opened {
    if (++this.#values > this.#valuesMax) throw tooManyValues();
    const at = this.#skipSpace();
    const code = this.#text.charCodeAt(at);
    switch (code) {
      case quote:
        this.#position = at + 1;
        return this.#string();
      case 0x7b:
        return this.#openObject();
      case 0x5b:
        return this.#openList();
      case 0x74:
        return this.#literal("true", true);
      case 0x66:
        return this.#literal("false", false);
      case 0x6e:
        return this.#literal("null", null);
    }
    if (code === 0x2d || isDigit(code)) return this.#number();
    throw this.#unexpected("looking for beginning of value");
  }

  #openObject(): JsonObject | typeof opened {
    this.#checkDepth();
    this.#position++;
    const object = jsonObject();
    const at = this.#skipSpace();
    if (this.#text.charCodeAt(at) === 0x7d) {
      this.#position = at + 1;
      return object;
    }
    const frame: Frame = { list: undefined, object, key: "" };
    this.#stack.push(frame);
    this.#key(frame, object);
    return opened;
  }

  #openList(): JsonValue[] | typeof opened {
    this.#checkDepth();
    this.#position++;
    const list: JsonValue[] = [];
    const at = this.#skipSpace();
    if (this.#text.charCodeAt(at) === 0x5d) {
      this.#position = at + 1;
      return list;
    }
    this.#stack.push({ list, object: undefined, key: "" });
    return opened;
  }

  #checkDepth(): void {
    if (this.#stack.length >= nestingDepthMax) throw this.#unexpected("exceeded max depth");
  }

  #key(frame: Frame, object: JsonObject): void {
    const at = this.#skipSpace();
    if (this.#text.charCodeAt(at) !== quote) {
      throw this.#unexpected("looking for beginning of object key string");
    }
    this.#position = at + 1;
    frame.key = this.#string();
    if (frame.key in object) this.#noteDuplicate();
    const colon = this.#skipSpace();
    if (this.#text.charCodeAt(colon) !== 0x3a) throw this.#unexpected("after object key");
    this.#position = colon + 1;
  }

  #noteDuplicate(): void {
    if (this.#duplicates.size >= strictErrorsMax) return;
    let path = "";
    for (const frame of this.#stack) {
      if (frame.list !== undefined) path += `[${frame.list.length}]`;
      else path += path === "" ? frame.key : `.${frame.key}`;
    }
    this.#duplicates.add(path);
  }

  /** Reads a string whose opening quote has been read. */
  #string(): string {
    const text = this.#text;
    const start = this.#position;
    // Bounded, so that the loop stays in integers: reading past the end would give NaN.
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        this.#position = at + 1;
        return text.slice(start, at);
      }
      if (code === backslash) return this.#escapedString(start, at);
      if (code < 0x20) throw this.#badStringAt(at);
    }
    throw this.#badStringAt(text.length);
  }

  /** Reads on from the first backslash, at `at`, of a string that began at `start`. */
  #escapedString(start: number, at: number): string {
    const text = this.#text;
    let result = "";
    let from = start;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        this.#position = at + 1;
        return result + text.slice(from, at);
      }
      if (code < 0x20) throw this.#badStringAt(at);
      if (code !== backslash) {
        at++;
        continue;
      }
      result += text.slice(from, at);
      this.#position = at + 1;
      result += this.#escape();
      at = from = this.#position;
    }
    throw this.#badStringAt(text.length);
  }

  /** Reads what follows a backslash. */
  #escape(): string {
    const letter = this.#text.charAt(this.#position);
    if (letter !== "u") {
      const character = escapes.get(letter);
      if (character === undefined) throw this.#unexpected("in string escape code", true);
      this.#position++;
      return character;
    }
    const unit = this.#hexUnit();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    if (unit < 0xdc00 && this.#text.startsWith("\\u", this.#position)) {
      this.#position++;
      const low = this.#hexUnit();
      if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(unit, low);
    }
    throw new DecodeError("\\u escapes in a string must not leave a surrogate without its pair");
  }

  /** Reads `uXXXX`. */
  #hexUnit(): number {
    let unit = 0;
    for (let digits = 0; digits < 4; digits++) {
      this.#position++;
      const digit = hexDigit(this.#text.charCodeAt(this.#position));
      if (digit < 0) throw this.#unexpected("in \\u hexadecimal character escape", true);
      unit = unit * 16 + digit;
    }
    this.#position++;
    return unit;
  }

  #number(): number {
    const start = this.#position;
    if (this.#text.charCodeAt(start) === 0x2d) this.#position++;
    if (this.#text.charCodeAt(this.#position) === 0x30) this.#position++;
    else this.#digits("in numeric literal");
    let integer = true;
    if (this.#text.charCodeAt(this.#position) === 0x2e) {
      integer = false;
      this.#position++;
      this.#digits("after decimal point in numeric literal");
    }
    if ((this.#text.charCodeAt(this.#position) | 0x20) === 0x65) {
      integer = false;
      this.#position++;
      const sign = this.#text.charCodeAt(this.#position);
      if (sign === 0x2b || sign === 0x2d) this.#position++;
      this.#digits("in exponent of numeric literal");
    }
    return exactNumber(this.#text.slice(start, this.#position), integer);
  }

  /** Reads one digit or more. */
  #digits(context: string): void {
    if (!isDigit(this.#text.charCodeAt(this.#position))) throw this.#unexpected(context, true);
    do this.#position++;
    while (isDigit(this.#text.charCodeAt(this.#position)));
  }

  #literal<T extends boolean | null>(word: string, value: T): T {
    for (let index = 1; index < word.length; index++) {
      this.#position++;
      if (this.#text[this.#position] !== word[index]) {
        throw this.#unexpected(`in literal ${word} (expecting '${word.charAt(index)}')`, true);
      }
    }
    this.#position++;
    return value;
  }

  #skipSpace(): number {
    const text = this.#text;
    let at = this.#position;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
      at++;
    }
    this.#position = at;
    return at;
  }

  #badStringAt(at: number): DecodeError {
    this.#position = at;
    return this.#unexpected("in string literal");
  }

  /**
   * The error for the character at the current position. Go ends a text with a
   * blank of its own making: inside a token (`inToken`) that blank is what it complains about.
   */
  #unexpected(context: string, inToken = false): DecodeError {
    const code = this.#text.codePointAt(this.#position);
    if (code === undefined && !inToken) return new DecodeError("unexpected end of JSON input");
    return new DecodeError(`invalid character ${goQuoteByte(firstUtf8Byte(code ?? 0x20))} ${context}`);
  }
}

/** The value of a number literal, when a double can hold it. */
function exactNumber(literal: string, integer: boolean): number {
  const value = Number(literal);
  if (integer && !Number.isSafeInteger(value)) {
    throw new DecodeError(`an integer must be between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`);
  }
  if (!Number.isFinite(value)) throw new DecodeError("a number must be within the range of a double");
  return value === 0 ? 0 : value; // -0 would be another number to some comparisons
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function hexDigit(code: number): number {
  if (isDigit(code)) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Go's scanner works on bytes and prints the first one of a character. */
function firstUtf8Byte(codePoint: number): number {
  if (codePoint < 0x80) return codePoint;
  if (codePoint < 0x800) return 0xc0 | (codePoint >> 6);
  if (codePoint < 0x10000) return 0xe0 | (codePoint >> 12);
  return 0xf0 | (codePoint >> 18);
}
