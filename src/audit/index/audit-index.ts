/**
 * The index of the audit log: lists of what is on record about a secret and by a user, so that questions need not read
 * the log (docs/adr/0025).
 *
 * It is derived from the log and nothing depends on it: it follows the log behind the requests, in slices, and is built anew when
 * its files are missing, damaged, of another format, or of another log. What it has is told with each answer as a position.
 * Memory is bounded: a buffer (index-buffer.ts), the directories of the segments, and what questions collect.
 */
import { createHmac } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { setTimeout as after } from "node:timers/promises";
import { StrongroomError, isStrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEvent } from "../audit-event.ts";
import type { AuditEntry, AuditLogReader } from "../audit-log.ts";
import { circumstanceOf } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";
import { timeOf } from "./entry-filter.ts";
import { IndexBuffer } from "./index-buffer.ts";
import type { RowBatch } from "./rows.ts";
import { SegmentFolder } from "./segment-folder.ts";
import { everything, termHash } from "./segment.ts";
import type { Segment, Window } from "./segment.ts";
import { StreamReaders } from "./stream-readers.ts";
import { markEvent } from "./mark-event.ts";
import { terms } from "./terms.ts";
import { WorkShare } from "./work-share.ts";
import { writeBuffer } from "./write-segments.ts";

export interface AuditIndexOptions {
  /** The folder of its files; nothing else may be in it. */
  readonly directory: string;
  /** Encrypts the files and hides the names by which they are searched: a subkey of its own. */
  readonly key: KeyObject;
  readonly log: AuditLogReader;
  /** Told what keeps it from following the log; it tries again. */
  readonly onError: (error: unknown) => void;
  /** How long it waits after an error. */
  readonly retryMs?: number;
  /** How many entries are kept in memory before they are written as a segment. */
  readonly bufferEntries?: number;
}

/** Rows of a list from one place, with the circumstances that they name by number. */
export interface ListPart {
  readonly batches: AsyncIterable<RowBatch>;
  readonly circumstance: (number: number) => Circumstance | Promise<Circumstance>;
  /** As texts, of which equal ones stand for equal circumstances in all parts, for numbers that ascend. */
  readonly circumstanceTexts: (numbers: readonly number[]) => readonly string[] | Promise<readonly string[]>;
}

/** A list as it was at a position; parts in the order of the log. To be disposed of. */
export interface IndexedList extends AsyncDisposable {
  /** Entries before this position are in it, and no others. */
  readonly position: number;
  readonly parts: readonly ListPart[];
}

const retryMsDefault = 5000;
/** So many entries are indexed in one turn, which takes some 5 us each; of more at once, the latest are kept until it has read up to them. */
const arrivedMax = 1024;

