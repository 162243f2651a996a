/**
 * The audit log of a data directory, the store of truth about who was given what: segments of encrypted, compressed blocks in one
 * chain, on the disk before `write` resolves. docs/adr/0023-audit-log.md says why it is made so.
 *
 * What a reader may rely on: every event whose write resolved is one entry, in the order of positions. Nothing is deleted unasked:
 * for how long evidence is kept is the operator's decision.
 *
 * It fails closed: `write` rejects with `unavailable` while events cannot be made durable. Each write tries anew, so that it works
 * again as soon as the disk does.
 */
import { randomUUID } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { NoSpaceError } from "../../errors/no-space-error.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { isDiskFull } from "../append-file.ts";
import type { AuditEvent, RecordKind, WriteOptions } from "../audit-event.ts";
import type { AuditEntry, AuditLog } from "../audit-log.ts";
import { appendOrGoOn } from "./append-or-go-on.ts";
import { Arrivals } from "./arrivals.ts";
import { batchedSyncMs } from "./audit-log-options.ts";
import type { AuditLogOptions } from "./audit-log-options.ts";
import { blockBytesMax } from "./block.ts";
import { encodePublicKey } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { CheckpointSchedule } from "./checkpoint-schedule.ts";
import { FreshEntries } from "./fresh-entries.ts";
import type { EntriesListener } from "./fresh-entries.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Waiting } from "./group-commit.ts";
import { HeadKeeper } from "./head-keeper.ts";
import { listSegments } from "./log-directory.ts";
import type { ChainHead, LogReport } from "./log-keys.ts";
import { reportEvent } from "./log-events.ts";
import type { AuditLine } from "./log-reader.ts";
import { deleteSegments, oldSegments } from "./log-retention.ts";
import type { OldSegments, RetentionBound } from "./log-retention.ts";
import { deletedBefore, mustBeSigned } from "./log-item.ts";
import type { Item } from "./log-item.ts";
import { LogReader } from "./log-reader.ts";
import type { LogReserve, ReserveState } from "./log-reserve.ts";
import type { LogTail } from "./log-tail.ts";
import { notRecorded } from "./not-recorded.ts";
import { OpenIntents } from "./open-intents.ts";
import { UnreadableReports } from "./unreadable-reports.ts";
import { segmentsToVerify, verifyLog } from "./verify-log.ts";
import type { LogVerdict } from "./verify-log.ts";

const segmentBytesDefault = 16 * 1024 * 1024;
const firstSegmentBytes = 64 * 1024;
/** Text of one batch, so that what reads a block needs little memory; a single event may be longer. */
const batchBytesMax = 1024 * 1024;
/** Compressed, it is less than the largest block. */
const lineBytesMax = blockBytesMax - 1024 * 1024;

export class AuditLogFile implements AuditLog {
  readonly #options: AuditLogOptions;
  readonly #tail: LogTail;
  readonly #reserve: LogReserve;
  readonly #reader: LogReader;
  readonly #unreadable: UnreadableReports;
  readonly #commits: GroupCommit<Item>;
  readonly #arrivals = new Arrivals();
  readonly #fresh = new FreshEntries();
  readonly #schedule: CheckpointSchedule;
  readonly #heads: HeadKeeper;
  readonly #intents: OpenIntents;
  readonly #listeners = new Set<(checkpoint: Checkpoint) => void>();
  #first: number;
  /** The end of what is on the disk. */
  #head: ChainHead;
  #syncTimer: NodeJS.Timeout | undefined;
  #lastCheckpoint: Checkpoint | undefined;
  readonly #refused: Record<RecordKind, number> = { read: 0, write: 0 };
  #damages = 0;
  /** The segment that is written to has entries that cannot be read: what comes is kept apart from them. */
  #mustRotate = false;
  #failing = false;
  #closed = false;

