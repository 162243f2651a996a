/**
 * What one cluster sends of its own audit, put on record as what that cluster says. An answer says that all of it is durable; what is
 * sent again is not recorded again.
 */
import { setImmediate as endOfTurn } from "node:timers/promises";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEvent, AuditSink } from "../audit-event.ts";
import { TokenBucket } from "../token-bucket.ts";
import type { ReportingCluster } from "./cluster-audit-config.ts";
import type { RecentReports } from "./recent-reports.ts";
import { identityOf, readReport } from "./reported-event.ts";

/** What became of a batch, in events. */
export interface Received {
  /** On record now. */
  readonly kept: number;
  /** On record before. */
  readonly repeated: number;
  /** Not about secrets, or of a stage that says nothing more. */
  readonly passedOver: number;
  /** No events. */
  readonly unreadable: number;
  /** Of those that were kept: came with bodies, which were not. */
  readonly bodiesDropped: number;
}

/** A cluster sent more than it may; later it may again. */
export class TooManyReportsError extends StrongroomError {
  constructor(must = "a cluster must report at most 20,000 events about secrets at once and 1,000 a second") {
    super("unavailable", must);
    this.name = "TooManyReportsError";
  }
}

export interface ClusterReportsOptions {
  readonly cluster: ReportingCluster;
  readonly log: Pick<AuditSink, "write">;
  /** What is on record already. */
  readonly recent: Promise<RecentReports>;
  readonly now: () => Date;
}

const rate = { burst: 20_000, intervalMs: 1 };
/** Events of one batch. API servers send 400. */
export const batchEventsMax = 10_000;
/** So many are read without letting others have their turn. */
const eventsPerTurn = 200;

export class ClusterReports {
  readonly #options: ClusterReportsOptions;
  readonly #quota: TokenBucket;
  /** One batch at a time: what two have in common is recorded once. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ClusterReportsOptions) {
    this.#options = options;
    this.#quota = new TokenBucket(rate, options.now().getTime());
  }

  /**
   * Resolves when every event of the batch that is to be kept is durable. Raises `invalid` for too many, {@link TooManyReportsError},
   * `unavailable` when the log does not take them: then the batch is to be sent again, whole.
   */
  receive(items: readonly unknown[]): Promise<Received> {
    if (items.length > batchEventsMax) {
      return Promise.reject(new StrongroomError("invalid", `items must be at most ${batchEventsMax} events`));
    }
    const received = this.#last.then(() => this.#receive(items));
    this.#last = received.catch(() => undefined); // told to whoever sent it
    return received;
  }

  async #receive(items: readonly unknown[]): Promise<Received> {
    const { now, recent: known, log } = this.#options;
    const recent = await known;
    const batch = new Map<string, AuditEvent>();
    const counts = { kept: 0, repeated: 0, passedOver: 0, unreadable: 0, bodiesDropped: 0 };
    for (const [index, item] of items.entries()) {
      if (index % eventsPerTurn === eventsPerTurn - 1) await endOfTurn();
      const read = readReport(item, this.#options.cluster, now());
      if (read.type === "unreadable") counts.unreadable++;
      else if (read.type === "passed-over") counts.passedOver++;
      else if (recent.has(read.event) || batch.has(identityOf(read.event))) counts.repeated++;
      else {
        batch.set(identityOf(read.event), read.event);
        counts.kept++;
        if (read.hadBody) counts.bodiesDropped++;
      }
    }
    if (!this.#quota.take(now().getTime(), batch.size)) throw new TooManyReportsError();
    await this.#record(Array.from(batch.values()), recent, log);
    return counts;
  }

  /** Where space runs out, these are refused before what this server's own answers need. */
  async #record(events: readonly AuditEvent[], recent: RecentReports, log: Pick<AuditSink, "write">): Promise<void> {
    const written = await Promise.allSettled(events.map((event) => log.write(event, { kind: "write" })));
    let failure: unknown;
    for (const [index, { status, ...rest }] of written.entries()) {
      const event = events[index];
      if (status === "fulfilled" && event !== undefined) recent.add(event);
      else if ("reason" in rest) failure = rest.reason;
    }
    if (failure !== undefined) throw failure;
  }
}
