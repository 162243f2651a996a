/** Commands that are asked about several clusters: one answer for each, in the order in which they were named. */
import { contextFlag, contextsOf } from "./cluster-flags.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";

/**
 * The command, once for each `--context`. The exit code is that of the first answer that is not 0; a failure ends it.
 * Raises a usage error for what the command does for one cluster only.
 */
export function perCluster(command: Command): Command {
  return {
    ...command,
    async run(invocation) {
      const contexts = contextsOf(invocation.flags);
      if (contexts.length < 2) return await command.run(invocation);
      const reason = command.oneClusterOnly?.(invocation);
      if (reason !== undefined) throw usageError(reason, "Run it once for each --context.");
      let exitCode: ExitCode = exitCodes.ok;
      for (const context of contexts) {
        invocation.output.tell(`Cluster ${context}:`);
        const answered = await command.run({ ...invocation, flags: invocation.flags.with(contextFlag, [context]) });
        if (exitCode === exitCodes.ok) exitCode = answered;
      }
      return exitCode;
    },
  };
}
