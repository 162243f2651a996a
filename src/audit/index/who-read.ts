/** Who read a secret, from the index alone: one pass over the lists of the secret, whatever the length of the log. */
import type { AuditIndex, ListPart } from "./audit-index.ts";
import { isRefused } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";
import { isAskedFor } from "./entry-filter.ts";
import type { EntryFilter } from "./entry-filter.ts";
import { terms } from "./terms.ts";

/** What is on record of a user and a secret. */
export interface Reader {
  /** "" where a watch received it whose beginning is not on record any more. */
  readonly user: string;
  /** Times that values left to them. */
  readonly reads: number;
  /** Times that only its name or metadata did. */
  readonly metadataOnly: number;
  /** Times that they were refused, also all secrets of its namespace or of the cluster. */
  readonly refused: number;
  /** RFC 3339, of all of these. */
  readonly first: string;
  readonly last: string;
  /** How often by which verb, refused or not. */
  readonly verbs: Readonly<Record<string, number>>;
  readonly doors: Readonly<Record<string, number>>;
  /** Under which keys values left, where that is on record; sorted, as what follows, the first of them. */
  readonly keys: readonly string[];
  /** Who acted as them. */
  readonly impersonators: readonly string[];
  /** Where they connected from. */
  readonly addresses: readonly string[];
  readonly userAgents: readonly string[];
  readonly credentials: readonly string[];
  /** For which pods a node read. */
  readonly pods: readonly string[];
}

export interface WhoReadAnswer {
  /** Who received values: the last one first. */
  readonly readers: readonly Reader[];
  /** Who saw metadata alone, or was refused. */
  readonly others: readonly Reader[];
  /** How many readers and others there are, whatever the limit; beyond 10,000 they are not told apart any more. */
  readonly total: number;
  /** Entries before this position count, and no others. */
  readonly position: number;
}

export interface WhoReadQuestion extends EntryFilter {
  readonly secret: { readonly namespace: string; readonly name: string };
  /** The most readers, and the most others, that are told. */
  readonly limit: number;
}

/** Users that are told apart. */
const usersMax = 10_000;
/** Of texts of one kind that are kept of a user. */
const textsMax = 32;

/** Raises `corrupt`. */
export async function whoRead(index: AuditIndex, question: WhoReadQuestion): Promise<WhoReadAnswer> {
  const { namespace, name } = question.secret;
  const { sinceMs = -Infinity, untilMs = Infinity } = question;
  const window = { positionMin: 0, positionMax: Infinity, timeMsMin: sinceMs, timeMsMax: untilMs };
  const users = new Users();
  await using ofSecret = index.list(terms.secret(namespace, name), window);
  await using ofNamespace = index.list(terms.refusedScope(namespace), window);
  await using ofCluster = index.list(terms.refusedScope(""), window);
  const parts = [ofSecret, ofNamespace, ofCluster].flatMap((list) => list.parts);
  for (let start = 0; start < parts.length; start += partsAtOnce) {
    const group = parts.slice(start, start + partsAtOnce);
    for (const uses of await Promise.all(group.map((part) => usesIn(part, question)))) {
      for (const [circumstance, count] of uses) users.add(circumstance, count);
    }
  }
  return answerOf(users.all, { limit: question.limit, position: ofSecret.position });
}

/** Most of the time of an answer is waiting for the disk. */
const partsAtOnce = 16;

async function usesIn(part: ListPart, question: WhoReadQuestion): Promise<(readonly [Circumstance, Count])[]> {
  const uses: (readonly [Circumstance, Count])[] = [];
  for (const count of await counted(part, question)) {
    const circumstance = await part.circumstance(count.number);
    if (isAskedFor(question, circumstance)) uses.push([circumstance, count]);
  }
  return uses;
}

/** How often a circumstance occurs. */
interface Count {
  readonly number: number;
  times: number;
  firstMs: number;
  lastMs: number;
}

