/** Who read a secret, from the index alone: one pass over the lists of the secret, whatever the length of the log. */
import type { AuditIndex, ListPart } from "./audit-index.ts";
import { isRefused, readCircumstance } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";
import { clusterOfDoor, doorOfCluster } from "../cluster/cluster-door.ts";
import { isAskedFor } from "./entry-filter.ts";
import type { EntryFilter } from "./entry-filter.ts";
import type { Window } from "./segment.ts";
import { terms } from "./terms.ts";

/** What is on record of a user and a secret. */
export interface Reader {
  /** "" where a watch received it whose beginning is not on record any more. */
  readonly user: string;
  /** The cluster that says so of a user of its own; "" for what this server saw itself. */
  readonly cluster: string;
  /** Times that values left to them. A watch in a cluster is one, whatever it was sent. */
  readonly reads: number;
  /** Of these, lists and watches in a cluster of all secrets of a namespace or of the cluster, narrowed perhaps by a selector. */
  readonly scoped: number;
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
  /** How many readers and others there are, whatever the limit; beyond 10,000 of one place they are not told apart any more. */
  readonly total: number;
  /** Entries before this position count, and no others. */
  readonly position: number;
}

/** A secret, and when it was there, where that is known: what clusters report of all secrets counts then, and else whenever it was. */
export interface SecretInTime {
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly lives?: readonly Life[] | undefined;
}

export interface WhoReadQuestion extends EntryFilter, SecretInTime {
  readonly secret: { readonly namespace: string; readonly name: string };
  /** The most readers, and the most others, that are told. */
  readonly limit: number;
  /** Secrets that links keep the same as this one: who read them in a cluster has its values. */
  readonly copies?: readonly SecretInTime[];
}

/** A time in which a secret was there, in milliseconds since the epoch: from its creation, up to and without its deletion. */
export interface Life {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Users that are told apart, of this server and of each cluster. */
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
  const named = [ofSecret, ofNamespace, ofCluster].flatMap((list) => list.parts);
  await eachUse(named, question, (circumstance, count) => users.add(circumstance, count));
  await addScoped(index, question, window, users);
  for (const copy of question.copies ?? []) {
    await using ofCopy = index.list(terms.secret(copy.secret.namespace, copy.secret.name), window);
    await eachUse(ofCopy.parts, question, (circumstance, count) => {
      // What left here is in the list of the source, too.
      if (clusterOfDoor(circumstance.door) !== "") users.add(circumstance, count);
    });
    await addScoped(index, { ...question, ...copy }, window, users);
  }
  return answerOf(users.all, { limit: question.limit, position: ofSecret.position });
}

/** Most of the time of an answer is waiting for the disk. */
const partsAtOnce = 16;

/** What clusters report of all secrets of the namespace or of theirs. */
async function addScoped(index: AuditIndex, question: WhoReadQuestion, window: Window, users: Users): Promise<void> {
  const { namespace } = question.secret;
  await using ofNamespace = index.list(terms.reportedScope(namespace), window);
  await using ofCluster = index.list(terms.reportedWhole, window);
  const parts = [ofNamespace, ofCluster].flatMap((list) => list.parts);
  await eachUse(parts, { ...question, within: question.lives }, (circumstance, count) => {
    if (namespace.startsWith(circumstance.scope ?? "")) users.add(circumstance, count, true);
  });
}

/** What is asked of rows, beside what is asked of what they name. */
type RowQuestion = EntryFilter & { readonly within?: readonly Life[] | undefined };

async function eachUse(
  parts: readonly ListPart[],
  question: RowQuestion,
  take: (circumstance: Circumstance, count: Count) => void,
): Promise<void> {
  for (let start = 0; start < parts.length; start += partsAtOnce) {
    for (const [text, count] of await usesIn(parts.slice(start, start + partsAtOnce), question)) {
      const circumstance = readCircumstance(text);
      if (isAskedFor(question, circumstance)) take(circumstance, count);
    }
  }
}

/** How often each circumstance occurs in the parts, by its text: it has another number in each of them, and is read once. */
async function usesIn(parts: readonly ListPart[], question: RowQuestion): Promise<ReadonlyMap<string, Count>> {
  const uses = new Map<string, Count>();
  const inPart = async (part: ListPart) => {
    const counts = await counted(part, question);
    // In the order in which they stand in the file.
    const numbers = [...counts.keys()].sort((a, b) => a - b);
    const texts = await part.circumstanceTexts(numbers);
    for (const [index, number] of numbers.entries()) addCount(uses, texts[index] ?? "", counts.get(number));
  };
  await Promise.all(parts.map(inPart));
  return uses;
}

