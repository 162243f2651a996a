import { parseArgs } from "node:util";

import { usageError } from "./command-failure.ts";
import { suggestionFor } from "./suggestion.ts";

/** A flag of a command, for the parser and for the help. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** The word that stands for its value in the help, e.g. `DIR`; undefined for a switch. */
  readonly value: string | undefined;
  /** Whether it may be given several times. */
  readonly repeatable: boolean;
  readonly description: string;
  /** One letter that stands for the name, after one dash. */
  readonly short?: string;
}

/** A flag that takes one value. */
export function valueFlag(name: string, value: string, description: string): Flag {
  return { name, value, repeatable: false, description };
}

/** A flag that takes a value each time it is given. */
export function repeatableFlag(name: string, value: string, description: string): Flag {
  return { name, value, repeatable: true, description };
}

/** A flag without a value. */
export function switchFlag(name: string, description: string): Flag {
  return { name, value: undefined, repeatable: false, description };
}

/** Understood by every command, also as `-h`. */
export const helpFlag: Flag = { ...switchFlag("help", "Show this help."), short: "h" };

/** The flags that were given. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** The value of a flag that may be given once. */
  one(flag: Flag): string | undefined {
    return this.#values.get(flag.name)?.[0];
  }

  /** The values of a repeatable flag in their order; undefined when it was not given. */
  many(flag: Flag): readonly string[] | undefined {
    return this.#values.get(flag.name);
  }

  has(flag: Flag): boolean {
    return this.#values.has(flag.name);
  }

  /** The same with other values of one flag. */
  with(flag: Flag, values: readonly string[]): FlagValues {
    return new FlagValues(new Map([...this.#values, [flag.name, values]]));
  }
}

export interface ParsedArguments {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
}

/**
 * Reads flags and operands. Raises a usage error for an unknown flag, a missing, empty or
 * superfluous value, and for a flag given twice that may be given once: with two values, nobody
 * can tell which was meant. What follows `--` is an operand.
 */
export function parseFlags(flags: readonly Flag[], args: readonly string[]): ParsedArguments {
  const known = new Map([...flags, helpFlag].map((flag) => [flag.name, flag]));
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokensOf(known, args)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const flag = known.get(token.name);
    if (flag === undefined) throw unknownFlag(token.rawName, known);
    const given = values.get(flag.name) ?? [];
    if (given.length > 0 && !flag.repeatable) throw usageError(`--${flag.name} must be given once only`);
    values.set(flag.name, [...given, checkedValue(flag, token.value, token.inlineValue === true)]);
  }
  return { flags: new FlagValues(values), operands };
}

/** Not strict, because the messages of strict mode name no remedy; every rule of it is applied above. */
function tokensOf(known: ReadonlyMap<string, Flag>, args: readonly string[]) {
  const options = Object.fromEntries(
    Array.from(known.values(), ({ name, value, short }) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  return parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true }).tokens;
}

function checkedValue(flag: Flag, value: string | undefined, inline: boolean): string {
  if (flag.value === undefined) {
    if (value !== undefined) throw usageError(`--${flag.name} takes no value`);
    return "";
  }
  if (value === undefined || value === "")
    throw usageError(`--${flag.name} needs a value: --${flag.name} ${flag.value}`);
  if (!inline && value.startsWith("-") && value !== "-") {
    throw usageError(
      `--${flag.name} needs a value: --${flag.name} ${flag.value}`,
      `A value that begins with a dash is written --${flag.name}=${value}`,
    );
  }
  return value;
}

function unknownFlag(rawName: string, known: ReadonlyMap<string, Flag>): Error {
  const near = suggestionFor(rawName.replace(/^-+/, ""), Array.from(known.keys()));
  return usageError(`there is no flag ${rawName}`, near === undefined ? undefined : `Did you mean --${near}?`);
}
