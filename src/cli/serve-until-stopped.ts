import { once } from "node:events";

import type { RunningServer } from "../server/server.ts";
import { CommandFailure } from "./command-failure.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";

/**
 * Waits until `stop` aborts, then stops the server and resolves. Raises when the server stops without
 * being asked to: a supervisor must see that as a failure.
 */
export async function serveUntilStopped(server: RunningServer, stop: AbortSignal): Promise<ExitCode> {
  const asked = stop.aborted ? Promise.resolve() : once(stop, "abort");
  await Promise.race([asked, server.stopped]);
  if (!stop.aborted) {
    throw new CommandFailure("the server stopped by itself", {
      exitCode: exitCodes.failure,
      advice: "The last lines of its log say why.",
    });
  }
  await server.stop();
  return exitCodes.ok;
}