function addCount(uses: Map<string, Count>, text: string, more: Count | undefined): void {
  const known = uses.get(text);
  if (more === undefined) return;
  if (known === undefined) return void uses.set(text, more);
  known.times += more.times;
  known.firstMs = Math.min(known.firstMs, more.firstMs);
  known.lastMs = Math.max(known.lastMs, more.lastMs);
}

/** How often a circumstance occurs. */
interface Count {
  times: number;
  firstMs: number;
  lastMs: number;
}

async function counted(
  part: ListPart,
  { sinceMs = -Infinity, untilMs = Infinity, within }: RowQuestion,
): Promise<ReadonlyMap<number, Count>> {
  const counts = new Map<number, Count>();
  for await (const { count, timesMs, circumstances } of part.batches) {
    for (let row = 0; row < count; row++) {
      const timeMs = timesMs[row] ?? 0;
      if (timeMs < sinceMs || timeMs >= untilMs) continue;
      if (within?.some(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs) === false) continue;
      const number = circumstances[row] ?? 0;
      const known = counts.get(number);
      if (known === undefined) {
        counts.set(number, { times: 1, firstMs: timeMs, lastMs: timeMs });
        continue;
      }
      known.times++;
      known.firstMs = Math.min(known.firstMs, timeMs);
      known.lastMs = Math.max(known.lastMs, timeMs);
    }
  }
  return counts;
}

/** Times that values left. A watch in a cluster may have two records, or one: of its beginning and of its end. */
class Reads {
  #others = 0;
  #begun = 0;
  #ended = 0;

  add({ mark, verb, door }: Circumstance, times: number): void {
    if (mark === "ended") this.#ended += times;
    else if (verb === "watch" && clusterOfDoor(door) !== "") this.#begun += times;
    else this.#others += times;
  }

  /** Watches of which the beginning is not among these. */
  get onlyEnded(): number {
    return Math.max(0, this.#ended - this.#begun);
  }

  get total(): number {
    return this.#others + this.#begun + this.onlyEnded;
  }
}

/** Of one user, as it grows. */
class Use {
  readonly user: string;
  readonly cluster: string;
  readonly reads = new Reads();
  readonly scoped = new Reads();
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

  constructor(user: string, cluster: string) {
    this.user = user;
    this.cluster = cluster;
  }

  add(circumstance: Circumstance, { times, firstMs, lastMs }: Count, isScoped: boolean): void {
    const { mark, verb, door, keys, impersonator, address, userAgent, credential, pods } = circumstance;
    if (mark === "values" || mark === "ended") {
      this.reads.add(circumstance, times);
      if (isScoped) this.scoped.add(circumstance, times);
    } else if (mark === "metadata") this.metadataOnly += times;
    else this.refused += times;
    this.firstMs = Math.min(this.firstMs, firstMs);
    this.lastMs = Math.max(this.lastMs, lastMs);
    more(this.verbs, verb, mark === "ended" ? 0 : times);
    more(this.doors, door, mark === "ended" ? 0 : times);
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
  /** How many users of each cluster: what one makes up takes no room of others. */
  readonly #counts = new Map<string, number>();

  add(circumstance: Circumstance, count: Count, isScoped = false): void {
    const { mark, user, door } = circumstance;
    // What was done to it without its values leaving, and intents, are no reads.
    if (mark === "about" && !isRefused(circumstance)) return;
    // The same name is somebody else in another cluster.
    const cluster = clusterOfDoor(door);
    let use = this.all.get(keyOf(user, cluster));
    if (use === undefined) {
      const count = this.#counts.get(cluster) ?? 0;
      const name = count < usersMax ? user : "";
      use = this.all.get(keyOf(name, cluster)) ?? new Use(name, cluster);
      this.all.set(keyOf(name, cluster), use);
      this.#counts.set(cluster, count + 1);
    }
    use.add(circumstance, count, isScoped);
  }
}

function more(counts: Map<string, number>, name: string, times: number): void {
  if (times > 0) counts.set(name, (counts.get(name) ?? 0) + times);
}

/** No name of a cluster has a space. */
function keyOf(user: string, cluster: string): string {
  return `${cluster} ${user}`;
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
      .filter(([, { reads }]) => reads.total > 0 === isReader)
      .slice(0, limit)
      .map(([, use]) => shownUse(use));
  return { readers: shown(true), others: shown(false), total: all.length, position };
}

function shownUse(use: Use): Reader {
  const { user, cluster, reads, scoped, metadataOnly, refused, firstMs, lastMs, verbs, doors, texts } = use;
  more(verbs, "watch", reads.onlyEnded);
  more(doors, doorOfCluster(cluster), reads.onlyEnded);
  const sorted = (set: ReadonlySet<string>) => [...set].sort();
  return {
    user,
    cluster,
    reads: reads.total,
    scoped: scoped.total,
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
