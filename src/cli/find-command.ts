import { usageError } from "./command-failure.ts";
import type { CommandEntry } from "./command.ts";
import { suggestionFor } from "./suggestion.ts";

export interface FoundCommand {
  readonly entry: CommandEntry;
  /** What follows its name. */
  readonly rest: readonly string[];
}

/**
 * The command whose name `words` begin with; the longest, where several do. Raises a usage error that
 * suggests the nearest name, or lists the verbs of a noun that stands alone.
 */
export function findCommand(commands: readonly CommandEntry[], words: readonly string[]): FoundCommand {
  const matching = commands
    .filter(({ name }) => name.split(" ").every((word, index) => words[index] === word))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (matching !== undefined) return { entry: matching, rest: words.slice(matching.name.split(" ").length) };
  throw unknownCommand(commands, words);
}

function unknownCommand(commands: readonly CommandEntry[], words: readonly string[]): Error {
  const [first = "", second = ""] = words;
  const verbs = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => name);
  if (verbs.length > 0) {
    const near = suggestionFor(`${first} ${second}`, verbs);
    const advice = near === undefined ? `It is one of: ${verbs.join(", ")}` : `Did you mean strongroom ${near}?`;
    return usageError(`strongroom ${first} needs a command of its own`, advice);
  }
  const names = commands.map(({ name }) => name);
  const near = suggestionFor(first, [...new Set(names.map((name) => name.split(" ")[0] ?? name))]);
  return usageError(
    `there is no command ${JSON.stringify(first)}`,
    near === undefined ? "strongroom help lists the commands" : `Did you mean strongroom ${near}?`,
  );
}
