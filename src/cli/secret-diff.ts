import { CommandFailure } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { versionNumber, withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import type { SecretPlace, SecretSource, VersionObject } from "./secret-source.ts";
import { shownValue } from "./secret-value.ts";
import { namespaceFlag, outputFlag, outputForm, secretOperand } from "./sight-source.ts";

const fromFlag = valueFlag("from", "N", "The version to compare with. Default: the one before.");
const toFlag = valueFlag("to", "N", "The version that is compared. Default: the current one.");
const revealFlag = switchFlag("reveal", "Show the values, too.");

/** `strongroom secret diff`. */
export const secretDiffCommand: Command = {
  usage: `NAMESPACE/NAME [--from N] [--to N] [--reveal] [-o FORM] ${serverUsage}`,
  examples: [
    { line: "strongroom secret diff prod/db", effect: "which keys the last change was about" },
    { line: "strongroom secret diff prod/db --from 3 --reveal", effect: "the same since version 3, with values" },
  ],
  flags: [...serverFlags, namespaceFlag, fromFlag, toFlag, revealFlag, outputFlag],
  notes: [
    ...serverNotes,
    "It takes the right to list secretversions, and to get secretversions/value where versions do not follow each other or values are " +
      "shown. Each value that is read is on record.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const form = outputForm(invocation);
    const place = await secretOperand(invocation);
    const found = await withSecrets(invocation, (source) => differences(invocation, source, place));
    const { output } = invocation;
    if (form === "json") output.print(printableJson(found));
    else for (const line of linesOf(found)) output.print(printable(line));
    return exitCodes.ok;
  },
};

interface Difference {
  readonly key: string;
  readonly change: "added" | "changed" | "removed";
  /** Only where values are shown. */
  readonly before?: string;
  readonly after?: string;
}

interface Differences {
  readonly namespace: string;
  readonly secret: string;
  readonly from: number;
  readonly to: number;
  readonly differences: readonly Difference[];
}

async function differences({ flags }: Invocation, source: SecretSource, place: SecretPlace): Promise<Differences> {
  const versions = await source.versions(place);
  const to = pick(place, versions, numberOf(flags.one(toFlag), "to") ?? versions.at(-1)?.version ?? 1);
  const from = numberOf(flags.one(fromFlag), "from") ?? to.version - 1;
  const named = { namespace: place.namespace, secret: place.name, from, to: to.version };
  const { changes } = to;
  const follow = from === to.version - 1;
  if (follow && changes !== undefined && !flags.has(revealFlag)) {
    const found = (["added", "changed", "removed"] as const).flatMap((change) =>
      (changes[change] ?? []).map((key): Difference => ({ key, change })),
    );
    return { ...named, differences: sorted(found) };
  }
  if (from > 0) pick(place, versions, from);
  const before = from === 0 ? {} : ((await source.value(place, from)).data ?? {});
  const after = (await source.value(place, to.version)).data ?? {};
  return { ...named, differences: compare(before, after, flags.has(revealFlag)) };
}

function numberOf(written: string | undefined, flag: string): number | undefined {
  return written === undefined ? undefined : versionNumber(written, flag);
}

function pick({ namespace, name }: SecretPlace, versions: readonly VersionObject[], number: number): VersionObject {
  const found = versions.find(({ version }) => version === number);
  if (found !== undefined) return found;
  const [first, last] = [versions[0]?.version, versions.at(-1)?.version];
  const kept = first === undefined ? "none is" : `v${first} to v${last} are`;
  const message = `version ${number} of ${namespace}/${name} must be kept; ${kept}`;
  throw new CommandFailure(printable(message), { exitCode: exitCodes.failure });
}

type Data = Readonly<Record<string, string>>;

function compare(before: Data, after: Data, reveals: boolean): Difference[] {
  const found: Difference[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, next] = [
      Object.hasOwn(before, key) ? before[key] : undefined,
      Object.hasOwn(after, key) ? after[key] : undefined,
    ];
    if (old === next) continue;
    const change = old === undefined ? "added" : next === undefined ? "removed" : "changed";
    const values = { ...(old !== undefined && { before: old }), ...(next !== undefined && { after: next }) };
    found.push({ key, change, ...(reveals && values) });
  }
  return sorted(found);
}

function sorted(differences: readonly Difference[]): Difference[] {
  return differences.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

const marks = { added: "+", changed: "~", removed: "-" } as const;

function linesOf({ namespace, secret, from, to, differences: found }: Differences): string[] {
  const title = `${namespace}/${secret}: ${from === 0 ? "before the first version" : `v${from}`} to v${to}`;
  if (found.length === 0) return [title, "no key is other"];
  const lines = found.flatMap(({ key, change, before, after }) => [
    `${marks[change]} ${key}`,
    ...(before === undefined ? [] : [`    - ${shownValue(before)}`]),
    ...(after === undefined ? [] : [`    + ${shownValue(after)}`]),
  ]);
  return [title, ...lines];
}
