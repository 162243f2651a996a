/** The two sides of `strongroom adopt` and `strongroom leave`, opened: a cluster's etcd and the etcd door. */
import { compareSides } from "../adoption/adopt.ts";
import type { Comparison } from "../adoption/adopt.ts";
import { DoorClient } from "../adoption/door-client.ts";
import { EtcdWriter } from "../adoption/etcd-writer.ts";
import { EtcdReader } from "../etcd-client/etcd-reader.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { etcdFlag, etcdTls, etcdTlsFlags, etcdUrl, isInTheClear } from "./etcd-flags.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable } from "./printable.ts";

const doorFlag = valueFlag("strongroom", "URL", "The etcd door of Strongroom, https://HOST:PORT.");
const clusterFlag = valueFlag("cluster", "NAME", "The cluster, as Strongroom's configuration names it.");
const prefixFlag = valueFlag("etcd-prefix", "PATH", "As the kube-apiserver has it; /registry unless given.");
const dryRunFlag = switchFlag("dry-run", "Say what would be done, and change nothing.");
export const adoptionFlags: readonly Flag[] = [
  etcdFlag,
  doorFlag,
  clusterFlag,
  ...etcdTlsFlags,
  prefixFlag,
  dryRunFlag,
];
export const adoptionUsage =
  "--etcd URL... --strongroom URL --cluster NAME [--cacert FILE] [--cert FILE] [--key FILE] [--etcd-prefix PATH] [--dry-run]";
export const adoptionNotes: readonly string[] = [
  "--cacert, --cert and --key are those that the kube-apiserver has for its etcd servers (--etcd-cafile, --etcd-certfile and " +
    "--etcd-keyfile): they are shown to both sides. docs/adopt.md has the order of steps.",
];

const certificates = "--cacert etcd-ca.crt --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key";
/** What the examples of both commands begin with. */
export const adoptionExample = `--etcd https://127.0.0.1:2379 --strongroom https://sr:2379 --cluster prod ${certificates}`;

export interface AdoptionSides {
  readonly etcd: EtcdReader;
  readonly door: EtcdReader;
  readonly client: DoorClient;
  readonly writer: EtcdWriter;
  readonly prefix: string;
  readonly cluster: string;
  /** What the API server is told. */
  readonly doorUrl: string;
}

/** Runs `work` with both sides, or only says how they stand when that is all that is asked for; the door must be the cluster's. */
export async function withSides(
  invocation: Invocation,
  work: (sides: AdoptionSides) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { flags, output } = invocation;
  const [urls, door, cluster] = [flags.many(etcdFlag), flags.one(doorFlag), flags.one(clusterFlag)];
  if (urls === undefined || door === undefined || cluster === undefined) {
    throw usageError("--etcd, --strongroom and --cluster must be given");
  }
  const tls = await etcdTls(invocation);
  const doorUrl = etcdUrl(door, doorFlag);
  if (doorUrl.protocol !== "https:") throw usageError("--strongroom must begin with https://");
  const targets = urls.map((url) => {
    const { protocol, origin } = etcdUrl(url, etcdFlag);
    return protocol === "https:" ? { url: origin, tls } : { url: origin };
  });
  if (targets.some(isInTheClear)) output.tell("The etcd is asked without TLS: values pass the network in the clear.");
  const doorTarget = { url: doorUrl.origin, tls };
  using client = new DoorClient(doorTarget);
  using etcd = new EtcdReader(targets);
  using doorReader = new EtcdReader([doorTarget]);
  using writer = new EtcdWriter(targets);
  const greeting = await client.greet();
  if (greeting.cluster !== cluster) {
    throw new CommandFailure(
      `the certificate must be of the cluster ${cluster}: at the door it is ${greeting.cluster}'s`,
      {
        exitCode: exitCodes.usage,
        advice: "Name the certificate that this cluster's API servers show to their etcd.",
      },
    );
  }
  const prefix = flags.one(prefixFlag) ?? "/registry";
  const sides = { etcd, door: doorReader, client, writer, prefix, cluster, doorUrl: doorUrl.origin };
  if (!flags.has(dryRunFlag)) return await work(sides);
  for (const line of comparisonLines(await compareSides(sides), sides)) output.print(printable(line));
  output.print("nothing was changed");
  return exitCodes.ok;
}

const namesMax = 20;

export function comparisonLines(
  { there, here, same, missing, different, onlyHere, forms, revision }: Comparison,
  { etcd, cluster, prefix }: Pick<AdoptionSides, "etcd" | "cluster" | "prefix">,
): string[] {
  const stored = Array.from(forms, ([form, count]) => `${count} ${form}`).join(", ");
  return [
    `the etcd ${etcd.url} has ${there} secrets below ${prefix}/secrets/ at revision ${revision}${stored === "" ? "" : `: ${stored}`}`,
    `Strongroom has ${here} of the cluster ${cluster}; ${same} are the same on both sides, byte for byte`,
    ...named("only in the etcd", missing),
    ...named("other values in Strongroom than in the etcd", different),
    ...named("only in Strongroom", onlyHere),
  ];
}

function named(what: string, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const shown = keys.slice(0, namesMax).map((key) => `  ${key}`);
  const more = keys.length > namesMax ? [`  and ${keys.length - namesMax} more`] : [];
  return [`${what}: ${keys.length}`, ...shown, ...more];
}

/** Whether both sides have the same. */
export function isEven({ missing, different, onlyHere }: Comparison): boolean {
  return missing.length + different.length + onlyHere.length === 0;
}