  constructor(
    options: AuditLogOptions,
    parts: {
      readonly tail: LogTail;
      readonly reserve: LogReserve;
      readonly first: number;
    },
  ) {
    this.#options = options;
    this.#tail = parts.tail;
    this.#reserve = parts.reserve;
    this.#first = parts.first;
    this.#head = parts.tail.head(parts.tail.end);
    this.#reader = new LogReader(options.directory, options.keys.seal, (entries) => this.#unreadable.tell(entries));
    this.#unreadable = new UnreadableReports((report) => this.#putDamage(report));
    this.#commits = new GroupCommit((batch) => this.#commit(batch), {
      sizeOf: (item) => ("line" in item ? item.line.length : 0),
      sizeMax: batchBytesMax,
    });
    this.#schedule = new CheckpointSchedule(parts.tail.end, () => void this.#checkpointNow());
    this.#intents = new OpenIntents(parts.tail.end);
    this.#heads = new HeadKeeper(options.heads, (error) =>
      options.report({ message: "Head of the audit log could not be kept in the store", fields: {}, error }),
    );
  }

  /** As of the last time that it was read: who deletes old segments by hand tells nobody. */
  get first(): number {
    return Math.max(this.#first, this.#reader.first);
  }

  get end(): number {
    return this.#head.position;
  }

  get reserve(): ReserveState {
    const { sizeBytes, wantedBytes, isLow } = this.#reserve;
    return { leftBytes: sizeBytes, wantedBytes, isLow };
  }

  /** What checkpoints are signed with: SubjectPublicKeyInfo, base64. */
  get publicKey(): string {
    return encodePublicKey(this.#tail.publicKey);
  }

  /** How often, at the opening and since, the log was found changed by somebody else. */
  get damages(): number {
    return this.#damages;
  }

  /** How many records could not be made durable or were refused for want of space, since the opening. */
  get refused(): Readonly<Record<RecordKind, number>> {
    return this.#refused;
  }

  /** Whether the last write could not be made durable. */
  get isFailing(): boolean {
    return this.#failing;
  }

  get lastCheckpoint(): Checkpoint | undefined {
    return this.#lastCheckpoint;
  }

  /**
   * A checkpoint about all entries: a new one, unless the last of this opening is about them. Undefined when there are none.
   * Raises `unavailable`.
   */
  async checkpoint(): Promise<Checkpoint | undefined> {
    if (this.#schedule.isDirty || this.#lastCheckpoint === undefined)
      await this.#commits.submit({ kind: "checkpoint" });
    return this.#lastCheckpoint;
  }

  /** Calls `listener` with each checkpoint once it is durable, so that it can be kept elsewhere. */
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  write(event: AuditEvent, { kind = "read" }: WriteOptions = {}): Promise<void> {
    if (this.#closed) return Promise.reject(new StrongroomError("unavailable", "the audit log is closed"));
    const line = JSON.stringify(event);
    if (line.length > lineBytesMax) {
      return Promise.reject(new StrongroomError("too-large", "the record of a request must be less than 63 MiB"));
    }
    return this.#commits.submit({ line, kind, event });
  }

  entries(from: number, to: number = this.end): AsyncIterable<AuditEntry> {
    return this.#reader.entries(from, Math.min(to, this.end));
  }

  /** As `entries`, but as they were written, in batches. */
  batches(from: number, to: number = this.end): AsyncIterable<readonly AuditLine[]> {
    return this.#reader.batches(from, Math.min(to, this.end));
  }

  reached(position: number, signal: AbortSignal): Promise<void> {
    return this.#arrivals.wait(() => this.end > position, signal);
  }

  onEntries(listener: EntriesListener): Disposable {
    return this.#fresh.listen(listener);
  }

  /** Intents of changes without an outcome. Right after the opening: those that a crash left, to be resolved from the store. */
  get openIntents(): readonly AuditEntry[] {
    return this.#intents.all;
  }

  /** Looks for intents without an outcome from a position on. */
  async findOpenIntents(from: number): Promise<void> {
    for await (const { position, event } of this.entries(from)) this.#intents.note(event, position);
  }

  /** What the opening found. */
  countDamage(): void {
    this.#damages += 1;
  }

  /** Whether the files are as they were written, up to the last checkpoint since the opening, which nobody can change in memory. */
  async verify(): Promise<LogVerdict> {
    const { directory } = this.#options;
    const outside = this.#lastCheckpoint === undefined ? [] : [this.#lastCheckpoint];
    const segments = await segmentsToVerify(directory);
    const from = segments[0]?.first ?? this.#tail.end;
    return verifyLog(segments, { publicKey: this.#tail.publicKey, outside, from, to: Infinity });
  }

  /** Which segments {@link prune} would delete. Nothing goes that a change without an outcome is in, or that a start would miss. */
  async prunable(bound: RetentionBound): Promise<OldSegments> {
    // A start follows the log from where the store knows it. On a full disk that may be some time ago: then less goes.
    this.#heads.keep(this.#head);
    await this.#heads.settled();
    const before = Math.min(bound.before, this.#intents.oldest, this.#heads.kept?.segment ?? 0);
    return await oldSegments(this.#options.directory, { ...bound, before }, (each) => this.#reader.recordedAtMs(each));
  }

  /** Deletes old segments, after that is on record with an event, and signed. Raises `unavailable` where it cannot be. */
  async prune(bound: RetentionBound, event: AuditEvent): Promise<OldSegments> {
    const old = await this.prunable(bound);
    if (old.segments.length === 0) return old;
    const { before } = old;
    await this.#commits.submit({ kind: "retention", before, line: JSON.stringify(event), event });
    await deleteSegments(this.#options.directory, old);
    this.#first = before;
    return old;
  }

  /** Signs with another key from now on; the former one signs everything before, and the new one. There must be an entry since the last time. */
  async changeKey(signingKey: KeyObject): Promise<void> {
    await this.#commits.submit({ kind: "key", signingKey });
  }

  async #changeKey(signingKey: KeyObject): Promise<void> {
    const must = "there must be an entry since the key of checkpoints was changed last"; // or two segments would have its number
    if (this.#tail.segmentEntries === 0) throw new StrongroomError("invalid", must);
    await this.#tail.rotate({ signingKey });
    this.#head = this.#tail.head(this.#intents.oldest);
  }

  /** Tells of something, and puts it on record. */
  async put(report: LogReport): Promise<void> {
    this.#options.report(report);
    await this.write(reportEvent(report, { now: this.#options.now, uuid: randomUUID }));
  }

  /** Of entries that somebody came upon who reads: they go on when it is on record. */
  async #putDamage({ segment, ...report }: LogReport & { readonly segment: string }): Promise<void> {
    this.#damages += 1;
    this.#mustRotate ||= segment === this.#tail.segmentName;
    await this.put(report);
  }

  async close(): Promise<void> {
    if (this.#closed) return this.#commits.idle();
    this.#closed = true;
    await this.#commits.idle();
    await this.#checkpointNow();
    this.#schedule.stop();
    clearTimeout(this.#syncTimer);
    this.#heads.keep({ ...this.#head, openFrom: this.#intents.oldest });
    await this.#heads.close();
    await this.#tail.close();
    await this.#reserve.close();
  }

  /** Rejects nothing: what is not signed now is with the next one. */
  async #checkpointNow(): Promise<void> {
    if (!this.#schedule.isDirty) return;
    try {
      await this.#commits.submit({ kind: "checkpoint" });
    } catch (error) {
      this.#options.report({ message: "Checkpoint of the audit log could not be written", fields: {}, error });
      this.#schedule.again();
    }
  }

  async #commit(batch: readonly Waiting<Item>[]): Promise<void> {
    let accepted = (await this.#reserve.acceptsChanges()) ? batch : this.#refuseChanges(batch);
    for (;;) {
      if (accepted.length === 0) return;
      try {
        await this.#append(accepted);
        this.#failing = false;
        for (const waiting of accepted) {
          if (waiting.item.kind === "key")
            await this.#changeKey(waiting.item.signingKey).then(waiting.resolve, waiting.reject);
          else waiting.resolve();
        }
        return;
      } catch (error) {
        const last = accepted.some(({ item }) => item.kind === "retention");
        if (!isDiskFull(error) || !(await this.#reserve.release({ last }))) {
          this.#failing = true;
          this.#refuse(accepted, notRecorded(error));
          return;
        }
        accepted = this.#refuseChanges(accepted);
      }
    }
  }

  /** Refuses the intents of changes; the rest goes on. */
  #refuseChanges(batch: readonly Waiting<Item>[]): readonly Waiting<Item>[] {
    const message = "the change cannot be recorded: the disk of the audit log must have space";
    const isChange = ({ item }: Waiting<Item>) => item.kind === "write";
    this.#refuse(batch.filter(isChange), new NoSpaceError(message));
    return batch.filter((waiting) => !isChange(waiting));
  }

  #refuse(batch: readonly Waiting<Item>[], error: StrongroomError): void {
    for (const { item, reject } of batch) {
      if (item.kind === "read" || item.kind === "write") this.#refused[item.kind] += 1;
      reject(error);
    }
  }

  async #append(batch: readonly Waiting<Item>[]): Promise<void> {
    const written = batch.flatMap(({ item }) => ("line" in item ? [item] : []));
    const lines = written.map(({ line }) => line);
    const checkpoint = this.#isCheckpointDue(lines.length, batch);
    const sync = checkpoint || this.#options.reads !== "batched" || batch.some(({ item }) => item.kind !== "read");
    if (lines.length > 0) await this.#rotateIfDue();
    else if (!checkpoint && this.#head.position === this.#tail.end) return;
    const example = written[0]?.event;
    const retention = deletedBefore(batch.map(({ item }) => item));
    const addition = { lines, retention, checkpoint, sync };
    const made = await appendOrGoOn(this.#tail, { ...addition, ...(example !== undefined && { example }) }, (report) =>
      this.#tellDisplaced(report),
    );
    const end = this.#tail.end;
    for (const [index, { event }] of written.entries()) {
      const position = end - lines.length + index;
      this.#intents.note(event, position);
      this.#fresh.add({ position, event });
    }
    this.#schedule.wrote(end, made !== undefined);
    if (sync) this.#synced();
    else this.#syncTimer ??= setTimeout(() => void this.#syncNow(), batchedSyncMs).unref();
    if (made !== undefined) this.#tellCheckpoint(made);
  }

  /** After so many entries that are added. One that is asked for is made unless the last is about all there is. */
  #isCheckpointDue(added: number, batch: readonly Waiting<Item>[]): boolean {
    const end = this.#tail.end + added;
    if (this.#schedule.isDue(end) || batch.some(({ item }) => mustBeSigned.has(item.kind))) return true;
    if (batch.every(({ item }) => item.kind !== "checkpoint")) return false;
    return this.#schedule.isDirty || added > 0 || (this.#lastCheckpoint === undefined && end > 0);
  }

  /** All that was written is on the disk. */
  #synced(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    this.#head = this.#tail.head(this.#intents.oldest);
    this.#heads.keepSoon(() => this.#head);
    this.#arrivals.tell();
    this.#fresh.durable();
  }

  async #syncNow(): Promise<void> {
    this.#syncTimer = undefined;
    try {
      await this.#commits.submit({ kind: "sync" });
    } catch (error) {
      const message = "Audit log could not be synced: records of reads that were answered may be lost";
      this.#options.report({ message, fields: {}, error });
    }
  }

  /** Tells that a segment was displaced; the line that puts it on record. */
  #tellDisplaced(report: LogReport): string {
    this.#options.report(report);
    this.#damages += 1;
    return JSON.stringify(reportEvent(report, { now: this.#options.now, uuid: randomUUID }));
  }

  async #rotateIfDue(): Promise<void> {
    const { segmentBytes = segmentBytesDefault } = this.#options;
    // Events like those that are coming halve the size of single ones.
    const limit = this.#tail.hasOwnDictionary ? segmentBytes : Math.min(segmentBytes, firstSegmentBytes);
    const isDue = this.#mustRotate || this.#tail.sizeBytes >= limit;
    if (!isDue || this.#tail.segmentEntries === 0) return;
    try {
      await this.#tail.rotate();
      this.#mustRotate = false;
      this.#first = (await listSegments(this.#options.directory))[0]?.first ?? this.#tail.end;
    } catch (error) {
      // A full disk may have room for more in this segment, but none for another.
      if (!isDiskFull(error)) throw error;
    }
  }

  #tellCheckpoint(checkpoint: Checkpoint): void {
    this.#lastCheckpoint = checkpoint;
    for (const listener of this.#listeners) listener(checkpoint);
  }
}
