import type { ClusterKnowledge, WhoReadInAll } from "../audit/index/audit-records.ts";
import type { Reader } from "../audit/index/who-read.ts";
import { filterFlags, filterUsage, filtersOf, rightsPage, userFlag } from "./audit-question.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { FlagValues } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { serverFlags, serverNotes, serverUsage, withServer } from "./server-connection.ts";
import { namespaceFlag, outputFlag, outputForm, secretOperand } from "./sight-source.ts";

const limitFlag = valueFlag("limit", "N", "At most so many readers, and so many others: 1 to 1000. Default: 100.");

/** `strongroom audit who-read`. */
export const auditWhoReadCommand: Command = {
  usage: `NAMESPACE/NAME ${filterUsage} [--user USER] [--limit N] [-o FORM] ${serverUsage}`,
  examples: [
    { line: "strongroom audit who-read prod/db --since 7d", effect: "who received its values in a week" },
    { line: "strongroom audit who-read prod/db --decision forbid", effect: "who was refused it" },
  ],
  flags: [namespaceFlag, ...filterFlags, userFlag, limitFlag, outputFlag, ...serverFlags],
  notes: [
    ...serverNotes,
    "Gets, lists, watches and every other way by which values left count alike; each change that a watch received is a read. The secret need " +
      "not be there any more: what counts is its name.",
    "It takes the right to create whoreadreviews in the namespace of the secret, and what was asked is on record.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, output } = invocation;
    const form = outputForm(invocation);
    const { namespace, name } = await secretOperand(invocation);
    const limit = limitOf(flags);
    const spec = { ...filtersOf(flags, Date.now()), secret: name, ...(limit !== undefined && { limit }) };
    const body = { apiVersion: "strongroom.dev/v1", kind: "WhoReadReview", spec };
    const path = `/apis/strongroom.dev/v1/namespaces/${encodeURIComponent(namespace)}/whoreadreviews`;
    const { signal } = new AbortController();
    const review = await withServer(invocation, rightsPage, (connection) => connection.ask(path, { signal, body }));
    const { status } = review as { readonly status: WhoReadInAll }; // by the schema of the API
    if (form === "json") output.print(printableJson({ secret: { namespace, name }, ...status }));
    else for (const line of linesOf(`${namespace}/${name}`, status)) output.print(printable(line));
    return exitCodes.ok;
  },
};

function limitOf(flags: FlagValues): number | undefined {
  const text = flags.one(limitFlag);
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= 1000) return Number(text);
  throw usageError("--limit must be a number from 1 to 1000");
}

function linesOf(secret: string, answer: WhoReadInAll): string[] {
  const { readers, others, total, position, end, clusters } = answer;
  const untold = total - readers.length - others.length;
  const count = `${readers.length} ${readers.length === 1 ? "user has" : "users have"} received values of it`;
  return [
    readers.length === 0 ? `${secret}: nobody is on record as having received values of it.` : `${secret}: ${count}.`,
    ...readers.flatMap((reader) => ["", ...readerLines(reader)]),
    ...(others.length === 0 ? [] : ["", "Not its values:", ...others.flatMap(readerLines)]),
    "",
    ...clusters.map(clusterLine),
    ...livesLine(answer),
    ...(untold > 0 ? [`${untold} more are left out by --limit.`] : []),
    `Looked through: all that is on record before entry ${position}.`,
    ...(end > position ? [`The index is behind: entries ${position} to ${end - 1} are not in this answer yet.`] : []),
  ];
}

/** Whose readers are not known is not without readers. */
function clusterLine({ cluster, isConfigured, since, last }: ClusterKnowledge): string {
  if (!isConfigured) return `Readers inside cluster ${cluster} are not known: it does not send its audit.`;
  if (since === "") return `Readers inside cluster ${cluster} are not known: nothing of its audit has come yet.`;
  return `Readers inside cluster ${cluster} are known as it tells them, since ${since}; its audit came last at ${last}.`;
}

/** What lists in a cluster count for: names of what they returned are not in its audit. */
function livesLine({ readers, others, lives = [] }: WhoReadInAll): string[] {
  if (![...readers, ...others].some(({ cluster }) => cluster !== "")) return [];
  const times = lives.map(
    ({ from, to }) => `${from === "" ? "the beginning" : from}${to === "" ? " on" : ` to ${to}`}`,
  );
  const when =
    times.length === 0 ? "whenever they were: it is not known when it was there" : `from ${times.join(", from ")}`;
  return [`Lists and watches in clusters do not tell what they returned; they count ${when}.`];
}

function readerLines(reader: Reader): string[] {
  const {
    user,
    cluster,
    scoped,
    reads,
    metadataOnly,
    refused,
    verbs,
    first,
    last,
    pods,
    keys,
    impersonators,
    addresses,
    userAgents,
  } = reader;
  const counts = [
    counted(reads, "read"),
    scoped > 0 ? `${scoped} of all secrets there` : "",
    counted(metadataOnly, "read", " of metadata alone"),
    refused > 0 ? `${refused} refused` : "",
    `last ${last}`,
    first === last ? "" : `first ${first}`,
  ];
  const by = Object.entries(verbs).map(([verb, times]) => `${verb} ${times}`);
  const more: readonly (readonly [string, readonly string[]])[] = [
    ["by", by],
    ["keys", keys],
    ["for the pods", pods],
    ["acted as it:", impersonators],
    ["from", addresses],
    ["with", userAgents],
  ];
  return [
    `${nameOf(user, cluster)}: ${counts.filter((part) => part !== "").join(", ")}`,
    ...more.filter(([, texts]) => texts.length > 0).map(([what, texts]) => `  ${what} ${texts.join(", ")}`),
  ];
}

function nameOf(user: string, cluster: string): string {
  if (cluster !== "") return `${user === "" ? "(somebody unknown)" : user} in cluster ${cluster}, as it says`;
  return user === "" ? "(a watch whose beginning is not on record)" : user;
}

function counted(count: number, what: string, more = ""): string {
  return count === 0 ? "" : `${count} ${what}${count === 1 ? "" : "s"}${more}`;
}
