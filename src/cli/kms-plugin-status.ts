import { isStrongroomError } from "../errors/strongroom-error.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { readSocket, socketFlag } from "./kms-plugin-flags.ts";

const jsonFlag = switchFlag("json", "Print it as JSON.");

/** `strongroom kms-plugin status`: asks a plugin as kube-apiserver does. */
export const kmsPluginStatusCommand: Command = {
  usage: "[--socket PATH] [--json]",
  examples: [{ line: "strongroom kms-plugin status", effect: "ask the plugin of this machine whether it is well" }],
  flags: [socketFlag, jsonFlag],
  notes: [
    "It asks for the status, as kube-apiserver does once a minute; any KMS v2 plugin answers. Exit code 0 when it says ok, 1 when it says " +
      "anything else, 4 when it does not answer within 3 seconds.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, output } = invocation;
    const { KmsPluginClient } = await import("../crypto/kms/kms-plugin-client.ts");
    using client = new KmsPluginClient(`unix://${readSocket(invocation)}`);
    const { version, healthz, keyId } = await client.status().catch(explain);
    if (flags.has(jsonFlag)) output.print(JSON.stringify({ version, healthz, keyId }, null, 2));
    else output.print(`${JSON.stringify(healthz)}, version ${JSON.stringify(version)}, key ${JSON.stringify(keyId)}`);
    return healthz === "ok" ? exitCodes.ok : exitCodes.failure;
  },
};

/** What is the matter stands in the cause: there is no socket, it is refused, nobody answers. */
function explain(error: unknown): never {
  if (!isStrongroomError(error, "unavailable") || !(error.cause instanceof Error)) throw error;
  throw new CommandFailure(`${error.message}: ${error.cause.message}`, {
    exitCode: exitCodes.unavailable,
    advice: "Is it running? strongroom kms-plugin serve",
    cause: error,
  });
}
