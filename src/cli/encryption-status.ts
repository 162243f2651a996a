import type { EncryptionStatus, KeyStatus } from "../instance/encryption-service.ts";
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
    "It asks the server that runs on this host, for whoever may open the data directory. All records are " +
      "read and decrypted for it.",
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

function statusLines({ file, problem, resources, keys, rewrite }: EncryptionStatus): string[] {
  const rows = resources.map(({ resource, form, state, records, bytes, oldestRevision, superseded }) => [
    resource,
    form,
    state,
    String(records),
    formatByteSize(bytes),
    records === 0 ? "-" : String(oldestRevision),
    String(superseded),
  ]);
  const { state, seen, rewritten, unreadable } = rewrite;
  return [
    file === undefined ? "no configuration: all in the envelope of this server" : `configuration ${file}`,
    ...(problem === undefined ? [] : [`NOT IN FORCE: ${problem}`]),
    `rewriting ${state}: ${seen} records seen, ${rewritten} rewritten, ${unreadable} unreadable`,
    "",
    ...columns([["RESOURCE", "KEY", "STATE", "RECORDS", "BYTES", "OLDEST REVISION", "SUPERSEDED"], ...rows]),
    "",
    ...keys.map(keyLine),
  ];
}

function keyLine({ form, state, records, superseded, removable }: KeyStatus): string {
  if (removable && state === "missing") return `${form}: nothing is left under it.`;
  if (removable) return `${form}: nothing is left under it; it may leave the configuration.`;
  const uses = `${records} records and ${superseded} superseded revisions`;
  if (state === "missing") return `${form}: NOT CONFIGURED, and ${uses} are under it.`;
  return state === "writes" ? `${form}: writes; ${uses}.` : `${form}: in use by ${uses}.`;
}
