import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { decodePublicKey, parseCheckpoints } from "../audit/log/checkpoint.ts";
import type { Checkpoint } from "../audit/log/checkpoint.ts";
import type { LogFault } from "../audit/log/verify-log.ts";
import type { AuditVerdict, AuditVerification } from "../instance/audit-verification.ts";
import { entriesFrom } from "./audit-range.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";

const fromFlag = valueFlag("from", "ENTRY", "The number of the first entry, if not all are to be verified.");
const toFlag = valueFlag("to", "ENTRY", "The number of the entry before which to end.");
const checkpointFlag = valueFlag(
  "checkpoint",
  "FILE|TEXT",
  "Checkpoints that were kept elsewhere: a file with one on each line, or one itself.",
);
const publicKeyFlag = valueFlag(
  "public-key",
  "FILE",
  "The key of checkpoints, as strongroom audit public-key printed it.",
);
const bundleFlag = valueFlag(
  "bundle",
  "FILE",
  "Verify this file, which --export has written, instead of a data directory.",
);
const exportFlag = valueFlag("export", "FILE", "Write a new file by which the same can be verified elsewhere.");
const jsonFlag = switchFlag("json", "Print what was found as JSON.");

/** `strongroom audit verify`. */
export const auditVerifyCommand: Command = {
  usage:
    "[--checkpoint FILE|TEXT] [--public-key FILE] [--from ENTRY] [--to ENTRY] [--json] " +
    "[--export FILE | --bundle FILE] [--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    {
      line: "strongroom audit verify --checkpoint kept.json",
      effect: "whether anything before that checkpoint was changed",
    },
    { line: "strongroom audit verify --export log.bundle", effect: "the log in a file that verifies elsewhere" },
    { line: "strongroom audit verify --bundle log.bundle --public-key audit.pem", effect: "there, without the server" },
  ],
  flags: [
    checkpointFlag,
    publicKeyFlag,
    fromFlag,
    toFlag,
    exportFlag,
    bundleFlag,
    jsonFlag,
    dataDirFlag,
    configFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
  ],
  notes: [
    "It reads ciphertext only, whether a server runs or not. Exit code 5 when anything was removed, changed, put elsewhere or " +
      "cut off, and each place is named.",
    "Whoever can write to the log and has no signing key can still cut it behind a checkpoint: only a checkpoint that was kept " +
      "elsewhere shows that. strongroom audit checkpoint prints one to keep.",
    "The key of checkpoints is taken from --public-key, else from the checkpoint that was kept, else from the server or its sealed " +
      "store. Where none can be had, it is the log's own, which proves nothing against whoever rewrote all of it.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const asked = await readAsked(invocation);
    const exported = flags.one(exportFlag);
    if (exported !== undefined && "bundle" in asked.place)
      throw usageError("--export and --bundle must not be together");
    const { exportAuditBundle, verifyAudit } = await import("../instance/audit-verification.ts"); // not for its help
    const verdict = await verifyAudit(asked);
    if (exported !== undefined && "dataDir" in asked.place) {
      const path = resolve(environment.workingDirectory, exported);
      await exportAuditBundle(asked.place.dataDir, path, verdict, new Date());
      output.tell(`Wrote ${printable(path)}`);
    }
    if (flags.has(jsonFlag)) output.print(printableJson(verdict));
    else for (const line of linesOf(verdict, asked.outside.length)) output.print(printable(line));
    return verdict.faults.length === 0 ? exitCodes.ok : exitCodes.found;
  },
};

async function readAsked({ flags, environment }: Invocation): Promise<AuditVerification> {
  const path = (flag: Flag) => {
    const written = flags.one(flag);
    return written === undefined ? undefined : resolve(environment.workingDirectory, written);
  };
  const bundle = path(bundleFlag);
  const keyPath = path(publicKeyFlag);
  return {
    place: bundle === undefined ? await readServerConfig(flags, environment) : { bundle },
    publicKey: keyPath === undefined ? undefined : decodePublicKey(await readFile(keyPath, "utf8")),
    outside: await readCheckpoints(flags.one(checkpointFlag), path(checkpointFlag)),
    from: readEntry(flags.one(fromFlag), "from") ?? 0,
    to: readEntry(flags.one(toFlag), "to") ?? Infinity,
  };
}

async function readCheckpoints(written: string | undefined, path: string | undefined): Promise<Checkpoint[]> {
  if (written === undefined || path === undefined) return [];
  return parseCheckpoints(written.trimStart().startsWith("{") ? written : await readFile(path, "utf8"));
}

function readEntry(written: string | undefined, name: string): number | undefined {
  if (written === undefined) return undefined;
  if (/^\d{1,15}$/.test(written)) return Number(written);
  throw usageError(`--${name} must be the number of an entry`);
}

function linesOf(verdict: AuditVerdict, given: number): string[] {
  const { instance, segments, entries, first, end, faults, furtherFaults, unfinishedBytes } = verdict;
  return [
    `Instance ${instance ?? "unknown"}: ${entries} entries in ${segments} segments, from ${first} to before ${end}.`,
    ...faults.map(faultLine),
    ...retainedLines(verdict),
    ...verdict.keyChanges.map(({ first, time, publicKey }) => {
      return `The key of checkpoints changed before entry ${first} (${time}) to ${publicKey}, which both keys signed.`;
    }),
    ...(furtherFaults === 0 ? [] : [`And ${furtherFaults} faults more.`]),
    ...proofLines(verdict, given),
    ...(unfinishedBytes === 0
      ? []
      : [`The last ${unfinishedBytes} bytes are no whole block: one is being written, or was cut off.`]),
  ];
}

function retainedLines({ retained }: AuditVerdict): string[] {
  if (retained === undefined) return [];
  return [`Entries before ${retained.first} were deleted as old ones, which the server signed at ${retained.time}.`];
}

function faultLine({ segment, offset, from, to, what }: LogFault): string {
  const entries = entriesFrom(from, to);
  const place = [segment, offset === undefined ? "" : `byte ${offset}`].filter((part) => part !== "").join(", ");
  return `FAULT ${entries}${place === "" ? "" : ` (${place})`}: ${what}`;
}

function proofLines({ signed, outside, end, keyOrigin }: AuditVerdict, given: number): string[] {
  const signedBefore = signed?.entries ?? 0;
  const lines = [
    signed === undefined
      ? "No checkpoint in it is signed by the server."
      : `Signed by the server: what is before entry ${signedBefore} (${signed.time}).`,
    outsideLine(outside, given),
  ];
  if (signedBefore < end) lines.push(`From entry ${signedBefore} on nothing is proven.`);
  if (keyOrigin === "log") {
    lines.push(
      "The key is the log's own: whoever rewrote all of it would have replaced it. Give --public-key or --checkpoint.",
    );
  }
  return lines;
}

function outsideLine(outside: Checkpoint | undefined, given: number): string {
  if (outside !== undefined) {
    return `Known elsewhere: there were ${outside.entries} entries at ${outside.time}; they are as they were, and none is missing.`;
  }
  if (given > 0) return "No checkpoint that was kept elsewhere fits.";
  return "No checkpoint that was kept elsewhere was given: that the end of the log was not cut off is not proven.";
}
