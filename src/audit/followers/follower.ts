/**
 * Brings the audit log to somebody else, behind the requests: they wait for the log alone. It keeps its place, tries again until it
 * succeeds, and never leaves anything out; the log is its buffer.
 *
 * At least once: what was delivered before its place was saved (once a second) is delivered again after a crash, and a batch whose
 * delivery failed half-way is delivered again whole. Nothing is delivered before the log has it on the disk.
 */
import type { AuditEntry, AuditLogReader } from "../audit-log.ts";
import type { Checkpoint } from "../log/checkpoint.ts";
import type { LogReport } from "../log/log-keys.ts";
import { safeJson } from "../safe-json.ts";
import { Confirmed } from "./confirmed.ts";
import type { Destination, OutgoingRecord, RenderEntry } from "./destination.ts";
import type { PositionStorage } from "./follower-position.ts";
import { Backoff, Throttle, systemSleep } from "./pace.ts";
import type { Sleep } from "./pace.ts";

export interface FollowerOptions {
  /** Of the configuration; in metrics and in the log. */
  readonly name: string;
  readonly log: AuditLogReader;
  readonly position: PositionStorage;
  /** Where one begins that has no place yet. */
  readonly from: "beginning" | "now";
  readonly render: RenderEntry;
  readonly destination: Destination;
  readonly batch: {
    readonly recordsMax: number;
    /** How long a batch that is not full waits for more. */
    readonly waitMs: number;
    readonly bytesMax: number;
  };
  readonly throttle?: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly backoffMs: number;
  /** For protocols without receipts: what was delivered so shortly before a failure is delivered again. */
  readonly doubtMs?: number;
  /** The last checkpoint of the log, where its readers shall have them. */
  readonly checkpoints?: Checkpoints;
  readonly report: (report: LogReport) => void;
  /** For tests. */
  readonly sleep?: Sleep;
  readonly nowMs?: () => number;
}

export interface Checkpoints {
  readonly lastCheckpoint: Checkpoint | undefined;
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): Disposable;
}

/** How a follower stands. */
export interface FollowerState {
  readonly name: string;
  /** Of the next entry to deliver. */
  readonly position: number;
  /** How many entries of the log are not delivered. */
  readonly lag: number;
  readonly delivered: number;
  readonly failures: number;
  readonly isFailing: boolean;
}

const saveMs = 1000;
/** What is not delivered when the server stops is delivered after the next start. */
const drainMs = 3000;

/** Starts one. Rejects when its place cannot be read or saved. */
export async function startFollower(options: FollowerOptions): Promise<Follower> {
  const { log, position } = options;
  const known = await position.load();
  const start = known ?? (options.from === "beginning" ? log.first : log.end);
  if (known === undefined) await position.save(start);
  const follower = new Follower(options, start);
  follower.begin();
  return follower;
}

