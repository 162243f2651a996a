/**
 * Reads the entries of a log from its segments, a block at a time.
 *
 * What is not as it was written is told, and what comes after it is read: who may change a byte of a file must not be able to hide all
 * that follows from whoever is to see it. The numbers of entries show that some are not there.
 */
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEvent } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";
import { BlockWalk, readSegmentHeader } from "./block-walk.ts";
import { blockTypes, headerBytes, payloadOf } from "./block.ts";
import type { Block } from "./block.ts";
import { openByteSource } from "./byte-source.ts";
import type { ByteSource } from "./byte-source.ts";
import type { EntryCipher } from "./entry-cipher.ts";
import { findBlock } from "./find-block.ts";
import { listSegments } from "./log-directory.ts";
import type { SegmentFile } from "./log-directory.ts";
import type { AuditSeal } from "./log-keys.ts";
import { openSegmentCipher } from "./segment-cipher.ts";

/** Entries that were recorded and cannot be read: they were changed or removed, or the disk lost them. */
export interface UnreadableEntries {
  /** The name of the segment that they are in. */
  readonly segment: string;
  /** From this one on, and before the other. */
  readonly from: number;
  readonly before: number;
}

/** Told of what cannot be read: what comes after it is read when this resolves, and is not when it rejects. */
export type TellUnreadable = (entries: UnreadableEntries) => Promise<void>;

/** An entry as it was written. */
export interface AuditLine {
  readonly position: number;
  /** JSON, without a newline. */
  readonly line: string;
}

/** What is remembered of a segment: enough to go to a position without passing all before it. */
interface KnownSegment {
  readonly cipher: EntryCipher;
  readonly places: Place[];
}

interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly sinceMs: number;
}

/** The segment that is read, and the one after it. */
interface Pair {
  readonly segment: SegmentFile;
  readonly next: SegmentFile | undefined;
}

interface Place {
  readonly position: number;
  readonly offset: number;
}

/** A place is remembered in so many bytes of a segment. */
const placeBytes = 64 * 1024;
/** Segments that something is remembered of: at most 256 places each. */
const knownSegmentsMax = 256;

export class LogReader {
  readonly #directory: string;
  readonly #seal: Pick<AuditSeal, "unwrap">;
  readonly #tell: TellUnreadable;
  readonly #known = new Map<string, KnownSegment>();
  #first = 0;

  constructor(directory: string, seal: Pick<AuditSeal, "unwrap">, tell: TellUnreadable) {
    this.#directory = directory;
    this.#seal = seal;
    this.#tell = tell;
  }

  /** Where the oldest segment that was there begins, when something was read last. */
  get first(): number {
    return this.#first;
  }

  /** The entries from a position on and before another; those that are there. */
  async *entries(from: number, to: number): AsyncGenerator<AuditEntry> {
    for await (const lines of this.batches(from, to)) {
      for (const { position, line } of lines) {
        yield { position, event: JSON.parse(line) as AuditEvent }; // authentic, so it is what was written
      }
    }
  }

