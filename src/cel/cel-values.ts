/** JSON to values of expressions and back. Whole numbers are ints, others doubles; objects are maps. */
import type { CelInput, CelValue } from "@bufbuild/cel";
import { StrongroomError } from "../errors/strongroom-error.ts";

export type PlainValue =
  | null
  | boolean
  | number
  | string
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** What variables may be; `undefined` is null, a Date a timestamp. */
export type CelInputs = Readonly<Record<string, PlainValue | Date | undefined>>;

/** Makes the timestamps of the library. */
type TimestampOf = typeof import("@bufbuild/protobuf/wkt").timestampFromDate;

/** The value of a variable. Maps and lists are made as a whole: their size is the caller's to bound. */
export function inputOf(plain: PlainValue | Date | undefined, timestampOf: TimestampOf): CelInput {
  if (plain instanceof Date) return timestampOf(plain);
  if (typeof plain !== "object" || plain === null) return valueOf(plain);
  const known = converted.get(plain) ?? valueOf(plain);
  converted.set(plain, known);
  return known;
}

/** What many expressions are asked of is converted once. */
const converted = new WeakMap<object, CelInput>();

function valueOf(plain: PlainValue | undefined): CelInput {
  if (plain === undefined || plain === null) return null;
  if (typeof plain === "number") return Number.isSafeInteger(plain) ? BigInt(plain) : plain;
  if (Array.isArray(plain)) return plain.map(valueOf);
  if (typeof plain !== "object") return plain;
  return new Map(Object.entries(plain).map(([key, value]) => [key, valueOf(value)]));
}

/** The part of the library that tells values apart. */
type Kinds = Pick<typeof import("@bufbuild/cel"), "isCelList" | "isCelMap" | "isCelUint" | "celType">;

/** Raises `invalid` for values that JSON has not: bytes, types, times. */
export function plainOf(kinds: Kinds, value: CelValue): PlainValue {
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "number")
    return value;
  if (typeof value === "bigint") return Number(value);
  if (kinds.isCelUint(value)) return Number(value.value);
  if (kinds.isCelList(value)) return [...value].map((item) => plainOf(kinds, item));
  if (kinds.isCelMap(value)) {
    return Object.fromEntries([...value].map(([key, item]) => [String(plainOf(kinds, key)), plainOf(kinds, item)]));
  }
  throw new StrongroomError("invalid", `the result of an expression must be JSON, not ${String(kinds.celType(value))}`);
}
