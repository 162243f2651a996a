import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command, CommandEntry } from "./command.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { explainError } from "./explain-error.ts";
import { findCommand } from "./find-command.ts";
import { helpFlag, parseFlags } from "./flags.ts";
import type { ParsedArguments } from "./flags.ts";
import { commandText, overviewText } from "./help-text.ts";
import type { Output } from "./output.ts";

/** What a run needs from the process. */
export interface CommandLine {
  readonly commands: readonly CommandEntry[];
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly output: Output;
}

/** Finds the command, runs it and returns its exit code. Raises nothing: failures are told on standard error. */
export async function runCommandLine(line: CommandLine): Promise<ExitCode> {
  try {
    return await dispatch(line);
  } catch (error) {
    const { message, advice, exitCode } = explainError(error);
    line.output.tell(`strongroom: ${message}`);
    if (advice !== undefined) line.output.tell(advice);
    return exitCode;
  }
}

async function dispatch(line: CommandLine): Promise<ExitCode> {
  const { commands, output, environment } = line;
  const args = withoutDashes(line.args);
  if (args.length === 0) {
    output.tell(overviewText(commands));
    return exitCodes.usage;
  }
  if (args[0]?.startsWith("-"))
    throw usageError(`a command must come first, not ${args[0]}`, "strongroom help lists the commands");
  const { entry, rest } = findCommand(commands, args);
  const command = await entry.load();
  const { flags, operands } = parseCommandArguments(entry, command, rest);
  if (flags.has(helpFlag)) {
    output.print(commandText(entry, command));
    return exitCodes.ok;
  }
  return await command.run({ flags, operands, environment, output, commands });
}

function parseCommandArguments(entry: CommandEntry, command: Command, args: readonly string[]): ParsedArguments {
  try {
    const parsed = parseFlags(command.flags, args);
    const superfluous = parsed.operands[command.operandsMax];
    if (superfluous === undefined || parsed.flags.has(helpFlag)) return parsed;
    throw usageError(`${JSON.stringify(superfluous)} is one argument too many`);
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.advice !== undefined) throw error;
    throw usageError(error.message, `strongroom help ${entry.name} shows what it takes`);
  }
}

/** `--help`, `-h` and `--version` in the place of a command are the commands of that name. */
function withoutDashes(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === "--help" || first === "-h") return ["help", ...rest];
  return first === "--version" ? ["version", ...rest] : args;
}