export class Follower implements AsyncDisposable {
  readonly #options: FollowerOptions;
  readonly #sleep: Sleep;
  readonly #nowMs: () => number;
  readonly #backoff: Backoff;
  readonly #throttle: Throttle | undefined;
  readonly #confirmed: Confirmed;
  readonly #stop = new AbortController();
  readonly #waiting = new AbortController();
  #position: number;
  #saved: number;
  #savedAtMs = -Infinity;
  #saveTimer: NodeJS.Timeout | undefined;
  #delivered = 0;
  #failures = 0;
  #failing = false;
  #toldEntries = 0;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: FollowerOptions, position: number) {
    this.#options = options;
    this.#sleep = options.sleep ?? systemSleep;
    this.#nowMs = options.nowMs ?? (() => Date.now());
    this.#backoff = new Backoff(options.backoffMs);
    this.#throttle =
      options.throttle === undefined ? undefined : new Throttle({ ...options.throttle, nowMs: this.#nowMs });
    this.#position = position;
    this.#saved = position;
    this.#confirmed = new Confirmed(position, options.doubtMs ?? 0);
  }

  begin(): void {
    this.#running ??= this.#run();
  }

  get state(): FollowerState {
    return {
      name: this.#options.name,
      position: this.#position,
      lag: Math.max(0, this.#options.log.end - this.#position),
      delivered: this.#delivered,
      failures: this.#failures,
      isFailing: this.#failing,
    };
  }

  /** Delivers what there is, for a moment, and stops. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    this.#waiting.abort();
    const late = setTimeout(() => this.#stop.abort(), this.#failing ? 0 : drainMs);
    await this.#running;
    clearTimeout(late);
    clearTimeout(this.#saveTimer);
    await this.#saving;
    await this.#save().catch((error: unknown) => this.#fail(error));
    await this.#options.destination.close();
  }

  async #run(): Promise<void> {
    let ending = false;
    while (!this.#stop.signal.aborted && !ending) {
      // Once more after it was told to stop: what came meanwhile.
      ending = this.#waiting.signal.aborted;
      try {
        if (!ending) await this.#wait();
        await this.#forward();
        this.#succeed();
      } catch (error) {
        if (this.#stop.signal.aborted || this.#waiting.signal.aborted) continue;
        this.#fail(error);
        this.#position = this.#confirmed.rewind(this.#nowMs());
        await this.#sleep(this.#backoff.next(), this.#waiting.signal).catch(() => {});
      }
    }
  }

  /** For an entry, and then for as many as fill a batch, or for the time that they may take; or for a checkpoint. */
  async #wait(): Promise<void> {
    const { log, batch, checkpoints } = this.#options;
    const told = new AbortController();
    using _ = checkpoints?.onCheckpoint(() => told.abort());
    const signal = AbortSignal.any([this.#waiting.signal, told.signal]);
    if (this.#dueCheckpoint() === undefined) await log.reached(this.#position, signal).catch(() => {});
    if (batch.waitMs === 0 || log.end >= this.#position + batch.recordsMax) return;
    const enough = AbortSignal.any([this.#waiting.signal, AbortSignal.timeout(batch.waitMs)]);
    await log.reached(this.#position + batch.recordsMax - 1, enough).catch(() => {});
  }

  async #forward(): Promise<void> {
    const { log, batch } = this.#options;
    this.#noteMissing();
    const to = log.end;
    let records: OutgoingRecord[] = [];
    let bytes = 0;
    for await (const entry of log.entries(this.#position, to)) {
      // Which are gone is known when what is there was looked at.
      if (this.#position < log.first) this.#noteMissing();
      const made = this.#render(entry);
      const madeBytes = made.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      // Whole entries, so that the place between them is what is delivered.
      if (
        records.length > 0 &&
        (records.length + made.length > batch.recordsMax || bytes + madeBytes > batch.bytesMax)
      ) {
        await this.#deliver(records, entry.position);
        [records, bytes] = [[], 0];
      }
      records.push(...made);
      bytes += madeBytes;
    }
    const checkpoint = this.#dueCheckpoint(to);
    if (checkpoint !== undefined) {
      records.push({ text: safeJson(checkpoint), position: checkpoint.entries, event: undefined });
    }
    await this.#deliver(records, to);
    this.#toldEntries = checkpoint?.entries ?? this.#toldEntries;
  }

  #render(entry: AuditEntry): OutgoingRecord[] {
    const { position, event } = entry;
    return this.#options.render(entry).map((text) => ({ text, position, event }));
  }

  /** A checkpoint that has not been told, about entries that have. */
  #dueCheckpoint(upTo: number = this.#position): Checkpoint | undefined {
    const checkpoint = this.#options.checkpoints?.lastCheckpoint;
    if (checkpoint === undefined || checkpoint.entries <= this.#toldEntries) return undefined;
    return checkpoint.entries <= upTo ? checkpoint : undefined;
  }

  async #deliver(records: readonly OutgoingRecord[], next: number): Promise<void> {
    if (records.length > 0) {
      const waitMs = this.#throttle?.take() ?? 0;
      if (waitMs > 0) await this.#sleep(waitMs, this.#stop.signal);
      await this.#options.destination.deliver(records, this.#stop.signal);
      this.#delivered += records.length;
      this.#backoff.reset();
    }
    this.#position = next;
    this.#confirmed.delivered(next, this.#nowMs());
    await this.#saveSoon();
  }

  #noteMissing(): void {
    const { log, name, report } = this.#options;
    if (this.#position < log.first) {
      const fields = { follower: name, from: this.#position, to: log.first };
      report({ message: "Entries of the audit log were removed before a follower had delivered them", fields });
      this.#position = log.first;
    } else if (this.#position > log.end) {
      const fields = { follower: name, from: this.#position, to: log.first };
      report({ message: "The audit log is not the one that a follower had followed: it begins anew", fields });
      this.#position = log.first;
    }
  }

  /** Not with each batch: a place takes two syncs. */
  async #saveSoon(): Promise<void> {
    if (this.#nowMs() - this.#savedAtMs >= saveMs) await this.#save();
    if (this.#saved !== this.#position) this.#saveLater();
  }

  #saveLater(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      this.#saving = this.#save()
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          if (this.#saved !== this.#position && this.#closing === undefined) this.#saveLater();
        });
    }, saveMs).unref();
  }

  async #save(): Promise<void> {
    const sure = this.#confirmed.sure(this.#nowMs());
    if (sure === this.#saved) return;
    await this.#options.destination.flush?.();
    await this.#options.position.save(sure);
    this.#saved = sure;
    this.#savedAtMs = this.#nowMs();
  }

  #succeed(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#options.report({ message: "Follower of the audit log goes on", fields: { follower: this.#options.name } });
  }

  /** The first of a series is told; the metric counts the others. */
  #fail(error: unknown): void {
    this.#failures += 1;
    if (this.#failing) return;
    this.#failing = true;
    const fields = { follower: this.#options.name, position: this.#position };
    this.#options.report({ message: "Follower of the audit log cannot deliver and tries again", fields, error });
  }
}
