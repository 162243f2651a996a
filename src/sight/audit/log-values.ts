/**
 * The JSON values of a log, from its bytes: one a line, or documents of several lines that begin with `{` and end with `}`,
 * each alone on its line, as tools print them. Nothing longer than {@link valueBytesMax} is kept.
 */

/** Far above an event, which is 1.5 MiB at most with both bodies; a page of an EventList fits. */
export const valueBytesMax = 32 * 1024 * 1024;

export interface ValueSink {
  value(value: unknown): void;
  /** A line that is no JSON: `torn` when it begins as an object. */
  unreadable(what: "torn" | "foreign" | "oversize"): void;
}

const newline = 0x0a;

/** Takes the bytes as they come. */
export class LogValues {
  readonly #sink: ValueSink;
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #length = 0;
  /** The rest of the line is passed over. */
  #isTooLong = false;
  /** The lines of a document that is not complete. */
  #document: string[] | undefined;
  #documentLength = 0;

  constructor(sink: ValueSink, bytesMax: number = valueBytesMax) {
    this.#sink = sink;
    this.#bytesMax = bytesMax;
  }

  push(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      this.#take(bytes.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    this.#take(bytes.subarray(start));
  }

  /** At the end of a file: what is left is the last line. */
  end(): void {
    if (this.#length > 0 || this.#isTooLong) this.#endLine();
    if (this.#document !== undefined) this.#giveUpDocument("torn");
  }

  #take(bytes: Buffer): void {
    if (bytes.length === 0 || this.#isTooLong) return;
    if (this.#length + bytes.length > this.#bytesMax) {
      this.#isTooLong = true;
      this.#parts = [];
      this.#length = 0;
      return;
    }
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  #endLine(): void {
    const [only] = this.#parts;
    const line = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const isTooLong = this.#isTooLong;
    this.#parts = [];
    this.#length = 0;
    this.#isTooLong = false;
    if (isTooLong) this.#sink.unreadable("oversize");
    else this.#line(line.toString("utf8"));
  }

  #line(line: string): void {
    if (this.#document !== undefined) return this.#lineOfDocument(line);
    const text = line.trim();
    if (text === "") return;
    if (text === "{" || text === "[") {
      this.#document = [line];
      this.#documentLength = line.length;
      return;
    }
    const value = parsed(text);
    if (value !== undefined) return this.#sink.value(value);
    // What a crash leaves: a part of a line, or bytes that were never written; the next line may stand right after it.
    this.#sink.unreadable(text.startsWith("{") || text.startsWith("\0") ? "torn" : "foreign");
    const next = Math.max(text.lastIndexOf('{"kind":"Event"'), text.lastIndexOf('{"auditID":'));
    const rest = next > 0 ? parsed(text.slice(next)) : undefined;
    if (rest !== undefined) this.#sink.value(rest);
  }

  #lineOfDocument(line: string): void {
    // A complete event on a line is no part of a document of short lines: the document was torn.
    const single = line.startsWith("{") && line.length > 2 ? parsed(line) : undefined;
    if (single !== undefined) {
      this.#giveUpDocument("torn");
      this.#sink.value(single);
      return;
    }
    this.#document?.push(line);
    this.#documentLength += line.length + 1;
    if (this.#documentLength > this.#bytesMax) return this.#giveUpDocument("oversize");
    const end = line.trimEnd();
    if (end !== "}" && end !== "]") return;
    const value = parsed(this.#document?.join("\n") ?? "");
    if (value === undefined) return this.#giveUpDocument("torn");
    this.#document = undefined;
    this.#sink.value(value);
  }

  #giveUpDocument(what: "torn" | "oversize"): void {
    this.#document = undefined;
    this.#sink.unreadable(what);
  }
}

/** JSON, or JSON after a time, as log services put it before the line. */
function parsed(text: string): unknown {
  const start = text.startsWith("{") || text.startsWith("[") ? 0 : timeBefore(text);
  if (start < 0) return undefined;
  try {
    return JSON.parse(start === 0 ? text : text.slice(start)) as unknown;
  } catch {
    return undefined; // the caller counts it
  }
}

function timeBefore(text: string): number {
  return /^\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?\s+(?=\{)/.exec(text)?.[0].length ?? -1;
}