  /** The same as they were written, in the batches that they were written in, without those that were written before a time. */
  async *batches(from: number, to: number, sinceMs = 0): AsyncGenerator<readonly AuditLine[]> {
    const segments = await listSegments(this.#directory);
    this.#first = Math.max(this.#first, segments[0]?.first ?? 0);
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1];
      if ((next?.first ?? Infinity) <= from || segment.first >= to) continue;
      yield* this.#segment({ segment, next }, { from, to, sinceMs });
    }
  }

  /** When the first entry of a segment was recorded; undefined where it is not there as it was written. */
  async recordedAtMs(segment: SegmentFile): Promise<number | undefined> {
    await using source = await openUnlessGone(segment.path);
    const known = source && (await this.#open(segment, source));
    if (source === undefined || known === undefined) return undefined;
    const walk = new BlockWalk(source, known.places[0]?.offset ?? 0);
    for (let blocks = await walk.next(); blocks !== undefined; blocks = await walk.next()) {
      const first = blocks.find(({ type }) => type === blockTypes.entries);
      if (first === undefined) continue;
      return first.position === segment.first && linesOf(first, known.cipher) !== undefined ? first.timeMs : undefined;
    }
    return undefined;
  }

  async *#segment({ segment, next }: Pair, wanted: Wanted): AsyncGenerator<readonly AuditLine[]> {
    const end = Math.min(wanted.to, next?.first ?? Infinity);
    const unreadable = (from: number, before = end) => this.#missed({ segment, next }, { from, before }, wanted);
    await using source = await openUnlessGone(segment.path);
    // Retention takes segments while they are read, from the front.
    if (source === undefined) return await ((await this.#isRetired(segment)) ? undefined : unreadable(segment.first));
    const known = await this.#open(segment, source);
    if (known === undefined) return await unreadable(segment.first);
    let place = placeBefore(known.places, wanted.from) ?? { position: segment.first, offset: 0 };
    for (;;) {
      place = yield* readOn(source, place, { ...wanted, ...known, to: end });
      if (place.position >= end) return;
      const found = await findBlock(source, {
        offset: place.offset,
        from: place.position,
        before: end,
        isAuthentic: (block) => linesOf(block, known.cipher) !== undefined,
      });
      await unreadable(place.position, found?.position);
      if (found === undefined) return;
      place = found;
    }
  }

  /** Tells of entries that cannot be read, if they were asked for, and unless the next segment says that they are missing. */
  async #missed(
    { segment, next }: Pair,
    { from, before }: { readonly from: number; readonly before: number },
    wanted: Wanted,
  ): Promise<void> {
    if (before <= from || before <= wanted.from || before === Infinity) return;
    // Only what was missing when the gap was made is said by it.
    const unsaid = before === next?.first ? Math.min(before, (await gapOf(next)) ?? before) : before;
    if (unsaid > from) await this.#tell({ segment: segment.name, from, before: unsaid });
  }

  async #isRetired({ first }: SegmentFile): Promise<boolean> {
    return ((await listSegments(this.#directory))[0]?.first ?? 0) > first;
  }

  /** Undefined where its beginning, without which nothing in it can be read, is not what was written. */
  async #open(segment: SegmentFile, source: ByteSource): Promise<KnownSegment | undefined> {
    const known = this.#known.get(segment.name);
    if (known !== undefined) return known;
    const opened = await unlessCorrupt(() => openSegment(source, this.#seal));
    if (opened === undefined || opened.header.first !== segment.first) return undefined;
    const { header, blocksFrom, cipher } = opened;
    const remembered = { cipher, places: [{ position: header.first, offset: blocksFrom }] };
    this.#known.set(segment.name, remembered);
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownSegmentsMax && oldest !== undefined) this.#known.delete(oldest);
    return remembered;
  }
}

async function openSegment(source: ByteSource, seal: Pick<AuditSeal, "unwrap">) {
  const { header, blocksFrom } = await readSegmentHeader(source);
  const { cipher } = await openSegmentCipher(source, { header, blocksFrom }, seal);
  return { header, blocksFrom, cipher };
}

/** From which entry on a segment says that those before it are missing. */
async function gapOf(segment: SegmentFile): Promise<number | undefined> {
  await using source = await openUnlessGone(segment.path);
  if (source === undefined) return undefined;
  return (await unlessCorrupt(() => readSegmentHeader(source)))?.header.gap?.from;
}

/** Undefined for what is not authentic, or not of its form. */
export async function unlessCorrupt<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isStrongroomError(error, "corrupt")) return undefined;
    throw error;
  }
}

/** Reads blocks from a place on; returns the place where the next one was to be: the end, or that of something else. */
async function* readOn(
  source: ByteSource,
  from: Place,
  wanted: Wanted & KnownSegment,
): AsyncGenerator<readonly AuditLine[], Place> {
  const walk = new BlockWalk(source, from.offset);
  let place = from;
  for (;;) {
    const blocks = await walk.next();
    if (blocks === undefined) return place;
    for (const block of blocks) {
      if (place.position >= wanted.to) return place;
      const lines = block.position === place.position ? linesWanted(block, wanted) : undefined;
      if (lines === undefined) return place;
      note(wanted.places, place);
      place = { position: place.position + block.count, offset: place.offset + block.bytes.length };
      if (lines.length > 0) yield lines;
    }
  }
}

/** The lines of a block that are asked for; undefined when it is not as it was written, if it was to be looked into. */
function linesWanted(
  block: Block,
  { cipher, from, to, sinceMs }: Wanted & KnownSegment,
): readonly AuditLine[] | undefined {
  const { position, count, type, timeMs } = block;
  if (type !== blockTypes.entries) return count === 0 ? [] : undefined;
  if (position + count <= from || timeMs < sinceMs) return count > 0 ? [] : undefined;
  return linesOf(block, cipher)?.filter((line) => line.position >= from && line.position < to);
}

/** Undefined for a block that was not written so. */
export function linesOf(block: Block, cipher: EntryCipher): AuditLine[] | undefined {
  try {
    const text = cipher.open(payloadOf(block), block.bytes.subarray(0, headerBytes)).toString("utf8");
    const lines = text.split("\n").map((line, index) => ({ position: block.position + index, line }));
    return lines.length === block.count ? lines : undefined;
  } catch (error) {
    if (isStrongroomError(error, "corrupt")) return undefined;
    throw error;
  }
}

function placeBefore(places: readonly Place[], position: number): Place | undefined {
  return places.findLast((candidate) => candidate.position <= position) ?? places[0];
}

function note(places: Place[], place: Place): void {
  const last = places.at(-1);
  if (last === undefined || place.offset >= last.offset + placeBytes) places.push(place);
}

/** Undefined for a segment that was deleted since it was listed. */
async function openUnlessGone(path: string): Promise<ByteSource | undefined> {
  try {
    return await openByteSource(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
