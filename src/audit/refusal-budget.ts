/**
 * A budget for the records of requests that come in floods and give nothing away.
 *
 * Whoever reaches the port can make requests that are refused because they are nobody's, and whoever has any credential some that
 * are refused because they have no right to them. A record of each would let them fill the disk (nothing is ever deleted) and take
 * its syncs from everybody else. So each network of strangers, and each user who is refused, has some records of their own, all of
 * them together some more, and the rest is counted: one common record a minute for each user (and one for all strangers) says how
 * many there were, from where, and what was asked.
 *
 * Recorded one by one, whatever happens: every disclosure, every change, every stage but the last, and what a caller who is
 * somebody was allowed.
 *
 *   who                         at once, then              all together
 *   a network, refused          10, one a minute           100, one per 10 s
 *   a network, not refused      100, one per 10 s          1,000, one a second
 *   a user, refused             1,000, one per 2 s         5,000, two a second
 *
 * So a flood of each kind at once adds some 270,000 records a day of 1 KiB, which the log compresses to some 50 MiB. The common
 * records are at most 102 a minute, of at most 12 KiB.
 *
 * What is counted and not yet recorded is lost with the process (`kill -9`): at
 * most the last minute. That is why only what gave nothing away is counted.
 */
import { anonymousUserName, authenticatedGroup, unauthenticatedGroup } from "../identity/user.ts";
import { microsecondsOf } from "./audit-event.ts";
import type { AuditEvent, AuditSink, WriteOptions } from "./audit-event.ts";
import { RefusalCount } from "./refusal-count.ts";
import { NamedBuckets } from "./token-bucket.ts";
import type { Rate } from "./token-bucket.ts";

const second = 1000;
const rates = {
  "stranger-refused": {
    each: { burst: 10, intervalMs: 60 * second },
    total: { burst: 100, intervalMs: 10 * second },
  },
  "stranger-answered": {
    each: { burst: 100, intervalMs: 10 * second },
    total: { burst: 1000, intervalMs: second },
  },
  "user-refused": {
    each: { burst: 1000, intervalMs: 2 * second },
    total: { burst: 5000, intervalMs: second / 2 },
  },
} as const satisfies Record<string, { readonly each: Rate; readonly total: Rate }>;
type FloodKind = keyof typeof rates;

/** Networks and users whose budget is remembered. */
const namesMax = 4096;
/** Users who have a common record of their own in a minute; the others share one. */
const countedUsersMax = 100;

/** How often what was counted is recorded. */
export const refusalsIntervalMs = 60 * second;

export interface RefusalBudgetOptions {
  readonly now: () => Date;
  readonly uuid: () => string;
  /** What an address is limited as: all that its holder may have at will. */
  readonly networkOf: (address: string) => string;
  /** Told when counted refusals could not be recorded; they are kept for the next record. */
  readonly onError: (error: unknown) => void;
}

/**
 * A sink that holds floods to their budget and passes everything else on to `sink`. `write` of what is
 * counted resolves at once - unless the last write to `sink` failed: then it is tried there, so that nobody takes a
 * sink that is failing for one that works. Closing it records what was counted and closes `sink`.
 */
export function withRefusalBudget(sink: AuditSink, options: RefusalBudgetOptions): AuditSink {
  return new RefusalBudget(sink, options);
}

class RefusalBudget implements AuditSink {
  readonly #sink: AuditSink;
  readonly #options: RefusalBudgetOptions;
  readonly #buckets: Readonly<Record<FloodKind, NamedBuckets>>;
  /** By door and user. */
  #counts = new Map<string, RefusalCount>();
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(sink: AuditSink, options: RefusalBudgetOptions) {
    this.#sink = sink;
    this.#options = options;
    const nowMs = options.now().getTime();
    const buckets = (kind: FloodKind) => new NamedBuckets({ ...rates[kind], namesMax, nowMs });
    this.#buckets = {
      "stranger-refused": buckets("stranger-refused"),
      "stranger-answered": buckets("stranger-answered"),
      "user-refused": buckets("user-refused"),
    };
  }

  write(event: AuditEvent, options?: WriteOptions): Promise<void> {
    const kind = floodKindOf(event);
    if (kind === undefined || this.#failing) return this.#pass(event, options);
    const network = this.#options.networkOf(event.sourceIPs.at(-1) ?? "");
    const name = kind === "user-refused" ? event.user.username : network;
    if (this.#buckets[kind].take(name, this.#options.now().getTime())) return this.#pass(event, options);
    this.#countOf(event).add(event, network);
    this.#schedule();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#recordCounts();
    clearTimeout(this.#timer);
    await this.#sink.close();
  }

  async #pass(event: AuditEvent, options?: WriteOptions): Promise<void> {
    try {
      await this.#sink.write(event, options);
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      throw error;
    }
  }

  #countOf({ door, requestReceivedTimestamp: since, user }: AuditEvent): RefusalCount {
    const own = this.#count({ door, since, user: isStranger(user) ? stranger : user });
    if (own !== undefined) return own;
    return this.#count({ door, since, user: furtherUsers }) ?? new RefusalCount({ door, since, user: furtherUsers });
  }

  /** Undefined where there are too many to begin another one. */
  #count(parts: { readonly door: string; readonly since: string; readonly user: AuditEvent["user"] }) {
    const key = `${parts.door}\0${parts.user.username}`;
    const known = this.#counts.get(key);
    const isShared = parts.user === furtherUsers || parts.user === stranger;
    if (known !== undefined || (this.#counts.size >= countedUsersMax && !isShared)) return known;
    const count = new RefusalCount(parts);
    this.#counts.set(key, count);
    return count;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#recordCounts(), refusalsIntervalMs).unref();
  }

  async #recordCounts(): Promise<void> {
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const [key, count] of counts) {
      try {
        await this.#pass(this.#event(count));
      } catch (error) {
        this.#options.onError(error);
        const later = this.#counts.get(key);
        if (later !== undefined) count.addAll(later);
        this.#counts.set(key, count);
        this.#schedule();
      }
    }
  }

  #event(count: RefusalCount): AuditEvent {
    return {
      auditID: this.#options.uuid(),
      stage: "ResponseComplete",
      door: count.door,
      verb: "",
      requestURI: "",
      user: count.user,
      sourceIPs: [],
      userAgent: "",
      requestReceivedTimestamp: count.since,
      stageTimestamp: microsecondsOf(this.#options.now()),
      refusals: count.refusals(),
    };
  }
}

const stranger: AuditEvent["user"] = { username: anonymousUserName, groups: [unauthenticatedGroup] };
/** Beyond those who have a count of their own. */
const furtherUsers: AuditEvent["user"] = { username: "", groups: [authenticatedGroup] };

function isStranger({ groups }: AuditEvent["user"]): boolean {
  return groups.includes(unauthenticatedGroup);
}

/** Undefined for what is always recorded. */
function floodKindOf(event: AuditEvent): FloodKind | undefined {
  if (!gaveNothing(event)) return undefined;
  const code = event.responseStatus?.code;
  const isRefused = code === 401 || code === 403;
  if (isStranger(event.user)) return isRefused ? "stranger-refused" : "stranger-answered";
  return isRefused ? "user-refused" : undefined;
}

/** Done with in one stage, without a disclosure or a change. */
function gaveNothing({ stage, disclosed, intentID, streamID }: AuditEvent): boolean {
  return stage === "ResponseComplete" && disclosed === undefined && intentID === undefined && streamID === undefined;
}
