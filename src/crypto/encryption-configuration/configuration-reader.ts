/**
 * Reads the structure of the file as upstream's strict decoder does: an unknown field, a field of another type or one that is
 * there twice is a problem, all of them are collected, and `null` is a field that is not there. Values are never quoted:
 * a wrong file, given by mistake, may hold anything.
 */
import type { ConfigurationProblem } from "./configuration-problem.ts";

/** Collects problems while values are read. `path` is empty for the file itself. */
export class ConfigurationReader {
  readonly problems: ConfigurationProblem[] = [];

  /** The members of a mapping by name; none when it is no mapping. */
  mapping(value: unknown, path: string, names: readonly string[]): ReadonlyMap<string, unknown> {
    if (!(value instanceof Map)) {
      this.#mustBe(path, "a mapping");
      return new Map();
    }
    const members = new Map<string, unknown>();
    for (const [name, member] of value) {
      if (typeof name !== "string" || !names.includes(name)) {
        this.problems.push(`unknown field "${join(path, shownName(name))}"`);
      } else if (member !== null) members.set(name, member);
    }
    return members;
  }

  /** The items of a list, each read by `read`; none when it is left out or no list. */
  list<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): readonly T[] {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.map((item: unknown, index) => read(item, `${path}[${index}]`));
    this.#mustBe(path, "a list");
    return [];
  }

  /** A text; empty when it is left out or no text. */
  text(value: unknown, path: string): string {
    if (typeof value === "string") return value;
    if (value !== undefined) this.#mustBe(path, "a string");
    return "";
  }

  /** A whole number of 32 bits; undefined when it is left out or no such number. */
  integer(value: unknown, path: string): number | undefined {
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
    this.#mustBe(path, "a whole number");
    return undefined;
  }

  /** A duration as Go writes it (`3s`, `1m30s`, `500ms`) in milliseconds; undefined when it is left out or none. */
  duration(value: unknown, path: string): number | undefined {
    if (value === undefined) return undefined;
    const durationMs = typeof value === "string" ? parseGoDuration(value) : undefined;
    if (durationMs === undefined) this.#mustBe(path, "a duration such as 3s");
    return durationMs;
  }

  #mustBe(path: string, what: string): void {
    this.problems.push(`${path === "" ? "the file" : path}: must be ${what}`);
  }
}

/** With a space missing, `secret:BASE64` is a name: what is not like one of a field is not shown. */
function shownName(name: unknown): string {
  return typeof name === "string" && /^[A-Za-z]{1,32}$/.test(name) ? name : "?";
}

/** The path of a member. */
export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

function parseGoDuration(text: string): number | undefined {
  const [, sign, amount = ""] = /^([-+]?)(0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  let sum = 0;
  for (const [, number, unit = ""] of amount.matchAll(/(\d+\.?\d*|\.\d+)([a-zµμ]+)/g)) {
    sum += Number(number) * (unitMs.get(unit) ?? Number.NaN); // the expression above lets known units through only
  }
  return sign === "-" ? -sum : sum;
}
