/**
 * Amounts as Kubernetes writes them: `500m`, `1.5`, `2Gi`, `1e3`.
 *
 * A decoded amount is written back in one canonical text (`1000m` is `1`,
 * `1024Mi` is `1Gi`), except that a text which is canonical enough is kept as it
 * was sent (`1.500`, `+5`): which ones those are follows upstream to the letter,
 * since clients compare texts.
 *
 * Source: apimachinery pkg/api/resource/{quantity,amount,math,suffix}.go.
 */
import { DecodeError } from "./decode-error.ts";

/** An exact amount: `digits` times ten to the power of `exponent`. */
export interface Amount {
  readonly digits: bigint;
  readonly exponent: number;
}

type Format = "binary" | "decimal" | "exponent";

interface Parsed {
  readonly amount: Amount;
  readonly format: Format;
  /** The text itself, where upstream keeps it. */
  readonly kept: string | undefined;
}

const nano = -9;
const milli = -3;
const int64Max = 2n ** 63n - 1n;
/** More digits than these are counted by upstream in another way, which keeps no text. */
const fastDigitsMax = 18;
/** Nobody means longer ones, and big integers cost. */
const textLengthMax = 1000;

const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/**
 * The canonical text of a quantity.
 * @throws DecodeError in upstream's words
 */
export function canonicalQuantity(text: string): string {
  const { amount, format, kept } = parse(text);
  return kept ?? write(amount, format);
}

/** The canonical text of a quantity with what is finer than a thousandth rounded up, as lists of resources have it. */
export function quantityInThousandths(text: string): string {
  const { amount, format, kept } = parse(text);
  if (amount.exponent >= milli) return kept ?? write(amount, format);
  const { digits, exponent } = roundedUp({ ...amount, digits: absolute(amount.digits) }, milli);
  return write({ digits: signed(amount.digits < 0n, digits), exponent }, format);
}

/** The amount that a canonical quantity stands for. @throws DecodeError as {@link canonicalQuantity} */
export function quantityAmount(text: string): Amount {
  return parse(text).amount;
}

/** -1, 0 or 1. */
export function amountSign(amount: Amount): number {
  return amount.digits === 0n ? 0 : amount.digits < 0n ? -1 : 1;
}

/** The sum; exact, unless one of the two is nothing beside the other. */
export function addAmounts(a: Amount, b: Amount): Amount {
  const exponent = Math.min(a.exponent, b.exponent);
  // An exponent may be in the millions, and the sum would have as many digits.
  if (Math.abs(a.exponent - b.exponent) > textLengthMax) return a.exponent > b.exponent ? a : b;
  const digits = [a, b].map((amount) => amount.digits * 10n ** BigInt(amount.exponent - exponent));
  return { digits: (digits[0] ?? 0n) + (digits[1] ?? 0n), exponent };
}

/** Whether there is no fraction. */
export function isWholeAmount({ digits, exponent }: Amount): boolean {
  return exponent >= 0 || digits === 0n || (exponent > -textLengthMax && digits % 10n ** BigInt(-exponent) === 0n);
}

/** -1, 0 or 1 as `a` is less than, equal to or more than `b`. */
export function compareAmounts(a: Amount, b: Amount): number {
  const [signA, signB] = [amountSign(a), amountSign(b)];
  if (signA !== signB || signA === 0) return Math.sign(signA - signB);
  // Sizes first: an exponent may be in the millions.
  const size = ({ digits, exponent }: Amount) => absolute(digits).toString().length + exponent;
  if (size(a) !== size(b)) return size(a) < size(b) ? -signA : signA;
  const exponent = Math.min(a.exponent, b.exponent);
  const [x, y] = [a, b].map((amount) => amount.digits * 10n ** BigInt(amount.exponent - exponent));
  return x === y ? 0 : (x ?? 0n) < (y ?? 0n) ? -1 : 1;
}

function parse(text: string): Parsed {
  const parts = split(text);
  const { base, exponent, format } = interpret(parts.suffix);
  const fast = base === 2 ? fastBinary(text, parts, exponent) : fastDecimal(text, parts, exponent, format);
  return fast ?? exact(parts, base, exponent, format);
}

interface Parts {
  readonly negative: boolean;
  /** Digits before and after the point, leading zeros stripped. */
  readonly whole: string;
  readonly fraction: string;
  readonly suffix: string;
}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

function split(text: string): Parts {
  const match =
    text.length > textLengthMax ? null : /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (match === null || text === "") throw new DecodeError(wrongFormat);
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match;
  return { negative: sign === "-", whole: whole === "" ? "0" : whole, fraction, suffix };
}

