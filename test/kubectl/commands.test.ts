/** Each command of the table, with every kubectl this machine has; what it prints is checked. */
import { describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import { commands } from "./commands.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import { commandsFor, runCommand } from "./run-command.ts";

describe("Every command prints what it must", { concurrency: 2 }, () => {
  for (const binary of findKubectls()) {
    test(`with kubectl ${binary.version}`, async () => {
      await using server = await startTestServer();
      await using kubectl = await Kubectl.for(binary, server);
      for (const command of commandsFor(commands, binary.minor)) await runCommand({ kubectl, server }, command);
    });
  }
});
