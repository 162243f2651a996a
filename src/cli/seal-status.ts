import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { rootKeyKmsFlag } from "./root-key-choice.ts";

const jsonFlag = switchFlag("json", "Print it as JSON.");

/** `strongroom seal status`: how the root key is kept. */
export const sealStatusCommand: Command = {
  usage:
    "[--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE] [--root-key-kms ENDPOINT] [--json]",
  examples: [
    { line: "strongroom seal status", effect: "how the root key is kept, and against whom that does not protect" },
  ],
  flags: [dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag, rootKeyKmsFlag, jsonFlag],
  notes: ["It opens nothing: that the key can be opened is proven by the next start, or by `strongroom seal change`."],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    const { dataDir, rootKey } = await readServerConfig(flags, environment);
    const { inspectSeal } = await import("../instance/seal.ts"); // not for its help, which is thereby quick
    const { custody, place, instanceId, rootKeyId, limit } = await inspectSeal(dataDir, rootKey);
    const lines = [
      `instance ${instanceId}, root key ${rootKeyId}`,
      `custody ${custody}: ${place}`,
      `not protected against: ${limit}`,
    ];
    const shown = { instanceId, rootKeyId, custody, place, limit };
    output.print(flags.has(jsonFlag) ? JSON.stringify(shown, null, 2) : lines.join("\n"));
    return exitCodes.ok;
  },
};
