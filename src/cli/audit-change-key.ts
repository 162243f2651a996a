import { publicKeyPem } from "./audit-public-key.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";

const yesFlag = switchFlag("yes", "Do it: the former key is gone then.");

/** `strongroom audit change-key`: checkpoints are signed with a new key from now on. */
export const auditChangeKeyCommand: Command = {
  usage: "--yes [--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    { line: "strongroom audit checkpoint >> kept.json", effect: "before: what the former key signed so far" },
    {
      line: "strongroom audit change-key --yes > audit.pem",
      effect: "the new key, to be kept where the log is verified",
    },
  ],
  flags: [yesFlag, dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag],
  notes: [
    "For when somebody may have seen the key: who had the host, or a copy of it with its root key. The log has the change, signed by both keys: " +
      "strongroom audit verify goes from either of them to the other, and says where. Trust the new one: whoever has the former can sign another change.",
    "Backups and statements about encryption are signed with the same key: those from before are verified with the former one.",
    "It works whether a server runs or not, and is on record.",
  ],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    if (!flags.has(yesFlag)) throw usageError("--yes must be given", "The former key is gone when the new one signs.");
    const config = await readServerConfig(flags, environment);
    const { changeAuditKey } = await import("../instance/audit-reading.ts"); // not for its help, which is thereby quick
    output.write(publicKeyPem(await changeAuditKey(config)));
    return exitCodes.ok;
  },
};
