import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable, printableJson } from "./printable.ts";
import { changesText, columns, withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import type { VersionObject } from "./secret-source.ts";
import { CommandFailure } from "./command-failure.ts";
import { namespaceFlag, outputFlag, outputForm, secretOperand } from "./sight-source.ts";

/** `strongroom secret history`. */
export const secretHistoryCommand: Command = {
  usage: `NAMESPACE/NAME [-o FORM] ${serverUsage}`,
  examples: [{ line: "strongroom secret history prod/db", effect: "who wrote which keys when; no values" }],
  flags: [...serverFlags, namespaceFlag, outputFlag],
  notes: [
    ...serverNotes,
    "+ is a key that is new, ~ one with another value, - one that is gone. It takes the right to list secretversions.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const form = outputForm(invocation);
    const place = await secretOperand(invocation);
    const { output } = invocation;
    const versions = await withSecrets(invocation, (source) => source.versions(place));
    if (versions.length === 0) {
      const message = `${place.namespace}/${place.name} must be a secret that keeps versions`;
      const advice = "If it was deleted: kubectl get deletedsecrets, and strongroom secret undelete.";
      throw new CommandFailure(printable(message), { exitCode: exitCodes.failure, advice });
    }
    if (form === "json") output.print(printableJson(versions));
    else for (const line of columns([heading, ...versions.toReversed().map(row)])) output.print(printable(line));
    return exitCodes.ok;
  },
};

const heading = ["VERSION", "WHEN", "WHO", "DOOR", "KEYS", "BYTES", "CHANGES"];

function row(version: VersionObject): string[] {
  const { time, author, door, keys = [], sizeBytes } = version;
  const number = `v${version.version}${version.current ? " (current)" : ""}`;
  return [number, time, author, door, String(keys.length), String(sizeBytes), changesText(version)];
}
