import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { AuditEntry } from "../audit/audit-log.ts";
import type { RenderEntry } from "../audit/followers/destination.ts";
import type { ReceivedComparison } from "../audit/followers/received-records.ts";
import { defaultAuditPolicy } from "../audit/policy/default-policy.ts";
import { readAuditPolicy } from "../audit/policy/policy-reader.ts";
import { auditPolicyFileFlag, wordFlag } from "./audit-flags.ts";
import { auditRange, entriesFrom, fromFlag, toFlag } from "./audit-range.ts";
import type { AuditRange } from "./audit-range.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import { hashKeyFileFlag, readHashKey } from "./hash-key-file.ts";
import { printable, printableJson } from "./printable.ts";

const formFlag = valueFlag("form", "strongroom|kubernetes", "The form of the records. Default: strongroom.");
const jsonFlag = switchFlag("json", "Print what was found as JSON.");

/** `strongroom audit compare`: whether a receiver kept what it was sent. */
export const auditCompareCommand: Command = {
  usage:
    "FILE... [--form strongroom|kubernetes] [--audit-policy-file FILE] [--hash-key-file FILE] [--from ENTRY|TIME] [--to ENTRY|TIME] " +
    "[--json] [--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    { line: "strongroom audit compare siem-export.jsonl", effect: "what the receiver lost, changed or made up" },
    {
      line: "strongroom audit compare --form kubernetes --audit-policy-file policy.yaml /var/log/strongroom/audit*.log",
      effect: "the same of the file of --audit-log-path, old files included",
    },
  ],
  flags: [
    formFlag,
    auditPolicyFileFlag,
    hashKeyFileFlag,
    fromFlag,
    toFlag,
    jsonFlag,
    dataDirFlag,
    configFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
  ],
  notes: [
    "A follower believes a receiver that says it has a record; this is how one that loses or changes records is found. FILE has records as they were " +
      "sent, one on each line, packed with gzip or not; - is standard input. The order of lines and of fields does not count.",
    "Without --from and --to, records are missing that lie between the first and the last that are there. Exit code 5 when anything is missing or is no record of the log.",
    "It takes the root key, and that the log was read is on record. Delete the follower's place and start the server to have everything sent again.",
  ],
  operandsMax: Infinity,
  async run(invocation) {
    const { flags, environment, output, operands } = invocation;
    if (operands.length === 0) throw usageError("what the receiver kept must be named, as a file or -");
    const range = auditRange(flags, Date.now());
    const render = await rendererOf(invocation);
    const { dataDir, rootKey } = await readServerConfig(flags, environment);
    const { ReceivedRecords, compareReceived } = await import("../audit/followers/received-records.ts"); // not for its help
    const received = new ReceivedRecords();
    for (const path of operands) {
      for await (const line of createInterface({ input: await openLines(path, environment.workingDirectory) })) {
        received.add(line);
      }
    }
    const { readAudit } = await import("../instance/audit-reading.ts"); // nor this
    const { reader, end } = await readAudit({ dataDir, rootKey }, "all, to compare", async ({ from, before }) => {
      output.tell(`What cannot be read of the log: ${entriesFrom(from, before)}; see audit verify`);
    });
    const isBounded = flags.has(fromFlag) || flags.has(toFlag);
    const wanted = isBounded ? { isWanted: isWithin(range) } : {};
    const found = await compareReceived(reader.entries(0, end), render, received, wanted.isWanted);
    if (flags.has(jsonFlag)) output.print(printableJson(found));
    else for (const line of linesOf(found)) output.print(printable(line));
    return found.missing.length === 0 && found.foreign === 0 ? exitCodes.ok : exitCodes.found;
  },
};

async function rendererOf({ flags, environment }: Invocation): Promise<RenderEntry> {
  const form = wordFlag(flags, formFlag, ["strongroom", "kubernetes"]);
  const path = (written: string) => resolve(environment.workingDirectory, written);
  const hashFile = flags.one(hashKeyFileFlag);
  const { hashNames } = await import("../audit/followers/hash-names.ts"); // not for the help
  const transform =
    hashFile === undefined
      ? (entry: AuditEntry) => entry
      : hashNames(await readHashKey(path(hashFile), "--hash-key-file"));
  if (form === "strongroom") {
    const { renderOwn } = await import("../audit/followers/render-own.ts"); // nor this
    return renderOwn(transform);
  }
  const policyFile = flags.one(auditPolicyFileFlag);
  const policy =
    policyFile === undefined ? defaultAuditPolicy : readAuditPolicy(await readFile(path(policyFile), "utf8"));
  const { renderKubernetes } = await import("../audit/followers/render-kubernetes.ts"); // nor this
  const render = renderKubernetes({ policy, format: "json", eventBytesMax: undefined });
  return (entry) => render(transform(entry));
}

async function openLines(path: string, workingDirectory: string): Promise<Readable> {
  if (path === "-") return process.stdin;
  const file = createReadStream(resolve(workingDirectory, path));
  if (!path.endsWith(".gz")) return file;
  const unpacked = createGunzip();
  file.on("error", (error) => unpacked.destroy(error)); // which a pipe does not hand on
  return file.pipe(unpacked);
}

function isWithin({ from, to, sinceMs, untilMs }: AuditRange): (entry: AuditEntry) => boolean {
  return ({ position, event }) => {
    const timeMs = Date.parse(event.stageTimestamp);
    return position >= from && position < to && timeMs >= sinceMs && timeMs < untilMs;
  };
}

function linesOf(found: ReceivedComparison): string[] {
  const { expected, present, missing, furtherMissing, foreign, foreignLines, repeated, checkpoints } = found;
  return [
    `${present} of ${expected} records are there, ${repeated} of them again; and ${checkpoints} checkpoints.`,
    ...missing.map(({ from, before, records }) => {
      return `MISSING ${records} ${records === 1 ? "record" : "records"} of ${entriesFrom(from, before)}`;
    }),
    ...(furtherMissing === 0 ? [] : [`And records of ${furtherMissing} ranges more are missing.`]),
    ...(foreign === 0
      ? []
      : [`FOREIGN ${foreign} lines are no records of this log, the first of them ${foreignLines.join(", ")}`]),
  ];
}
