import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { folderFlag, readFolder } from "./kms-plugin-flags.ts";

const jsonFlag = switchFlag("json", "Print the keys as JSON.");

/** `strongroom kms-plugin keys`: which keys there are, and since when each writes. */
export const kmsPluginKeysCommand: Command = {
  usage: "[--dir DIR] [--json]",
  examples: [{ line: "strongroom kms-plugin keys", effect: "which keys there are, and which one writes" }],
  flags: [folderFlag, jsonFlag],
  notes: ["It takes no passphrase: it shows what the key file names in the clear, and proves nothing about it."],
  operandsMax: 0,
  async run(invocation) {
    const { flags, output } = invocation;
    const { listKeys } = await import("../delivery/kms-plugin/manage-keys.ts");
    const { writingIndex } = await import("../delivery/kms-plugin/key-ring.ts");
    const { keys } = await listKeys(readFolder(invocation));
    const writing = writingIndex(keys, new Date());
    const shown = keys.map((key, index) => ({
      id: key.id,
      role: index === writing ? "writes" : index < writing ? "reads" : "reads, writes later",
      madeAt: key.madeAt.toISOString(),
      writesFrom: key.writesFrom.toISOString(),
    }));
    const lines = shown.map(({ id, role, writesFrom }) => `${id}  ${role}  from ${writesFrom}`);
    output.print(flags.has(jsonFlag) ? JSON.stringify(shown, null, 2) : lines.join("\n"));
    return exitCodes.ok;
  },
};
