import type { Command } from "./command.ts";
import { CommandFailure } from "./command-failure.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";

/** `strongroom audit checkpoint`: a signed statement of how long the log is, to be kept elsewhere. */
export const auditCheckpointCommand: Command = {
  usage: "[--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    { line: "strongroom audit checkpoint >> kept.json", effect: "one line more, of all entries there are now" },
    { line: "strongroom audit verify --checkpoint kept.json", effect: "later: nothing before was changed or cut off" },
  ],
  flags: [dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag],
  notes: [
    "The server that runs on this host signs one, unless there is no entry since the last; or the command does, with the store of one " +
      "that does not run. Keep it where whoever may write to the log cannot.",
  ],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    const config = await readServerConfig(flags, environment);
    const { auditCheckpoint } = await import("../instance/audit-reading.ts"); // not for its help, which is thereby quick
    const checkpoint = await auditCheckpoint(config);
    if (checkpoint === undefined) {
      throw new CommandFailure("the audit log must have entries to be signed", { exitCode: exitCodes.failure });
    }
    output.print(JSON.stringify(checkpoint));
    return exitCodes.ok;
  },
};
