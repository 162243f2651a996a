import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { ErrorCode } from "../errors/strongroom-error.ts";
import { CommandFailure } from "./command-failure.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";

/** What a person is told about a failure, and what a script is. */
export interface Explanation {
  readonly exitCode: ExitCode;
  readonly message: string;
  /** What to do next. */
  readonly advice: string | undefined;
}

const seeNext = "Correct that and run the command again.";

const explanations = {
  "not-found": { exitCode: exitCodes.failure, advice: undefined },
  "already-exists": { exitCode: exitCodes.failure, advice: undefined },
  conflict: { exitCode: exitCodes.failure, advice: "Read it again and repeat the change." },
  compacted: { exitCode: exitCodes.failure, advice: undefined },
  "future-revision": { exitCode: exitCodes.failure, advice: undefined },
  denied: { exitCode: exitCodes.failure, advice: undefined },
  unauthenticated: { exitCode: exitCodes.failure, advice: undefined },
  sealed: {
    exitCode: exitCodes.sealed,
    advice:
      "Nothing was changed. Name the right file with --root-key-file (and --passphrase-file, if it has a passphrase).",
  },
  "lease-not-found": { exitCode: exitCodes.failure, advice: undefined },
  "too-large": { exitCode: exitCodes.usage, advice: undefined },
  invalid: { exitCode: exitCodes.usage, advice: seeNext },
  unavailable: { exitCode: exitCodes.unavailable, advice: seeNext },
  corrupt: {
    exitCode: exitCodes.failure,
    advice: "Nothing was repaired. Keep a copy of the data directory as it is, then restore your last good copy.",
  },
} as const satisfies Record<ErrorCode, { exitCode: ExitCode; advice: string | undefined }>;

/** Turns any failure of a command into words and an exit code. An unexpected one keeps its stack, for the report. */
export function explainError(error: unknown): Explanation {
  if (error instanceof CommandFailure) {
    return { exitCode: error.exitCode, message: error.message, advice: error.advice };
  }
  const listening = explainListenError(error);
  if (listening !== undefined) return listening;
  if (isStrongroomError(error)) return { message: error.message, ...explanations[error.code] };
  return explainSystemError(error) ?? explainDefect(error);
}

/** Why an address cannot be bound: the error itself or one of its causes. */
function explainListenError(error: unknown): Explanation | undefined {
  const cause = causesOf(error).find((candidate) => "syscall" in candidate && candidate.syscall === "listen");
  const lookup = causesOf(error).find((candidate) => "syscall" in candidate && candidate.syscall === "getaddrinfo");
  if (lookup !== undefined) {
    const host = "hostname" in lookup ? String(lookup.hostname) : "the host";
    return {
      exitCode: exitCodes.usage,
      message: `${host} must be a name with an address`,
      advice: "Give --listen an address of this machine, such as 127.0.0.1:8443.",
    };
  }
  if (cause === undefined || !("code" in cause)) return undefined;
  const address = addressOf(cause);
  switch (cause.code) {
    case "EADDRINUSE":
      return {
        exitCode: exitCodes.unavailable,
        message: `${address} is in use by another program`,
        advice: "Stop that program, or choose another address with --listen HOST:PORT (port 0 picks a free one).",
      };
    case "EADDRNOTAVAIL":
      return {
        exitCode: exitCodes.usage,
        message: `${address} is no address of this machine`,
        advice: "Choose one that is with --listen HOST:PORT; 0.0.0.0 and [::] are all of them.",
      };
    case "EACCES":
    case "EPERM":
      return {
        exitCode: exitCodes.usage,
        message: `this user may not listen on ${address}`,
        advice: "Choose a port from 1024 up with --listen HOST:PORT.",
      };
    default:
      return undefined;
  }
}

function addressOf(error: Error): string {
  const host = "address" in error ? String(error.address) : "";
  const port = "port" in error ? String(error.port) : "";
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const causesMax = 5;

function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  let current = error;
  while (current instanceof Error && causes.length < causesMax) {
    causes.push(current);
    current = current.cause;
  }
  return causes;
}

/** A refusal of the operating system: its message names the operation and the path. */
function explainSystemError(error: unknown): Explanation | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("errno" in error)) return undefined;
  return { exitCode: exitCodes.failure, message: error.message, advice: seeNext };
}

function explainDefect(error: unknown): Explanation {
  const message = error instanceof Error ? (error.stack ?? error.message) : "something other than an error was thrown";
  return {
    exitCode: exitCodes.failure,
    message: `unexpected failure: ${message}`,
    advice: "This is a defect of strongroom: please report the lines above, after looking through them.",
  };
}
