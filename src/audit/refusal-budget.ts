/**
 * A budget for the records of strangers.
 *
 * Whoever reaches the port can make requests that are refused because they are
 * nobody's. A record of each would let them fill the disk (nothing is ever
 * deleted) and take its syncs from everybody else. So each network has a few
 * records of its own, all of them together a few more, and the rest is counted:
 * one common record per minute says how many there were and from where.
 *
 * Recorded one by one, whatever happens: every request of a caller who is
 * somebody, every request that is allowed, every disclosure.
 *
 * At most 100 records and then one per 10 s, of at most 5 KiB: 43 MiB a day. The
 * common records add 1,440 a day, of at most 5 KiB: 7 MiB.
 *
 * What is counted and not yet recorded is lost with the process (`kill -9`): at
 * most the last minute. That is why only refusals are counted, which gave nothing away.
 */
import { anonymousUserName, unauthenticatedGroup } from "../identity/user.ts";
import type { AuditEvent, AuditSink, Refusals, WriteOptions } from "./audit-event.ts";

/** Records of one network: so many at once, then one per interval. */
const networkBurst = 10;
const networkIntervalMs = 60 * 1000;
/** Records of all networks together. */
const totalBurst = 100;
const totalIntervalMs = 10 * 1000;
/** Networks whose budget is remembered; beyond it the oldest begins anew (the total holds anyway). */
const networksMax = 4096;

/** How often what was counted is recorded. */
export const refusalsIntervalMs = 60 * 1000;
/** Networks that are named in one common record. */
const namedNetworksMax = 100;

export interface RefusalBudgetOptions {
  readonly now: () => Date;
  readonly uuid: () => string;
  /** What an address is limited as: all that its holder may have at will. */
  readonly networkOf: (address: string) => string;
  /** Told when counted refusals could not be recorded; they are kept for the next record. */
  readonly onError: (error: unknown) => void;
}

/**
 * A sink that holds refusals of nobody to their budget and passes everything else on to `sink`. `write` of a counted
 * refusal resolves at once - unless the last write to `sink` failed: then it is tried there, so that nobody takes a
 * sink that is failing for one that works. Closing it records what was counted and closes `sink`.
 */
export function withRefusalBudget(sink: AuditSink, options: RefusalBudgetOptions): AuditSink {
  return new RefusalBudget(sink, options);
}

class RefusalBudget implements AuditSink {
  readonly #sink: AuditSink;
  readonly #options: RefusalBudgetOptions;
  readonly #total: TokenBucket;
  readonly #networks = new Map<string, TokenBucket>();
  /** By door. */
  #counts = new Map<string, Count>();
  #timer: NodeJS.Timeout | undefined;
  #failing = false;

  constructor(sink: AuditSink, options: RefusalBudgetOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#total = new TokenBucket(totalBurst, totalIntervalMs, options.now().getTime());
  }

  async write(event: AuditEvent, options?: WriteOptions): Promise<void> {
    if (!isRefusalOfNobody(event) || this.#failing) return this.#pass(event, options);
    const network = this.#options.networkOf(event.sourceIPs[0] ?? "");
    if (this.#hasBudget(network)) return this.#pass(event, options);
    this.#count(event, network);
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

  #hasBudget(network: string): boolean {
    const nowMs = this.#options.now().getTime();
    const bucket = this.#networks.get(network) ?? new TokenBucket(networkBurst, networkIntervalMs, nowMs);
    // The latest is the last to be forgotten.
    this.#networks.delete(network);
    this.#networks.set(network, bucket);
    if (this.#networks.size > networksMax) {
      const oldest = this.#networks.keys().next();
      if (!oldest.done) this.#networks.delete(oldest.value);
    }
    return bucket.take(nowMs) && this.#total.take(nowMs);
  }

  #count(event: AuditEvent, network: string): void {
    const count = this.#counts.get(event.door) ?? new Count(event.requestReceivedTimestamp);
    this.#counts.set(event.door, count);
    count.add(network, 1);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.#recordCounts(), refusalsIntervalMs).unref();
  }

  async #recordCounts(): Promise<void> {
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const [door, count] of counts) {
      try {
        await this.#pass(this.#event(door, count));
      } catch (error) {
        this.#options.onError(error);
        count.addAll(this.#counts.get(door));
        this.#counts.set(door, count);
        this.#schedule();
      }
    }
  }

  #event(door: string, count: Count): AuditEvent {
    return {
      auditID: this.#options.uuid(),
      stage: "ResponseComplete",
      door,
      verb: "",
      requestURI: "",
      user: { username: anonymousUserName, groups: [unauthenticatedGroup] },
      sourceIPs: [],
      userAgent: "",
      requestReceivedTimestamp: count.since,
      stageTimestamp: `${this.#options.now().toISOString().slice(0, -1)}000Z`,
      refusals: count.refusals(),
    };
  }
}

/** Done with, refused, and by nobody known. */
function isRefusalOfNobody({ stage, responseStatus, user }: AuditEvent): boolean {
  const code = responseStatus?.code;
  return stage === "ResponseComplete" && (code === 401 || code === 403) && user.groups.includes(unauthenticatedGroup);
}

/** Holds `burst` tokens; one comes back per interval. */
class TokenBucket {
  readonly #burst: number;
  readonly #intervalMs: number;
  #tokens: number;
  #atMs: number;

  constructor(burst: number, intervalMs: number, nowMs: number) {
    this.#burst = burst;
    this.#intervalMs = intervalMs;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    // A clock that was set back brings nothing back.
    const returned = Math.max(0, nowMs - this.#atMs) / this.#intervalMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + returned);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Refusals that are counted for one common record. */
class Count {
  /** When the first of them was received. */
  readonly since: string;
  #total = 0;
  readonly #networks = new Map<string, number>();
  #others = 0;

  constructor(since: string) {
    this.since = since;
  }

  add(network: string, count: number): void {
    this.#total += count;
    if (this.#networks.has(network) || this.#networks.size < namedNetworksMax) {
      this.#networks.set(network, (this.#networks.get(network) ?? 0) + count);
    } else {
      this.#others += count;
    }
  }

  addAll(later: Count | undefined): void {
    if (later === undefined) return;
    for (const [network, count] of later.#networks) this.add(network, count);
    this.#total += later.#others;
    this.#others += later.#others;
  }

  refusals(): Refusals {
    return {
      count: this.#total,
      networks: Object.fromEntries(this.#networks),
      otherNetworks: this.#others,
    };
  }
}
