import { CommandFailure } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { atFlag, explainRevision, momentOf, nothingAt, revisionFlag, versionAt } from "./secret-moment.ts";
import type { Moment } from "./secret-moment.ts";
import { withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import type { SecretPlace, SecretSource } from "./secret-source.ts";
import { shownValue } from "./secret-value.ts";
import { namespaceFlag, outputFlag, outputForm, secretOperand } from "./sight-source.ts";

const revealFlag = switchFlag("reveal", "Show the values, too.");

/** `strongroom secret get`. */
export const secretGetCommand: Command = {
  usage: `NAMESPACE/NAME [--at TIME | --revision N] [--reveal] [-o FORM] ${serverUsage}`,
  examples: [
    { line: "strongroom secret get prod/db --at 2h", effect: "which version was current two hours ago, and its keys" },
    { line: "strongroom secret get prod/db --at 2026-01-31T00:00:00Z --reveal", effect: "with its values" },
  ],
  flags: [...serverFlags, namespaceFlag, atFlag, revisionFlag, revealFlag, outputFlag],
  notes: [
    ...serverNotes,
    "--at goes by versions: it takes the right to list secretversions, with --reveal also that to get secretversions/value. " +
      "--revision goes by the store's history and takes the right to list secrets; without both it is that to get the secret.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const form = outputForm(invocation);
    const moment = momentOf(invocation.flags, Date.now());
    const place = await secretOperand(invocation);
    const reveals = invocation.flags.has(revealFlag);
    const found = await withSecrets(invocation, (source) => read(source, place, moment, reveals));
    print(invocation, form, found);
    return exitCodes.ok;
  },
};

interface Found {
  readonly namespace: string;
  readonly name: string;
  /** The version, where it was found by one. */
  readonly version?: number;
  readonly author?: string;
  readonly time?: string;
  readonly resourceVersion?: string;
  readonly keys: readonly { readonly name: string; readonly sizeBytes?: number }[];
  /** In base64; only where values are shown. */
  readonly data?: Readonly<Record<string, string>>;
}

async function read(source: SecretSource, place: SecretPlace, moment: Moment, reveals: boolean): Promise<Found> {
  if (moment.type === "time") return readAt(source, place, moment.timeMs, reveals);
  const secret =
    moment.type === "now" ? await source.secret(place) : await readRevision(source, place, moment.revision);
  const { data = {}, metadata } = secret;
  const keys = Object.entries(data).map(([name, value]) => ({ name, sizeBytes: Buffer.byteLength(value, "base64") }));
  return { ...place, resourceVersion: metadata.resourceVersion, keys, ...(reveals && { data }) };
}

async function readAt(source: SecretSource, place: SecretPlace, timeMs: number, reveals: boolean): Promise<Found> {
  const versions = await source.versions(place);
  const found = versionAt(versions, timeMs);
  if (typeof found === "string") {
    throw nothingAt(place, { versions, deleted: await source.deleted(place), timeMs });
  }
  const { version, author, time, keys = [] } = found;
  const data = reveals ? ((await source.value(place, version)).data ?? {}) : undefined;
  return { ...place, version, author, time, keys, ...(data !== undefined && { data }) };
}

async function readRevision(source: SecretSource, place: SecretPlace, revision: string) {
  const [found] = await source.secretsAt(place, revision).catch((error: unknown) => {
    throw explainRevision(error, revision);
  });
  if (found !== undefined) return found;
  const message = `${place.namespace}/${place.name} must have been there at revision ${revision}`;
  throw new CommandFailure(printable(message), { exitCode: exitCodes.failure });
}

function print({ output }: Invocation, form: "table" | "json", found: Found): void {
  if (form === "json") return output.print(printableJson(found));
  const { namespace, name, version, author, time, resourceVersion, keys, data } = found;
  const which =
    version === undefined
      ? `resourceVersion ${resourceVersion}`
      : `version ${version}, written by ${author} at ${time}`;
  output.print(printable(`${namespace}/${name}: ${which}`));
  for (const { name: key, sizeBytes = 0 } of keys) {
    const value = data !== undefined && Object.hasOwn(data, key) ? shownValue(data[key] ?? "") : `${sizeBytes} bytes`;
    output.print(printable(`  ${key}: ${value}`));
  }
}
