import { EntryPrinter, printEntries } from "./audit-entries.ts";
import { entryQuery, filterFlags, filterUsage, filtersOf, rightsPage, secretFlag } from "./audit-question.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { FlagValues } from "./flags.ts";
import { serverFlags, serverNotes, serverUsage, withServer } from "./server-connection.ts";
import { outputFlag, outputForm } from "./sight-source.ts";

export const limitFlag = valueFlag("limit", "N", "At most so many entries.");

/** `strongroom audit by`. */
export const auditByCommand: Command = {
  usage: `USER [--secret NAMESPACE/NAME] ${filterUsage} [--limit N] [-o FORM] ${serverUsage}`,
  examples: [
    { line: "strongroom audit by ann --since 7d", effect: "what ann did and received in a week" },
    {
      line: "strongroom audit by system:serviceaccount:prod:web --decision forbid -o json",
      effect: "what was refused to a service account, as JSON lines",
    },
  ],
  flags: [secretFlag, ...filterFlags, limitFlag, outputFlag, ...serverFlags],
  notes: [
    ...serverNotes,
    "The oldest entry first. It is what they did themselves, what was done as them, what they did as somebody else, and each change that " +
      "watches of theirs received.",
    "It takes the right to list auditevents, and that it was asked is on record.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, operands, output } = invocation;
    const [user = ""] = operands;
    if (user === "") throw usageError("the user must be named");
    const printer = new EntryPrinter(output, outputForm(invocation));
    const limit = limitOf(flags);
    const query = entryQuery({ ...filtersOf(flags, Date.now()), user });
    const { signal } = new AbortController();
    const end = await withServer(invocation, rightsPage, (connection) =>
      printEntries(connection, query, { printer, limit, signal }),
    );
    output.tell(`${printer.count === 1 ? "1 entry" : `${printer.count} entries`}, of those before entry ${end}.`);
    return exitCodes.ok;
  },
};

/** Raises a usage error unless it is a number from 1 on; without the flag there is no limit. */
function limitOf(flags: FlagValues): number {
  const text = flags.one(limitFlag);
  if (text === undefined) return Infinity;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw usageError("--limit must be a whole number of at least 1");
}
