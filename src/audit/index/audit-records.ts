/** What the audit log is asked, by its index: answers are about all that was durable when the question came, if the index is so far. */
import { StrongroomError, isStrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEntry, AuditLogReader } from "../audit-log.ts";
import type { AuditIndex } from "./audit-index.ts";
import { isEventAskedFor } from "./entry-filter.ts";
import type { EntryFilter } from "./entry-filter.ts";
import { findEntries } from "./find-entries.ts";
import type { FoundEntries } from "./find-entries.ts";
import { receivedFrom } from "./received-from.ts";
import { whoRead } from "./who-read.ts";
import type { Life, SecretInTime, WhoReadAnswer, WhoReadQuestion } from "./who-read.ts";

/** So long a question waits for an index that is behind; then it is answered from what there is, and says so. */
const waitMsDefault = 2000;

/** What a cluster's audit says of a secret, and whether it can say anything. */
export interface ClusterKnowledge {
  readonly cluster: string;
  /** Whether it is configured that the cluster sends its audit. */
  readonly isConfigured: boolean;
  /** When the first and the last batch of it that is on record came, RFC 3339; "" when none did. */
  readonly since: string;
  readonly last: string;
}

/** What is not on record, and belongs to an answer about a secret. */
export interface SecretFacts {
  /** The clusters that a namespace may be of, and whether they are to send their audit. */
  clustersOf(namespace: string): readonly { readonly name: string; readonly isConfigured: boolean }[];
  /** When a secret of this name was there; undefined when nothing is known of it. */
  livesOf(namespace: string, name: string): Promise<readonly Life[] | undefined>;
  /** The secrets that links keep the same as this one. */
  copiesOf(namespace: string, name: string): Promise<readonly WhoReadQuestion["secret"][]>;
}

/** Also tells who else may have read it. */
export interface WhoReadInAll extends WhoReadAnswer {
  /** How many entries there were when the question came. */
  readonly end: number;
  readonly clusters: readonly ClusterKnowledge[];
  /** When it was there, RFC 3339; "" for until now. Undefined when nothing is known of that. */
  readonly lives?: readonly { readonly from: string; readonly to: string }[];
}

export interface AuditRecordsOptions {
  readonly waitMs?: number;
  /** Default: there are no clusters. */
  readonly facts?: SecretFacts;
}

export class AuditRecords {
  readonly #index: AuditIndex;
  readonly #log: AuditLogReader;
  readonly #waitMs: number;
  readonly #facts: SecretFacts | undefined;

  constructor(index: AuditIndex, log: AuditLogReader, { waitMs = waitMsDefault, facts }: AuditRecordsOptions = {}) {
    this.#waitMs = waitMs;
    this.#facts = facts;
    this.#index = index;
    this.#log = log;
  }

  /** One after the last entry of the log. */
  get end(): number {
    return this.#log.end;
  }

  /** The position up to which answers can be given now: that of the end, unless the index is more than two seconds behind. */
  async reach(): Promise<number> {
    const { end } = this.#log;
    await this.#index.caughtUp(end, this.#waitMs);
    return Math.min(this.#index.position, end);
  }

  /** Raises `unavailable` while the index is made anew. */
  async whoRead(question: Omit<WhoReadQuestion, "lives" | "copies">): Promise<WhoReadInAll> {
    const { namespace, name } = question.secret;
    const { end } = this.#log;
    const lives = await this.#livesOf(question.secret);
    const copies: SecretInTime[] = [];
    for (const secret of (await this.#facts?.copiesOf(namespace, name)) ?? [])
      copies.push({ secret, lives: await this.#livesOf(secret) });
    await this.reach();
    const answer = await this.#asked(() => whoRead(this.#index, { ...question, lives, copies }));
    const clusters: ClusterKnowledge[] = [];
    for (const { name: cluster, isConfigured } of this.#clustersOf([question, ...copies])) {
      const received = await this.#asked(() => receivedFrom(this.#index, cluster));
      clusters.push({ cluster, isConfigured, ...received });
    }
    const shown = lives?.map(({ fromMs, toMs }) => ({ from: timeText(fromMs), to: timeText(toMs) }));
    return { ...answer, end: Math.max(end, answer.position), clusters, ...(shown !== undefined && { lives: shown }) };
  }

  /** Only of those of clusters: nobody else lists what this server does not see. */
  async #livesOf({ namespace, name }: WhoReadQuestion["secret"]): Promise<readonly Life[] | undefined> {
    const known = this.#facts?.clustersOf(namespace) ?? [];
    return known.length > 0 ? this.#facts?.livesOf(namespace, name) : undefined;
  }

  /** Each once. */
  #clustersOf(places: readonly SecretInTime[]): readonly { readonly name: string; readonly isConfigured: boolean }[] {
    const all = places.flatMap(({ secret }) => this.#facts?.clustersOf(secret.namespace) ?? []);
    return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index);
  }

  /** The first positions from one on that are asked for; `to` must be within what {@link reach} said. Raises `unavailable`. */
  find(filter: EntryFilter, range: { from: number; to: number; limit: number }): Promise<FoundEntries> {
    return this.#asked(() => findEntries(this.#index, filter, range));
  }

  entries(from: number, to: number): AsyncIterable<AuditEntry> {
    return this.#log.entries(from, to);
  }

  /** Resolves when there is an entry at the position; rejects with the signal's reason. */
  reached(position: number, signal: AbortSignal): Promise<void> {
    return this.#log.reached(position, signal);
  }

  /** Whether an entry is asked for. It waits until the index knows the watches that began before it. */
  async isAskedFor({ position, event }: AuditEntry, filter: EntryFilter): Promise<boolean> {
    if (event.streams !== undefined) await this.#index.caughtUp(position + 1, this.#waitMs);
    return this.#asked(() => isEventAskedFor(event, filter, this.#index.streams));
  }

  /** What is damaged is made anew. */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isStrongroomError(error, "corrupt")) throw error;
      this.#index.rebuild();
      throw new StrongroomError("unavailable", "the index of the audit log was damaged, and is built anew", {
        cause: error,
      });
    }
  }
}

function timeText(timeMs: number): string {
  return Number.isFinite(timeMs) ? new Date(timeMs).toISOString() : "";
}
