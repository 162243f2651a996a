import { formatByteSize } from "./byte-size.ts";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, readServerConfig } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";

/** `strongroom encryption defragment`: the data file anew, from what the store holds. */
export const encryptionDefragmentCommand: Command = {
  usage: "[--data-dir DIR] [--config FILE]",
  examples: [
    {
      line: "strongroom encryption defragment",
      effect: "after a change of keys, with the server stopped: nothing under the old one stays in free space",
    },
  ],
  flags: [dataDirFlag, configFlag],
  notes: [
    "No server may run on the data directory. It takes no key: ciphertext is copied as it is, with its history, and nothing else of the file is. " +
      "The former file is overwritten with zeros and removed. It needs as much free space as the store has data.",
    "Ended at any instant it leaves a whole store. A disk or file system that writes elsewhere than it is told (SSDs, btrfs, ZFS, snapshots) " +
      "may keep old blocks all the same.",
  ],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    const { dataDir } = await readServerConfig(flags, environment);
    const { defragmentDataDirectory } = await import("../instance/defragmented-directory.ts"); // not for its help
    const { bytesBefore, bytesAfter, note } = await defragmentDataDirectory(dataDir, () => new Date());
    const forms = Object.entries(note.kinds).map(([form, records]) => `${form}: ${records} records and revisions`);
    output.print(`Wrote the data file anew: ${formatByteSize(bytesAfter)} instead of ${formatByteSize(bytesBefore)}.`);
    for (const line of forms) output.print(printable(line));
    return exitCodes.ok;
  },
};
