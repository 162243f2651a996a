/** Writing many secrets and telling of each: what `import` and `backup restore --namespace` share. */
import type { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import type { Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { printable } from "./printable.ts";
import { SecretWriter } from "./secret-writer.ts";
import type { WantedSecret, WriteAction } from "./secret-writer.ts";
import { dryRunFlag } from "./secret-source.ts";

export const overwriteFlag = switchFlag(
  "overwrite",
  "Replace secrets that are there and differ; without it they are kept as they are.",
);

/** Kinds of secrets that a server makes by itself, for objects of its own. */
const madeByServers: ReadonlySet<string> = new Set(["kubernetes.io/service-account-token"]);

/** Whether a secret can be carried from one server to another. */
export function isPortable({ type }: Pick<WantedSecret, "type">): boolean {
  return !madeByServers.has(type);
}

/** What stands in the place of a secret and cannot be read: named, and the others go on. */
export interface UnreadableItem {
  /** `NAMESPACE/NAME`, or whatever stands there. */
  readonly place: string;
  readonly why: string;
}

export type WantedItem = WantedSecret | UnreadableItem;

const unreadable = "unreadable";
const order: readonly (WriteAction | typeof unreadable)[] = [
  "created",
  "replaced",
  "unchanged",
  "kept",
  "refused",
  unreadable,
];

/** Exit code 1 when one was refused or could not be read. */
export async function writeSecrets(
  { flags, output }: Pick<Invocation, "flags" | "output">,
  connection: ApiConnection,
  secrets: Iterable<WantedItem> | AsyncIterable<WantedItem>,
): Promise<ExitCode> {
  const dryRun = flags.has(dryRunFlag);
  const writer = new SecretWriter(connection, { dryRun, overwrite: flags.has(overwriteFlag) });
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for await (const secret of secrets) {
    if ("why" in secret) {
      count(unreadable);
      output.print(printable(`${unreadable}: ${secret.place} ${secret.why}`));
      continue;
    }
    if (!isPortable(secret)) {
      count("left out (tokens, which the server makes)");
      continue;
    }
    const { namespace, name, action, what } = await writer.write(secret);
    count(action);
    if (action === "unchanged") continue;
    output.print(printable(`${dryRun ? "would be " : ""}${action}: ${namespace}/${name} ${what}`.trimEnd()));
  }
  const known = order.filter((action) => counts.has(action));
  const others = [...counts.keys()].filter((what) => !known.some((action) => action === what));
  const summary = [...known, ...others].map((what) => `${counts.get(what)} ${what}`).join(", ");
  output.tell(`${summary === "" ? "no secrets" : summary}${dryRun ? "; nothing was done" : ""}`);
  return counts.has("refused") || counts.has(unreadable) ? exitCodes.failure : exitCodes.ok;
}
