import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable, printableJson } from "./printable.ts";
import { atFlag, explainRevision, momentOf, revisionFlag, versionAt } from "./secret-moment.ts";
import type { Moment } from "./secret-moment.ts";
import { columns, withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import type { SecretSource, VersionObject } from "./secret-source.ts";
import { outputFlag, outputForm } from "./sight-source.ts";

/** `strongroom secret list`. */
export const secretListCommand: Command = {
  usage: `NAMESPACE [--at TIME | --revision N] [-o FORM] ${serverUsage}`,
  examples: [
    {
      line: "strongroom secret list prod --at 24h",
      effect: "which secrets there were a day ago, and in which version",
    },
    { line: "strongroom secret list prod --revision 1234", effect: "which there were at this resourceVersion" },
  ],
  flags: [...serverFlags, atFlag, revisionFlag, outputFlag],
  notes: [
    ...serverNotes,
    "No values. --at goes by versions: it takes the rights to list secretversions and deletedsecrets, knows only secrets that keep " +
      "versions, and names what was deleted since. --revision goes by the store's history; it and the list of now take the right to list " +
      "secrets/metadata.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const form = outputForm(invocation);
    const moment = momentOf(invocation.flags, Date.now());
    const namespace = invocation.operands[0] ?? "";
    if (namespace === "" || namespace.includes("/")) throw usageError("a namespace must be named");
    const rows = await withSecrets(invocation, (source) => read(source, namespace, moment));
    print(invocation, form, rows, moment);
    return exitCodes.ok;
  },
};

interface Listed {
  readonly name: string;
  readonly version?: number;
  /** When that was written, or the secret was created. */
  readonly time?: string;
  readonly resourceVersion?: string;
  /** What is to be said of it: that it cannot be told, or what became of it. */
  readonly note?: string;
}

async function read(source: SecretSource, namespace: string, moment: Moment): Promise<Listed[]> {
  const place = { namespace, name: "" };
  if (moment.type === "time") return readAt(source, namespace, moment.timeMs);
  const revision = moment.type === "revision" ? moment.revision : undefined;
  const found = await source.secretsAt(place, revision).catch((error: unknown) => {
    throw revision === undefined ? error : explainRevision(error, revision);
  });
  return found.map(({ metadata }) => ({
    name: metadata.name,
    time: metadata.creationTimestamp,
    resourceVersion: metadata.resourceVersion,
  }));
}

async function readAt(source: SecretSource, namespace: string, timeMs: number): Promise<Listed[]> {
  const place = { namespace, name: "" };
  const bySecret = new Map<string, VersionObject[]>();
  for (const version of await source.versions(place)) {
    bySecret.set(version.secret, [...(bySecret.get(version.secret) ?? []), version]);
  }
  const there = [...bySecret].flatMap(([name, versions]): Listed[] => {
    const found = versionAt(versions, timeMs);
    if (found === "not there yet") return [];
    if (found === "not kept") return [{ name, note: "its version of then is past the retention of versions" }];
    return [{ name, version: found.version, time: found.time }];
  });
  const gone = (await source.deleted(place))
    .filter(({ deleted }) => Date.parse(deleted) >= timeMs)
    .map(({ secret, deleted }): Listed => ({
      name: secret,
      note: `in the trash since ${deleted}; may have been there`,
    }));
  return [...there, ...gone].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function print({ output }: Invocation, form: "table" | "json", rows: readonly Listed[], moment: Moment): void {
  if (form === "json") return output.print(printableJson(rows));
  const byVersion = moment.type === "time";
  const heading = byVersion ? ["NAME", "VERSION", "WRITTEN", "NOTE"] : ["NAME", "CREATED", "RESOURCEVERSION"];
  const cells = rows.map(({ name, version, time = "", resourceVersion = "", note = "" }) =>
    byVersion ? [name, version === undefined ? "" : `v${version}`, time, note] : [name, time, resourceVersion],
  );
  for (const line of columns([heading, ...cells])) output.print(printable(line));
}
