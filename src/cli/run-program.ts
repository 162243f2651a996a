/** What the programs have in common: they read arguments and environment and set the exit code. */
import { homedir } from "node:os";

import { commands } from "./commands.ts";
import { readEnvironment } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { streamOutput } from "./output.ts";
import { runCommandLine } from "./run-command-line.ts";
import { terminalOf } from "./terminal.ts";

/** Runs this process as one command. */
export async function runProgram(of: Pick<Environment, "isKubectlPlugin"> = {}): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that went away (`strongroom serve | head -1`) is no reason to stop serving; there is
    // nobody left to tell.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") process.exitCode = 1;
    });
  }
  const environment = readEnvironment({ env: process.env, home: homedir(), workingDirectory: process.cwd() });
  process.exitCode = await runCommandLine({
    commands,
    args: process.argv.slice(2),
    environment: { ...environment, ...of },
    output: streamOutput(process.stdout, process.stderr, terminalOf(process.stdout, process.env)),
  });
}
