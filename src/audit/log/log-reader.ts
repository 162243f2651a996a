/** Reads the entries of a log from its segments, a block at a time. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEvent } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";
import { BlockWalk, readSegmentHeader } from "./block-walk.ts";
import { blockTypes, headerBytes, payloadOf } from "./block.ts";
import type { Block } from "./block.ts";
import { openByteSource } from "./byte-source.ts";
import type { ByteSource } from "./byte-source.ts";
import type { EntryCipher } from "./entry-cipher.ts";
import { listSegments } from "./log-directory.ts";
import type { SegmentFile } from "./log-directory.ts";
import type { AuditSeal } from "./log-keys.ts";
import { openSegmentCipher } from "./segment-cipher.ts";

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
  readonly #known = new Map<string, KnownSegment>();

  constructor(directory: string, seal: Pick<AuditSeal, "unwrap">) {
    this.#directory = directory;
    this.#seal = seal;
  }

  /** The entries from a position on and before another; those that are there. */
  async *entries(from: number, to: number): AsyncGenerator<AuditEntry> {
    for await (const lines of this.batches(from, to)) {
      for (const { position, line } of lines) {
        yield { position, event: JSON.parse(line) as AuditEvent }; // authentic, so it is what was written
      }
    }
  }

  /**
   * The same as they were written, in the batches that they were written in, without those that were written before a time.
   * Raises `corrupt` where one is not authentic.
   */
  async *batches(from: number, to: number, sinceMs = 0): AsyncGenerator<readonly AuditLine[]> {
    const segments = await listSegments(this.#directory);
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]?.first ?? Infinity;
      if (next <= from || segment.first >= to) continue;
      yield* this.#segment(segment, { from, to, sinceMs });
    }
  }

  async *#segment(segment: SegmentFile, { from, to, sinceMs }: Wanted): AsyncGenerator<readonly AuditLine[]> {
    await using source = await openUnlessGone(segment.path);
    if (source === undefined) return;
    const { cipher, places } = await this.#open(segment, source);
    const walk = new BlockWalk(source, placeBefore(places, from));
    for (;;) {
      let { offset } = walk;
      const blocks = await walk.next();
      if (blocks === undefined) return;
      for (const block of blocks) {
        note(places, { position: block.position, offset });
        offset += block.bytes.length;
        if (block.position >= to) return;
        if (block.type !== blockTypes.entries || block.position + block.count <= from) continue;
        if (block.timeMs < sinceMs) continue;
        yield linesOf(block, cipher).filter(({ position }) => position >= from && position < to);
      }
    }
  }

  async #open(segment: SegmentFile, source: ByteSource): Promise<KnownSegment> {
    const known = this.#known.get(segment.name);
    if (known !== undefined) return known;
    const { header, blocksFrom } = await readSegmentHeader(source);
    const { cipher } = await openSegmentCipher(source, { header, blocksFrom }, this.#seal);
    const opened = { cipher, places: [{ position: header.first, offset: blocksFrom }] };
    this.#known.set(segment.name, opened);
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownSegmentsMax && oldest !== undefined) this.#known.delete(oldest);
    return opened;
  }
}

function linesOf(block: Block, cipher: EntryCipher): AuditLine[] {
  const text = cipher.open(payloadOf(block), block.bytes.subarray(0, headerBytes)).toString("utf8");
  const lines = text.split("\n");
  if (lines.length !== block.count) {
    throw new StrongroomError("corrupt", "a block of the audit log must hold as many entries as it says");
  }
  return lines.map((line, index) => ({ position: block.position + index, line }));
}

function placeBefore(places: readonly Place[], position: number): number {
  const place = places.findLast((candidate) => candidate.position <= position) ?? places[0];
  return place?.offset ?? 0;
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