export class AuditIndex implements AsyncDisposable {
  readonly #options: AuditIndexOptions;
  readonly #folder: SegmentFolder;
  readonly #stop = new AbortController();
  readonly #share = new WorkShare(this.#stop.signal);
  #buffer: IndexBuffer;
  /** Is being written. */
  #full: IndexBuffer | undefined;
  #writing: Promise<void> | undefined;
  #following: Promise<void> = Promise.resolve();
  #isDamaged = false;
  /** Aborts what waits for the log. */
  #pause = new AbortController();
  /** Of the latest entries those that are not indexed, as the log told them. */
  readonly #arrived: AuditEntry[] = [];
  /** While entries are indexed as they arrive: ends that, because something has to be read first. */
  #fallBehind: (() => void) | undefined;
  readonly #telling: Disposable;
  /** Who waits for a position. */
  readonly #waiting = new Set<() => void>();
  /** Who opened the watches that are on record so far. */
  readonly streams = new StreamReaders((id) => this.#beginningOf(id));

  /** Opens what there is and follows the log from there; from its beginning, when the folder cannot be used. Raises nothing. */
  static async open(options: AuditIndexOptions): Promise<AuditIndex> {
    const index = new AuditIndex(options);
    await index.#open().catch(async (error: unknown) => {
      options.onError(error);
      await index.#folder.close();
      index.#buffer = index.#bufferFrom(options.log.first);
    });
    index.#following = index.#follow();
    return index;
  }

  private constructor(options: AuditIndexOptions) {
    this.#options = options;
    this.#buffer = this.#bufferFrom(0);
    this.#folder = new SegmentFolder(options.directory, options.key, this.#share);
    this.#telling = options.log.onEntries((entries) => this.#take(entries));
  }

  /** Entries before this position are indexed; none while it is to be built anew. */
  get position(): number {
    return this.#isDamaged ? 0 : this.#buffer.to;
  }

  get sizeBytes(): number {
    return this.#folder.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Resolves when entries before a position are indexed, and after a time at most; whoever asks looks at the position. */
  async caughtUp(position: number, waitMsMax: number): Promise<void> {
    if (this.position >= position) return;
    await new Promise<void>((resolve) => {
      const settle = () => {
        if (this.position < position && !this.#stop.signal.aborted) return;
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(settle);
        resolve();
      }, waitMsMax);
      this.#waiting.add(settle);
    });
  }

  /**
   * The rows of a term, whole blocks of them outside of the window left out. Reading raises `corrupt`: see {@link rebuild}. Raises
   * `unavailable` between that and the new beginning.
   */
  list(term: string, window: Window = everything): IndexedList {
    if (this.#isDamaged) throw new StrongroomError("unavailable", "the index of the audit log is being built anew");
    const buffers = [this.#full, this.#buffer].filter((buffer) => buffer !== undefined);
    const begin = buffers[0]?.from ?? 0;
    const segments = this.#folder.segments.filter(({ from }) => from < begin);
    for (const segment of segments) segment.use();
    const hash = termHash(this.#options.key, term);
    return {
      position: this.position,
      parts: [
        ...segments.map((segment) => segmentPart(segment, hash, window)),
        ...buffers.map((buffer) => bufferPart(buffer, term)),
      ],
      [Symbol.asyncDispose]: async () => {
        for (const segment of segments) await segment.release();
      },
    };
  }

  /**
   * Throws everything away and builds it anew behind the requests: called by who came upon damage. Lists that are being read
   * stay as they were.
   */
  rebuild(): void {
    this.#isDamaged = true;
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the index is closed"));
    this.#telling[Symbol.dispose]();
    this.#wake();
    for (const settle of this.#waiting) settle();
    await this.#following;
    await this.#writing;
    await this.#folder.close();
  }

  #bufferFrom(position: number): IndexBuffer {
    return new IndexBuffer(position, this.#options.bufferEntries);
  }

  async #open(): Promise<void> {
    const { log } = this.#options;
    await this.#folder.open((segment) => this.#isOfLog(segment));
    await this.#folder.dropBefore(log.first);
    // Without their beginning, the others would answer for entries that they do not have.
    if ((this.#folder.segments[0]?.from ?? 0) > log.first) await this.#folder.dropFrom(0);
    this.#buffer = this.#bufferFrom(this.#folder.segments.at(-1)?.to ?? log.first);
  }

  /** Of what retention has taken it is not known, and it is dropped anyway. */
  async #isOfLog({ to, directory }: Segment): Promise<boolean> {
    const { log } = this.#options;
    if (to > log.end) return false;
    if (to <= log.first) return true;
    for await (const { position, event } of log.entries(to - 1, to)) {
      return position === to - 1 && this.#fingerprint(event) === directory.fingerprint;
    }
    return false;
  }

  #fingerprint(event: AuditEvent): string {
    const mac = createHmac("sha256", this.#options.key).update("strongroom.dev/audit-index/entry/v1\0");
    return mac.update(JSON.stringify(event)).digest("base64url").slice(0, 22);
  }

  async #follow(): Promise<void> {
    const { log, onError } = this.#options;
    while (!this.#stop.signal.aborted) {
      this.#pause = new AbortController();
      try {
        if (this.#isDamaged) await this.#beginAt(log.first);
        else {
          await this.#readOn();
          await this.#keepUp();
        }
      } catch (error) {
        if (this.#pause.signal.aborted || this.#stop.signal.aborted) continue;
        onError(error);
        await this.#retryLater();
      }
    }
  }

  /**
   * Indexes entries as they arrive, which spares the reading, decrypting and parsing of them; until one of them takes more, is too
   * many, or is not the next.
   */
  async #keepUp(): Promise<void> {
    if (!this.#addArrived() || this.#isDamaged || this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => (this.#fallBehind = resolve));
    this.#fallBehind = undefined;
  }

  #take(entries: readonly AuditEntry[]): void {
    const arrived = this.#arrived;
    for (const entry of entries) arrived.push(entry);
    if (this.#fallBehind !== undefined && !this.#addArrived()) this.#fallBehind();
    if (arrived.length > arrivedMax) arrived.splice(0, arrived.length - arrivedMax);
  }

  /** Whether all that has arrived is indexed. */
  #addArrived(): boolean {
    const arrived = this.#arrived;
    if (arrived.length > arrivedMax) return false;
    let taken = 0;
    for (const entry of arrived) {
      if (entry.position >= this.position && !this.#addNext(entry)) break;
      taken++;
    }
    arrived.splice(0, taken);
    return arrived.length === 0;
  }

  /** Whether an entry could be indexed at once: it is the next, its readers are known, and there is room. */
  #addNext(entry: AuditEntry): boolean {
    if (entry.position !== this.position || this.#buffer.isFull) return false;
    try {
      const own = circumstanceOf(entry.event);
      const readers = this.streams.of(entry.event, own);
      if ("then" in readers) {
        readers.catch(() => undefined); // asked again, and told, by who reads the entry
        return false;
      }
      this.#mark(entry, own, readers);
    } catch {
      return false; // as above
    }
    if (this.#buffer.isFull && this.#writing === undefined) this.#beginWriting(entry.event);
    return true;
  }

  #wake(): void {
    this.#pause.abort(new Error("woken"));
    this.#fallBehind?.();
  }

  /** Waits, but no longer than until it is woken. */
  async #retryLater(): Promise<void> {
    const signal = AbortSignal.any([this.#pause.signal, this.#stop.signal]);
    // Woken or not, what follows looks for itself.
    await after(this.#options.retryMs ?? retryMsDefault, undefined, { signal }).catch(() => undefined);
  }

  async #readOn(): Promise<void> {
    for await (const entry of this.#options.log.entries(this.position)) {
      await this.#share.step();
      if (this.#stop.signal.aborted || this.#isDamaged) return;
      // Retention has taken entries that were not indexed: what is indexed, it has taken before.
      if (entry.position > this.position) await this.#skipTo(entry.position);
      await this.#add(entry);
      if (this.#buffer.isFull) await this.#writeBuffer(entry.event);
    }
    await this.#folder.dropBefore(this.#options.log.first);
  }

  /** Throws everything away. */
  async #beginAt(position: number): Promise<void> {
    await this.#writing;
    await this.#folder.dropFrom(0);
    this.#buffer = this.#bufferFrom(position);
    this.#isDamaged = false;
  }

  /** Over entries that the log has not: of those before them it may have none either. */
  async #skipTo(position: number): Promise<void> {
    if (this.position < this.#options.log.first) return this.#beginAt(position);
    this.#buffer.to = position;
  }

  async #add(entry: AuditEntry): Promise<void> {
    const own = circumstanceOf(entry.event);
    const found = this.streams.of(entry.event, own);
    this.#mark(entry, own, "then" in found ? await found : found);
  }

  #mark({ position, event }: AuditEntry, own: Circumstance, readers: readonly Circumstance[]): void {
    const timeMs = timeOf(event);
    const buffer = this.#buffer;
    markEvent(event, own, readers, (term, circumstance) => buffer.add(term, position, timeMs, circumstance));
    this.streams.note(event, own);
    buffer.to = position + 1;
    for (const settle of this.#waiting) settle();
  }

  /** Writes the buffer behind the next one; only one is written at a time. */
  async #writeBuffer(last: AuditEvent): Promise<void> {
    await this.#writing;
    this.#beginWriting(last);
  }

  #beginWriting(last: AuditEvent): void {
    const full = this.#buffer;
    this.#full = full;
    this.#buffer = this.#bufferFrom(full.to);
    this.#writing = this.#write(full, this.#fingerprint(last)).finally(() => (this.#writing = undefined));
  }

  /** Tries until it is written: what comes after the next buffer waits for it. */
  async #write(full: IndexBuffer, fingerprint: string): Promise<void> {
    const { key } = this.#options;
    const path = this.#folder.pathOf(full.from, full.to);
    const written = await this.#tried(async () => {
      await this.#folder.make();
      await writeBuffer(full, fingerprint, { path, key, share: this.#share });
      await this.#folder.add(full.from, full.to);
    });
    if (!written) return;
    this.#full = undefined;
    await this.#tried(() => this.#folder.merge());
    await this.#tried(() => this.#folder.dropBefore(this.#options.log.first));
  }

  /** Whether it was done before the end. What is damaged is thrown away with the rest. */
  async #tried(work: () => Promise<void>): Promise<boolean> {
    while (!this.#stop.signal.aborted) {
      try {
        await work();
        return true;
      } catch (error) {
        if (this.#stop.signal.aborted) return false;
        this.#options.onError(error);
        if (isStrongroomError(error, "corrupt")) return this.#giveUp();
        await this.#retryLater();
      }
    }
    return false;
  }

  #giveUp(): false {
    this.#full = undefined;
    this.rebuild();
    return false;
  }

  async #beginningOf(streamId: string): Promise<Circumstance | undefined> {
    await using list = this.list(terms.stream(streamId));
    for (const { batches, circumstance } of list.parts) {
      for await (const { count, circumstances } of batches) {
        if (count > 0) return await circumstance(circumstances[0] ?? 0);
      }
    }
    return undefined;
  }
}

function segmentPart(segment: Segment, hash: Buffer, window: Window): ListPart {
  return {
    batches: segment.list(hash, window),
    circumstance: (number) => segment.circumstance(number),
    circumstanceTexts: (numbers) => segment.textsOf(numbers),
  };
}

function bufferPart(buffer: IndexBuffer, term: string): ListPart {
  const rows = buffer.list(term);
  return {
    batches: one(rows),
    circumstance: (number) => buffer.circumstance(number),
    circumstanceTexts: (numbers) => numbers.map((number) => buffer.textOf(number)),
  };
}

async function* one(rows: RowBatch): AsyncGenerator<RowBatch> {
  if (rows.count > 0) yield rows;
}