function interpret(suffix: string): { base: 2 | 10; exponent: number; format: Format } {
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal >= 0) return { base: 10, exponent: (decimal - 3) * 3, format: "decimal" };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary >= 0) return { base: 2, exponent: binary * 10, format: "binary" };
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(suffix)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > 0x7fff_ffff) {
    throw new DecodeError("unable to parse quantity's suffix");
  }
  return { base: 10, exponent: Number(exponent), format: "exponent" };
}

function signed(negative: boolean, digits: bigint): bigint {
  return negative ? -digits : digits;
}

function fastDecimal(text: string, parts: Parts, exponent: number, format: Format): Parsed | undefined {
  const { negative, whole, fraction } = parts;
  const scale = exponent - fraction.length;
  if (whole.length + fraction.length > fastDigitsMax || scale < nano) return undefined;
  const digits = whole + fraction;
  const canonical = scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
  return {
    amount: { digits: signed(negative, BigInt(digits)), exponent: scale },
    format,
    kept: canonical ? text : undefined,
  };
}

function fastBinary(text: string, { negative, whole, fraction }: Parts, exponent: number): Parsed | undefined {
  if (fraction.length > 0 || 14 - whole.length - Math.trunc(exponent * 0.3) < 0) return undefined;
  const value = BigInt(whole) << BigInt(exponent);
  if (value > int64Max) return undefined;
  const canonical = (BigInt(whole) & 7n) !== 0n;
  return {
    amount: { digits: signed(negative, value), exponent: 0 },
    format: "binary",
    kept: canonical ? text : undefined,
  };
}

/** Any number of digits; what is finer than a billionth is rounded up, away from zero. */
function exact({ negative, whole, fraction }: Parts, base: 2 | 10, exponent: number, format: Format): Parsed {
  const digits = BigInt(whole + fraction) << BigInt(base === 2 ? exponent : 0);
  const scale = (base === 2 ? 0 : exponent) - fraction.length;
  let amount = roundedUp({ digits, exponent: scale }, nano);
  if (format === "binary" && compareAmounts(amount, { digits: int64Max, exponent: 0 }) > 0) {
    amount = { digits: int64Max, exponent: 0 };
  }
  const fractional = format === "binary" && digits !== 0n && compareAmounts(amount, { digits: 1n, exponent: 0 }) < 0;
  return {
    amount: { digits: signed(negative, amount.digits), exponent: amount.exponent },
    format: fractional ? "decimal" : format,
    kept: undefined,
  };
}

/** A non-negative amount without anything below ten to the power of `exponentMin`. */
function roundedUp({ digits, exponent }: Amount, exponentMin: number): Amount {
  const dropped = exponentMin - exponent;
  if (dropped <= 0 || digits === 0n) return { digits, exponent };
  if (dropped > digits.toString().length) return { digits: 1n, exponent: exponentMin };
  const unit = 10n ** BigInt(dropped);
  return { digits: (digits + unit - 1n) / unit, exponent: exponentMin };
}

function write(amount: Amount, format: Format): string {
  if (amount.digits === 0n) return "0";
  if (format === "binary" && isWholeAmount(amount) && !isSmall(amount)) return writeBinary(amount);
  const { digits, exponent } = inThousands(amount);
  if (format === "exponent") return `${digits}${exponent === 0 ? "" : `e${exponent}`}`;
  // Beyond the largest suffix upstream writes none, too.
  return `${digits}${decimalSuffixes[exponent / 3 + 3] ?? ""}`;
}

/** Between -1024 and 1024, where binary amounts are written as decimal ones. */
function isSmall(amount: Amount): boolean {
  return compareAmounts({ ...amount, digits: absolute(amount.digits) }, { digits: 1024n, exponent: 0 }) < 0;
}

function writeBinary({ digits, exponent }: Amount): string {
  let value = exponent >= 0 ? digits * 10n ** BigInt(exponent) : digits / 10n ** BigInt(-exponent);
  let times = 0;
  while (value % 1024n === 0n) {
    value /= 1024n;
    times++;
  }
  return `${value}${binarySuffixes[times] ?? ""}`;
}

/** Without factors of ten in the digits, except for those that make the exponent a multiple of three. */
function inThousands(amount: Amount): Amount {
  let { digits, exponent } = amount;
  while (digits % 10n === 0n) {
    digits /= 10n;
    exponent++;
  }
  const more = ((exponent % 3) + 3) % 3;
  return { digits: digits * 10n ** BigInt(more), exponent: exponent - more };
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
