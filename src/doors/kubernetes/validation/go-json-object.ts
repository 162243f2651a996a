/**
 * Whether bytes are a JSON object, with the words of Go's decoder when they are not.
 *
 * A text names at most the one byte at which the input stops being JSON, as
 * upstream's does; it never shows more of the content.
 *
 * Source: Go's encoding/json, scanner.go and decode.go (into map[string]interface{}).
 */
import { goQuoteByte } from "../codec/go-quote.ts";

/** Go refuses deeper nesting. */
const nestingMax = 10_000;

const literals: ReadonlyMap<number, string> = new Map([
  [0x74, "true"],
  [0x66, "false"],
  [0x6e, "null"],
]);

/** The failures at places where a blank would be no failure. */
const blankAllowed = /^(looking for|after object|after array|in string literal)/;

class JsonSyntaxError extends Error {}

/** The text of what is wrong, or undefined when `bytes` are a JSON object (or `null`, which Go takes for one). */
export function goJsonObjectError(bytes: Uint8Array): string | undefined {
  try {
    return new GoJsonScanner(bytes).document();
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

class GoJsonScanner {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Checks the syntax of the whole input first, then that the value is an object. */
  document(): string | undefined {
    this.#skipBlanks();
    const start = this.#peek();
    this.#values();
    this.#skipBlanks();
    if (this.#position < this.#bytes.length) this.#fail("after top-level value");
    const goType = typeNames.get(start ?? 0) ?? "number";
    return goType === "" ? undefined : `json: cannot unmarshal ${goType} into Go value of type map[string]interface {}`;
  }

  /** One value with all it contains; a stack of closing brackets instead of recursion. */
  #values(): void {
    const open: number[] = [];
    for (;;) {
      const opened = this.#valueOrOpen();
      if (opened !== undefined) {
        open.push(opened);
        if (open.length > nestingMax) {
          this.#position -= 1; // the text names the bracket that is one too many
          this.#fail("exceeded max depth");
        }
        if (!this.#closes(open)) {
          if (opened === 0x7d) this.#key();
          continue;
        }
      }
      if (!this.#next(open)) return;
    }
  }

  /** Whether the container just opened is empty, and then leaves it. */
  #closes(open: number[]): boolean {
    this.#skipBlanks();
    if (this.#peek() !== open.at(-1)) return false;
    open.pop();
    this.#position += 1;
    return true;
  }

  /** After a value: on to the next one of the innermost container; false when the outermost value has ended. */
  #next(open: number[]): boolean {
    for (;;) {
      const close = open.at(-1);
      if (close === undefined) return false;
      this.#skipBlanks();
      const byte = this.#peek();
      if (byte === 0x2c) {
        this.#position += 1;
        if (close === 0x7d) this.#key();
        return true;
      }
      if (byte !== close) this.#fail(close === 0x7d ? "after object key:value pair" : "after array element");
      this.#position += 1;
      open.pop();
    }
  }

  #key(): void {
    this.#skipBlanks();
    if (this.#peek() !== 0x22) this.#fail("looking for beginning of object key string");
    this.#string();
    this.#skipBlanks();
    if (this.#peek() !== 0x3a) this.#fail("after object key");
    this.#position += 1;
  }

  /** Reads a scalar, or enters a container and returns the byte that will close it. */
  #valueOrOpen(): number | undefined {
    this.#skipBlanks();
    const byte = this.#peek();
    if (byte === 0x7b || byte === 0x5b) {
      this.#position += 1;
      return byte === 0x7b ? 0x7d : 0x5d;
    }
    const literal = literals.get(byte ?? 0);
    if (byte === 0x22) this.#string();
    else if (literal !== undefined) this.#literal(literal);
    else if (byte === 0x2d || isDigit(byte)) this.#number();
    else this.#fail("looking for beginning of value");
    return undefined;
  }

  #literal(word: string): void {
    for (let index = 0; index < word.length; index += 1) {
      if (this.#peek() !== word.charCodeAt(index)) this.#fail(`in literal ${word} (expecting '${word[index]}')`);
      this.#position += 1;
    }
  }

  #string(): void {
    this.#position += 1;
    for (;;) {
      const byte = this.#peek();
      if (byte === undefined || byte < 0x20) this.#fail("in string literal");
      this.#position += 1;
      if (byte === 0x22) return;
      if (byte === 0x5c) this.#escape();
    }
  }

  #escape(): void {
    const byte = this.#peek();
    if (byte === undefined || !'bfnrt\\/"u'.includes(String.fromCharCode(byte))) this.#fail("in string escape code");
    this.#position += 1;
    if (byte !== 0x75) return;
    for (let index = 0; index < 4; index += 1) {
      if (!/^[0-9a-fA-F]$/.test(String.fromCharCode(this.#peek() ?? 0))) {
        this.#fail("in \\u hexadecimal character escape");
      }
      this.#position += 1;
    }
  }

  #number(): void {
    if (this.#peek() === 0x2d) this.#position += 1;
    if (this.#peek() === 0x30) this.#position += 1;
    else this.#digits("in numeric literal");
    if (this.#peek() === 0x2e) {
      this.#position += 1;
      this.#digits("after decimal point in numeric literal");
    }
    const exponent = this.#peek();
    if (exponent !== 0x65 && exponent !== 0x45) return;
    this.#position += 1;
    const sign = this.#peek();
    if (sign === 0x2b || sign === 0x2d) this.#position += 1;
    this.#digits("in exponent of numeric literal");
  }

  /** One digit at least. */
  #digits(context: string): void {
    if (!isDigit(this.#peek())) this.#fail(context);
    while (isDigit(this.#peek())) this.#position += 1;
  }

  #peek(): number | undefined {
    return this.#bytes[this.#position];
  }

  #skipBlanks(): void {
    for (;;) {
      const byte = this.#peek();
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
      this.#position += 1;
    }
  }

  #fail(context: string): never {
    // At the end Go's scanner is given a blank, and complains of that where none may stand.
    const byte = this.#peek() ?? (blankAllowed.test(context) ? undefined : 0x20);
    if (byte === undefined) throw new JsonSyntaxError("unexpected end of JSON input");
    throw new JsonSyntaxError(`invalid character ${goQuoteByte(byte)} ${context}`);
  }
}

/** First byte of a value to the word of Go's type error; "" for what a map takes. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [0x7b, ""],
  [0x6e, ""],
  [0x5b, "array"],
  [0x22, "string"],
  [0x74, "bool"],
  [0x66, "bool"],
]);

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
