import { resolve } from "node:path";
import type { AuditEvent } from "../audit/audit-event.ts";
import type { AuditEntry } from "../audit/audit-log.ts";
import { auditRange, entriesFrom, fromFlag, toFlag } from "./audit-range.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { hashKeyFileFlag, readHashKey } from "./hash-key-file.ts";
import { printableJsonLine } from "./printable.ts";

/** `strongroom audit export`: the events on record, in clear. */
export const auditExportCommand: Command = {
  usage:
    "[--from ENTRY|TIME] [--to ENTRY|TIME] [--hash-key-file FILE] [--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    { line: "strongroom audit export --from 24h", effect: "what was recorded in the last day, as JSON lines" },
    { line: "strongroom audit export | strongroom who-did prod/db --audit -", effect: "who read a secret" },
  ],
  flags: [fromFlag, toFlag, hashKeyFileFlag, dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag],
  notes: [
    "It works on the host of the server, for whoever may open the data directory and has the root key, whether the server runs " +
      "or not. That it was done is on record before the first event is printed.",
    "Entries that were changed or removed are named on standard error, the others are printed, and the exit code is 5.",
    "Each line is an event with its number (`position`). Times are those at which the events were recorded.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const { from, to, sinceMs, untilMs } = auditRange(flags, Date.now());
    const { dataDir, rootKey } = await readServerConfig(flags, environment);
    const hashed = await hashing(invocation);
    const { readAudit } = await import("../instance/audit-reading.ts"); // not for `help audit export`, which is thereby quick
    const asked = `from ${flags.one(fromFlag) ?? "the first"} to ${flags.one(toFlag) ?? "the last"}`;
    let isWhole = true;
    const { reader, end } = await readAudit({ dataDir, rootKey }, asked, async (unreadable) => {
      isWhole = false;
      output.tell(
        `What cannot be read: ${entriesFrom(unreadable.from, unreadable.before)} (${unreadable.segment}); see audit verify`,
      );
    });
    for await (const lines of reader.batches(from, Math.min(to, end), sinceMs)) {
      const events = lines.map(({ position, line }) => ({
        position,
        event: JSON.parse(line) as AuditEvent,
      })); // as written
      const wanted = events.filter(({ event }) => isWithin(Date.parse(event.stageTimestamp), sinceMs, untilMs));
      if (wanted.length === 0) continue;
      output.print(wanted.map((entry) => printableJsonLine(flat(hashed(entry)))).join("\n"));
      await output.drained?.();
    }
    return isWhole ? exitCodes.ok : exitCodes.found;
  },
};

function flat({ position, event }: AuditEntry): object {
  return { position, ...event };
}

/** What is done with each entry before it is printed. */
async function hashing({ flags, environment }: Invocation): Promise<(entry: AuditEntry) => AuditEntry> {
  const file = flags.one(hashKeyFileFlag);
  if (file === undefined) return (entry) => entry;
  const key = await readHashKey(resolve(environment.workingDirectory, file), "--hash-key-file");
  const { hashNames } = await import("../audit/followers/hash-names.ts"); // nor this
  return hashNames(key);
}

function isWithin(timeMs: number, sinceMs: number, untilMs: number): boolean {
  return timeMs >= sinceMs && timeMs < untilMs;
}
