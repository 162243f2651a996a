/**
 * Readers of the configuration file's fields: each turns what YAML made of a field into a
 * checked value, or says where the field is and what must hold. Mappings come as `Map`.
 */
import { resolve } from "node:path";

import { byteSizeForm, formatByteSize, parseByteSize } from "./byte-size.ts";
import { usageError } from "./command-failure.ts";
import { durationForm, formatDuration, parseDuration } from "./duration.ts";
import { suggestionFor } from "./suggestion.ts";

/** Reads a field; `path` is where it is (`history.retain`). Raises a usage error. */
export type FieldReader<T> = (value: unknown, path: string) => T;

/** The values of the fields that were given. */
export type Fields<T> = { readonly [Name in keyof T]?: T[Name] };

/** A mapping with known fields, each optional. An empty one (`history:` with nothing below) is no mapping. */
export function mapping<T extends object>(readers: { readonly [Name in keyof T]: FieldReader<T[Name]> }): FieldReader<
  Fields<T>
> {
  const known: ReadonlyMap<string, FieldReader<unknown>> = new Map(Object.entries(readers));
  return (value, path) => {
    if (!(value instanceof Map)) throw mustBe(path, "a mapping of fields");
    const fields = Array.from(value, ([name, field]): [string, unknown] => {
      const read = known.get(String(name));
      const place = path === "" ? String(name) : `${path}.${String(name)}`;
      if (read === undefined) throw unknownField(place, String(name), Array.from(known.keys()));
      return [String(name), read(field, place)];
    });
    return Object.fromEntries(fields) as Fields<T>; // each name was found in `readers`, each value read by its reader
  };
}

/** A list, possibly empty. */
export function list<T>(item: FieldReader<T>): FieldReader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw mustBe(path, "a list");
    return value.map((entry: unknown, index) => item(entry, `${path}[${index}]`));
  };
}

/** A text that `parse` understands; `form` says how it is written. */
export function text<T>(parse: (text: string) => T | undefined, form: string): FieldReader<T> {
  return (value, path) => {
    const parsed = typeof value === "string" && value !== "" ? parse(value) : undefined;
    if (parsed === undefined) throw mustBe(path, form);
    return parsed;
  };
}

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): FieldReader<T> {
  return text((value) => words.find((word) => word === value), words.join(" or "));
}

/** A path, made absolute from `directory`. A leading `~` is a shell's, and no shell reads the file. */
export function pathFrom(directory: string): FieldReader<string> {
  return text(
    (value) => (value.startsWith("~") ? undefined : resolve(directory, value)),
    "a path, absolute or relative to the folder of the configuration file (~ is not expanded)",
  );
}

/** A whole number within bounds. */
export function integer({ min, max }: { readonly min: number; readonly max: number }): FieldReader<number> {
  return (value, path) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw mustBe(path, `a whole number from ${min} to ${max}`);
  };
}

/** A duration in milliseconds within bounds. */
export function duration({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }): FieldReader<number> {
  const parse = (value: string) => {
    const durationMs = parseDuration(value);
    return durationMs !== undefined && durationMs >= minMs && durationMs <= maxMs ? durationMs : undefined;
  };
  return text(parse, `${durationForm}, from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`);
}

/** A number of bytes of at least `minBytes`. */
export function byteSize({ minBytes }: { readonly minBytes: number }): FieldReader<number> {
  return (value, path) => {
    const bytes = typeof value === "string" || typeof value === "number" ? parseByteSize(String(value)) : undefined;
    if (bytes !== undefined && bytes >= minBytes) return bytes;
    throw mustBe(path, `${byteSizeForm}, at least ${formatByteSize(minBytes)}`);
  };
}

/** The values themselves are not shown: a wrong file, given by mistake, may hold anything. */
function mustBe(path: string, what: string): Error {
  return usageError(`${path === "" ? "the file" : path} must be ${what}`);
}

function unknownField(place: string, name: string, known: readonly string[]): Error {
  const near = suggestionFor(name, known);
  return usageError(
    `${place} is no known field`,
    near === undefined ? `The fields there are: ${known.join(", ")}` : `Did you mean ${near}?`,
  );
}
