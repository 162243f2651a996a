import type { Pruned } from "../instance/audit-pruning.ts";
import { readPlace } from "./audit-range.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import { printable } from "./printable.ts";

const beforeFlag = valueFlag(
  "before",
  "ENTRY|TIME",
  "What may go: entries before this number, or recorded before this time, such as 2026-01-31T00:00:00Z or 400d.",
);
const yesFlag = switchFlag("yes", "Do it: what is deleted cannot be brought back.");
const dryRunFlag = switchFlag("dry-run", "Only say what would be deleted.");

/** `strongroom audit prune`: old entries of the log are deleted, and it is signed that they were. */
export const auditPruneCommand: Command = {
  usage:
    "--before ENTRY|TIME (--yes | --dry-run) [--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    { line: "strongroom audit prune --before 400d --dry-run", effect: "what is older than 400 days, in whole files" },
    { line: "strongroom audit prune --before 400d --yes", effect: "delete it; daily, as by a timer" },
  ],
  flags: [beforeFlag, yesFlag, dryRunFlag, dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag],
  notes: [
    "Entries go in whole files, from the oldest on, and never from the file that is written to. Before they go, it is on record and " +
      "signed in the log that they do, so that strongroom audit verify tells them from entries that somebody else took away.",
    "Nothing goes that a follower has not delivered. It works whether a server runs or not, and on a full disk, too.",
  ],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    const dryRun = flags.has(dryRunFlag);
    if (flags.has(yesFlag) === dryRun) {
      throw usageError("one of --yes and --dry-run must be given", "What is deleted cannot be brought back.");
    }
    const before = readPlace(flags.one(beforeFlag), "before", Date.now());
    if (before === undefined) throw usageError("what may go must be said, by --before ENTRY|TIME");
    const { dataDir, rootKey } = await readServerConfig(flags, environment);
    const { pruneAuditLog } = await import("../instance/audit-reading.ts"); // not for its help, which is thereby quick
    output.print(printable(told(await pruneAuditLog({ dataDir, rootKey }, { before, dryRun }), dryRun)));
    return exitCodes.ok;
  },
};

function told({ from, before, segments, sizeBytes }: Pruned, dryRun: boolean): string {
  if (segments === 0) return "Nothing is old enough in all of a file.";
  const what = `Entries ${from} to ${before - 1}, in ${segments} files of ${(sizeBytes / 2 ** 20).toFixed(1)} MiB together,`;
  return dryRun ? `${what} would be deleted.` : `${what} are deleted, and the log says so.`;
}
