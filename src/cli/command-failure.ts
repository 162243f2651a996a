import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";

/** A failure that a command explains itself: what must hold, and what the person can do next. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;
  readonly advice: string | undefined;

  constructor(message: string, options: { exitCode: ExitCode; advice?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "CommandFailure";
    this.exitCode = options.exitCode;
    this.advice = options.advice;
  }
}

/** A {@link CommandFailure} for input that breaks a rule: exit code 2. */
export function usageError(message: string, advice?: string): CommandFailure {
  return new CommandFailure(message, { exitCode: exitCodes.usage, ...(advice === undefined ? {} : { advice }) });
}
