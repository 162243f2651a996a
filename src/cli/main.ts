/** The program `strongroom`: the only place that reads arguments and environment and sets the exit code. */
import { homedir } from "node:os";

import { commands } from "./commands.ts";
import { readEnvironment } from "./environment.ts";
import { streamOutput } from "./output.ts";
import { runCommandLine } from "./run-command-line.ts";
import { terminalOf } from "./terminal.ts";

for (const stream of [process.stdout, process.stderr]) {
  // A reader that went away (`strongroom serve | head -1`) is no reason to stop serving; there is
  // nobody left to tell.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") process.exitCode = 1;
  });
}

process.exitCode = await runCommandLine({
  commands,
  args: process.argv.slice(2),
  environment: readEnvironment({ env: process.env, home: homedir(), workingDirectory: process.cwd() }),
  output: streamOutput(process.stdout, process.stderr, terminalOf(process.stdout, process.env)),
});
