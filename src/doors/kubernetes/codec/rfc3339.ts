/**
 * Times of the Kubernetes API: metav1.Time (whole seconds) and MicroTime.
 *
 * Reads what Go's time.Parse(time.RFC3339) reads, with its leniencies (hour of
 * one digit, comma before the fraction, offsets up to +24:60), writes UTC.
 */
import { DecodeError } from "./decode-error.ts";

/** A point in time as protobuf has it: whole seconds since 1970, and nanoseconds from 0 to 999,999,999. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

/** Go's zero time, 0001-01-01T00:00:00Z, which stands for "no time". */
export const zeroTimeSeconds = -62_135_596_800;
const yearZeroSeconds = -62_167_219_200;
const lastSecond = 253_402_300_799;

/** Go's layouts of the two: MicroTime has exactly six digits after the second. */
const layouts = { time: "2006-01-02T15:04:05Z07:00", microTime: "2006-01-02T15:04:05.000000Z07:00" } as const;
export type TimeForm = keyof typeof layouts;
/** A longer value is cut in error texts: it is no time anyway. */
const quotedLengthMax = 64;

/**
 * The elements of the layout in order: what Go calls it, what it looks like,
 * and the range of its number with the word for leaving it.
 */
const elements: readonly {
  readonly element: string;
  readonly pattern: RegExp;
  readonly range?: { readonly word: string; readonly min: number; readonly max: number };
}[] = [
  { element: "2006", pattern: /\d{4}/y },
  { element: "-", pattern: /-/y },
  { element: "01", pattern: /\d\d/y, range: { word: "month", min: 1, max: 12 } },
  { element: "-", pattern: /-/y },
  { element: "02", pattern: /\d\d/y },
  { element: "T", pattern: /T/y },
  { element: "15", pattern: /\d\d?/y, range: { word: "hour", min: 0, max: 23 } },
  { element: ":", pattern: /:/y },
  { element: "04", pattern: /\d\d/y, range: { word: "minute", min: 0, max: 59 } },
  { element: ":", pattern: /:/y },
  { element: "05", pattern: /\d\d/y, range: { word: "second", min: 0, max: 59 } },
];
const fraction = /[.,](\d+)/y;
const microseconds = /[.,](\d{6})/y;
const zone = /Z|([+-])(\d\d):(\d\d)/y;

/**
 * Reads an RFC 3339 time.
 * @param form `microTime` asks for six digits after the second, as metav1.MicroTime does in JSON
 * @throws DecodeError in the words of Go's time package
 */
export function parseTime(text: string, form: TimeForm = "time"): Timestamp {
  const numbers: number[] = [];
  let at = 0;
  for (const { element, pattern, range } of elements) {
    const found = matchAt(pattern, text, at);
    if (found === null) throw cannotParse(text, at, element, form);
    at += found[0].length;
    if (element.length === 1) continue;
    const value = Number(found[0]);
    if (range !== undefined && (value < range.min || value > range.max)) throw outOfRange(text, range.word);
    numbers.push(value);
  }
  const digits = matchAt(form === "time" ? fraction : microseconds, text, at);
  if (digits === null && form === "microTime") throw cannotParse(text, at, ".000000", form);
  if (digits !== null) at += digits[0].length;
  const seconds = secondsOf(text, numbers) - offsetSeconds(text, at, form);
  if (seconds < yearZeroSeconds || seconds > lastSecond) {
    throw new DecodeError("a time must have a year within [0,9999] in UTC");
  }
  return { seconds, nanos: Number((digits?.[1] ?? "").slice(0, 9).padEnd(9, "0")) };
}

/** `2024-01-02T03:04:05Z`: metav1.Time. */
export function formatTime(time: Timestamp): string {
  return `${isoSeconds(time.seconds)}Z`;
}

/** `2024-01-02T03:04:05.000006Z`: metav1.MicroTime. */
export function formatMicroTime(time: Timestamp): string {
  const micros = Math.floor(time.nanos / 1000);
  return `${isoSeconds(time.seconds)}.${String(micros).padStart(6, "0")}Z`;
}

/** Whether a time of the wire can be written as RFC 3339. */
export function isWritableTime(time: Timestamp): boolean {
  return time.seconds >= yearZeroSeconds && time.seconds <= lastSecond && time.nanos >= 0 && time.nanos <= 999_999_999;
}

function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function secondsOf(text: string, numbers: readonly number[]): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // Date.UTC would read years below 100 as 19xx
  if (date.getUTCMonth() !== month - 1 || day < 1) throw outOfRange(text, "day");
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

function offsetSeconds(text: string, at: number, form: TimeForm): number {
  const found = matchAt(zone, text, at);
  if (found === null) throw cannotParse(text, at, "Z07:00", form);
  const rest = text.slice(at + found[0].length);
  const hours = Number(found[2] ?? 0);
  const minutes = Number(found[3] ?? 0);
  if (hours > 24) throw outOfRange(text, "time zone offset hour");
  if (minutes > 60) throw outOfRange(text, "time zone offset minute");
  if (rest !== "") throw new DecodeError(`parsing time ${quoted(text)}: extra text: ${quoted(rest)}`);
  return (found[1] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
}

function cannotParse(text: string, at: number, element: string, form: TimeForm): DecodeError {
  return new DecodeError(
    `parsing time ${quoted(text)} as "${layouts[form]}": cannot parse ${quoted(text.slice(at))} as "${element}"`,
  );
}

function outOfRange(text: string, word: string): DecodeError {
  return new DecodeError(`parsing time ${quoted(text)}: ${word} out of range`);
}

/** Go's time package quotes in its own way: every byte that is not printable ASCII as \xNN. */
function quoted(text: string): string {
  const shown = text.length > quotedLengthMax ? `${text.slice(0, quotedLengthMax)}...` : text;
  let result = "";
  for (const byte of Buffer.from(shown)) {
    if (byte >= 0x80 || byte < 0x20) result += `\\x${byte.toString(16).padStart(2, "0")}`;
    else if (byte === 0x22 || byte === 0x5c) result += `\\${String.fromCharCode(byte)}`;
    else result += String.fromCharCode(byte);
  }
  return `"${result}"`;
}
