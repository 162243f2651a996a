import type { EncryptionStatus } from "../instance/encryption-service.ts";
import type { KeyStatus, ResourceForm } from "../instance/encryption-status.ts";
import { formatByteSize } from "./byte-size.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, readServerConfig } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { columns } from "./secret-source.ts";

const jsonFlag = switchFlag("json", "Print everything as JSON.");

/** `strongroom encryption status`: what is under which key, of the server that runs. */
export const encryptionStatusCommand: Command = {
  usage: "[--json] [--data-dir DIR] [--config FILE]",
  examples: [
    { line: "strongroom encryption status", effect: "records by resource and key, and which keys may be removed" },
  ],
  flags: [jsonFlag, dataDirFlag, configFlag],
  notes: [
    "It asks the server that runs on this host, for whoever may open the data directory. All records and the " +
      "files of the store are read for it.",
    "Superseded revisions are history: they go after history.retain, and until then a key that they are under is in use.",
  ],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    const { dataDir } = await readServerConfig(flags, environment);
    const { askForEncryption } = await import("../instance/control-socket.ts");
    const status = await askForEncryption(dataDir);
    if (status === undefined) {
      const exitCode = exitCodes.unavailable;
      throw new CommandFailure(`a server must run on ${dataDir}`, { exitCode, advice: "Start it: strongroom serve" });
    }
    if (flags.has(jsonFlag)) output.print(printableJson(status));
    else for (const line of statusLines(status)) output.print(printable(line));
    return exitCodes.ok;
  },
};

function statusLines({ file, problem, resources, keys, files, rewrite }: EncryptionStatus): string[] {
  const rows = resources.map((row) => [
    row.resource,
    nameOf(row),
    row.state,
    String(row.records),
    formatByteSize(row.bytes),
    oldestText(row),
    String(row.superseded),
  ]);
  const { state, seen, total, rewritten, unreadable, away, problem: failure } = rewrite;
  const waiting = away === 0 ? "" : `, ${away} wait for their plugin`;
  const anew = files.writtenAnew === undefined ? "" : `, written anew at ${files.writtenAnew.time}`;
  return [
    file === undefined ? "no configuration: all in the envelope of this server" : `configuration ${file}`,
    ...(problem === undefined ? [] : [`NOT IN FORCE: ${problem}`]),
    `rewriting ${state}: ${seen} of ${total} records seen, ${rewritten} rewritten, ${unreadable} unreadable${waiting}`,
    ...(failure === undefined ? [] : [`FAILED, and tried again each minute: ${failure}`]),
    `files ${formatByteSize(files.bytes)}${anew}`,
    "",
    ...columns([["RESOURCE", "KEY", "STATE", "RECORDS", "BYTES", "OLDEST WRITE", "SUPERSEDED"], ...rows]),
    "",
    ...keys.map(keyLine),
  ];
}

/** Enough of a digest to tell keys of a plugin apart. */
const digestLength = "sha256:".length + 12;

function nameOf({ form, keyId }: Pick<KeyStatus, "form" | "keyId">): string {
  return keyId === undefined ? form : `${form} ${keyId.slice(0, digestLength)}`;
}

function oldestText({ records, oldestWrite, oldestRevision }: ResourceForm): string {
  if (records === 0) return "-";
  if (oldestWrite === undefined) return `revision ${oldestRevision}`;
  const time = `${oldestWrite.time.slice(0, 19)}Z`;
  return oldestWrite.relation === "at" ? time : `before ${time}`;
}

function keyLine(key: KeyStatus): string {
  const { state, records, superseded, removable, leftBehind } = key;
  const name = nameOf(key);
  if (removable) {
    const may = state === "missing" ? "" : "; it may leave the configuration";
    if (leftBehind === undefined || leftBehind > 0) {
      const copies = leftBehind === undefined ? "Copies may be" : `${leftBehind} copies are`;
      return `${name}: nothing needs it${may}. ${copies} in free space: strongroom encryption defragment removes them.`;
    }
    return `${name}: nothing is left under it${may}. strongroom encryption statement ${key.form} has that signed.`;
  }
  const uses = `${records} records and ${superseded} superseded revisions`;
  if (state === "missing") return `${name}: NOT CONFIGURED, and ${uses} are under it.`;
  return state === "writes" ? `${name}: writes; ${uses}.` : `${name}: in use by ${uses}.`;
}