async function counted(
  part: ListPart,
  { sinceMs = -Infinity, untilMs = Infinity }: EntryFilter,
): Promise<Iterable<Count>> {
  const counts = new Map<number, Count>();
  for await (const { count, timesMs, circumstances } of part.batches) {
    for (let row = 0; row < count; row++) {
      const timeMs = timesMs[row] ?? 0;
      if (timeMs < sinceMs || timeMs >= untilMs) continue;
      const number = circumstances[row] ?? 0;
      const known = counts.get(number);
      if (known === undefined) {
        counts.set(number, { number, times: 1, firstMs: timeMs, lastMs: timeMs });
        continue;
      }
      known.times++;
      known.firstMs = Math.min(known.firstMs, timeMs);
      known.lastMs = Math.max(known.lastMs, timeMs);
    }
  }
  // In the order in which circumstances stand in the file: each block of them is read once.
  return [...counts.values()].sort((a, b) => a.number - b.number);
}

/** Of one user, as it grows. */
class Use {
  reads = 0;
  metadataOnly = 0;
  refused = 0;
  firstMs = Infinity;
  lastMs = -Infinity;
  readonly verbs = new Map<string, number>();
  readonly doors = new Map<string, number>();
  readonly texts = {
    keys: new Set<string>(),
    impersonators: new Set<string>(),
    addresses: new Set<string>(),
    userAgents: new Set<string>(),
    credentials: new Set<string>(),
    pods: new Set<string>(),
  };

  add(circumstance: Circumstance, { times, firstMs, lastMs }: Count): void {
    const { mark, verb, door, keys, impersonator, address, userAgent, credential, pods } = circumstance;
    if (mark === "values") this.reads += times;
    else if (mark === "metadata") this.metadataOnly += times;
    else this.refused += times;
    this.firstMs = Math.min(this.firstMs, firstMs);
    this.lastMs = Math.max(this.lastMs, lastMs);
    this.verbs.set(verb, (this.verbs.get(verb) ?? 0) + times);
    this.doors.set(door, (this.doors.get(door) ?? 0) + times);
    note(this.texts.keys, ...keys);
    note(this.texts.impersonators, impersonator);
    note(this.texts.addresses, address);
    note(this.texts.userAgents, userAgent);
    note(this.texts.credentials, credential);
    note(this.texts.pods, ...pods);
  }
}

class Users {
  readonly all = new Map<string, Use>();

  add(circumstance: Circumstance, count: Count): void {
    const { mark, user } = circumstance;
    // What was done to it without its values leaving, and intents, are no reads.
    if (mark === "about" && !isRefused(circumstance)) return;
    let use = this.all.get(user);
    if (use === undefined) {
      const name = this.all.size < usersMax ? user : "";
      use = this.all.get(name) ?? new Use();
      this.all.set(name, use);
    }
    use.add(circumstance, count);
  }
}

function note(texts: Set<string>, ...more: readonly string[]): void {
  for (const text of more) if (text !== "" && texts.size < textsMax) texts.add(text);
}

function answerOf(
  users: ReadonlyMap<string, Use>,
  { limit, position }: { readonly limit: number; readonly position: number },
): WhoReadAnswer {
  const all = [...users].sort(([one, a], [other, b]) => b.lastMs - a.lastMs || (one < other ? -1 : 1));
  const shown = (isReader: boolean) =>
    all
      .filter(([, { reads }]) => reads > 0 === isReader)
      .slice(0, limit)
      .map(([user, use]) => shownUse(user, use));
  return { readers: shown(true), others: shown(false), total: all.length, position };
}

function shownUse(user: string, use: Use): Reader {
  const { reads, metadataOnly, refused, firstMs, lastMs, verbs, doors, texts } = use;
  const sorted = (set: ReadonlySet<string>) => [...set].sort();
  return {
    user,
    reads,
    metadataOnly,
    refused,
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
    verbs: Object.fromEntries([...verbs].sort()),
    doors: Object.fromEntries([...doors].sort()),
    keys: sorted(texts.keys),
    impersonators: sorted(texts.impersonators),
    addresses: sorted(texts.addresses),
    userAgents: sorted(texts.userAgents),
    credentials: sorted(texts.credentials),
    pods: sorted(texts.pods),
  };
}
