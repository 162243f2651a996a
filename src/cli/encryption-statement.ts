import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, readServerConfig } from "./config.ts";
import { exitCodes } from "./exit-code.ts";

/** `strongroom encryption statement`: a signed statement that nothing is left under a key. */
export const encryptionStatementCommand: Command = {
  usage: "KEY [--data-dir DIR] [--config FILE]",
  examples: [
    {
      line: "strongroom encryption statement secretbox:v1:key-2025-11 > key-2025-11.json",
      effect: "have it signed before the key leaves the configuration",
    },
  ],
  flags: [dataDirFlag, configFlag],
  notes: [
    "KEY is named as strongroom encryption status names it. The server that runs on this host counts current records, versions, trash, " +
      "leases, superseded revisions, and copies in free space of the files; while anything is left it signs nothing and says what is.",
    "It is signed with the key that signs the checkpoints of the audit log: strongroom audit public-key prints what verifies it.",
  ],
  operandsMax: 1,
  async run({ operands, flags, environment, output }) {
    const [key] = operands;
    if (key === undefined) throw usageError("a key must be named", "strongroom encryption status names them.");
    const { dataDir } = await readServerConfig(flags, environment);
    const { askForStatement } = await import("../instance/control-socket.ts"); // not for its help, which is thereby quick
    const statement = await askForStatement(dataDir, key);
    if (statement === undefined) {
      const exitCode = exitCodes.unavailable;
      throw new CommandFailure(`a server must run on ${dataDir}`, { exitCode, advice: "Start it: strongroom serve" });
    }
    output.print(JSON.stringify(statement, null, 2));
    return exitCodes.ok;
  },
};
