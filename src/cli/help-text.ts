import type { Command, CommandEntry } from "./command.ts";
import { helpFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";

const width = 100;

/** The help of the program: examples, then the commands. */
export function overviewText(commands: readonly CommandEntry[]): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    "Strongroom keeps secrets, encrypted and versioned, and serves them to unmodified clients.",
    "",
    "Examples:",
    "  strongroom demo                      try it: a throw-away server with example secrets",
    "  strongroom serve                     serve on https://127.0.0.1:8443",
    "  strongroom help serve                how to serve elsewhere",
    "",
    "Usage:",
    "  strongroom COMMAND [FLAGS]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(column)}${summary}`),
  ].join("\n");
}

/** The help of one command: examples first, then usage, flags and notes. */
export function commandText(entry: CommandEntry, command: Command): string {
  return [
    `${entry.summary}.`,
    "",
    "Examples:",
    ...command.examples.flatMap(({ line, effect }) => [`  ${line}`, `      ${effect}`]),
    "",
    "Usage:",
    ...wrap(`strongroom ${entry.name} ${command.usage}`.trimEnd(), "  ", "      "),
    "",
    "Flags:",
    ...[...command.flags, helpFlag].flatMap(flagLines),
    ...command.notes.flatMap((note) => ["", ...wrap(note, "", "")]),
  ].join("\n");
}

function flagLines(flag: Flag): string[] {
  const value = flag.value === undefined ? "" : ` ${flag.value}`;
  const short = flag.short === undefined || flag === helpFlag ? "" : `-${flag.short}, `;
  return [`  ${short}--${flag.name}${value}`, ...wrap(flag.description, "      ", "      ")];
}

/** Breaks at blanks, but not inside brackets, so that a flag and its value stay together. */
function wrap(text: string, firstIndent: string, indent: string): string[] {
  const words = text.match(/\[[^\]]*\]\S*|\S+/g) ?? [];
  const lines: string[] = [];
  let line = firstIndent;
  for (const word of words) {
    const isEmpty = line.trim() === "";
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line += isEmpty ? word : ` ${word}`;
  }
  return [...lines, line];
}
