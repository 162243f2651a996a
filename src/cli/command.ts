import type { Environment } from "./environment.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Flag, FlagValues } from "./flags.ts";
import type { Output } from "./output.ts";

/** A row of the dispatch table. The command itself is loaded only when it is asked for. */
export interface CommandEntry {
  /** What is typed after `strongroom`: one word, or a noun and a verb (`secret list`). */
  readonly name: string;
  /** What it does, in a few words, for the overview. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** One command of the command line. */
export interface Command {
  /** What follows the name, e.g. `[--data-dir DIR]`. */
  readonly usage: string;
  /** The first thing in its help: a line to type and what it does. */
  readonly examples: readonly Example[];
  /** Paragraphs below the flags. */
  readonly notes: readonly string[];
  readonly flags: readonly Flag[];
  /** How many arguments it takes that are not flags. */
  readonly operandsMax: number;
  /** Why it cannot be asked about several clusters at once the way it is called; undefined when it can. */
  oneClusterOnly?(invocation: Invocation): string | undefined;
  /** Raises what `explainError` turns into a message and an exit code. */
  run(invocation: Invocation): Promise<ExitCode>;
}

export interface Example {
  readonly line: string;
  readonly effect: string;
}

/** What a command gets. */
export interface Invocation {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
  readonly environment: Environment;
  readonly output: Output;
  /** All commands, for `help`. */
  readonly commands: readonly CommandEntry[];
}
