import { EntryPrinter, followEntries, printEntries } from "./audit-entries.ts";
import {
  entryQuery,
  filterFlags,
  filterUsage,
  filtersOf,
  rightsPage,
  secretFlag,
  sinceFlag,
  userFlag,
} from "./audit-question.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { serverFlags, serverNotes, serverUsage, withServer } from "./server-connection.ts";
import { outputFlag, outputForm } from "./sight-source.ts";
import { listenForStop } from "./stop-request.ts";

const followFlag = { ...switchFlag("follow", "Go on with what comes, until it is interrupted."), short: "f" };
const sinceMsDefault = 10 * 60 * 1000;

/** `strongroom audit tail`. */
export const auditTailCommand: Command = {
  usage: `[-f] [--user USER] [--secret NAMESPACE/NAME] ${filterUsage} [-o FORM] ${serverUsage}`,
  examples: [
    { line: "strongroom audit tail -f", effect: "what goes on record, as it happens" },
    { line: "strongroom audit tail -f --secret prod/db -o json", effect: "who touches a secret, as JSON lines" },
  ],
  flags: [followFlag, userFlag, secretFlag, ...filterFlags, outputFlag, ...serverFlags],
  notes: [
    ...serverNotes,
    "It begins with the last 10 minutes, unless --since says otherwise. A connection that is lost is made again, and nothing is left out.",
    "It takes the rights to list and, with -f, to watch auditevents, and that it was asked is on record.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, output } = invocation;
    const printer = new EntryPrinter(output, outputForm(invocation));
    const nowMs = Date.now();
    const filters = filtersOf(flags, nowMs);
    const since = flags.has(sinceFlag) ? {} : { since: new Date(nowMs - sinceMsDefault).toISOString() };
    using stop = listenForStop();
    const { signal } = stop;
    const told = withServer(invocation, rightsPage, async (connection) => {
      const from = await printEntries(connection, entryQuery({ ...filters, ...since }), {
        printer,
        limit: Infinity,
        signal,
      });
      if (!flags.has(followFlag)) return;
      // What comes is not older than what there is, whatever its clock says.
      const query = entryQuery(filters);
      query.delete("since");
      await followEntries(connection, query, { printer, from, signal, tell: (text) => output.tell(text) });
    });
    await told.catch((error: unknown) => {
      // Whoever interrupts it has seen what they wanted.
      if (!signal.aborted) throw error;
    });
    return exitCodes.ok;
  },
};
