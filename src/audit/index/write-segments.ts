/** Makes a segment of a buffer, and one of several. */
import type { KeyObject } from "node:crypto";
import type { IndexBuffer } from "./index-buffer.ts";
import { joinBatches } from "./rows.ts";
import type { RowBatch } from "./rows.ts";
import { termHash } from "./segment.ts";
import type { Segment } from "./segment.ts";
import { SegmentWriter, pieceRowsMax } from "./segment-writer.ts";
import type { WorkShare } from "./work-share.ts";

/** So many texts of circumstances are remembered while segments are merged; others may come twice into the new one. */
const rememberedTextsMax = 50_000;

export interface SegmentTarget {
  readonly path: string;
  readonly key: KeyObject;
  readonly share: WorkShare;
}

/** Writes what is in a buffer that nothing is added to any more. `fingerprint` is that of its last entry. */
export async function writeBuffer(
  buffer: IndexBuffer,
  fingerprint: string,
  { path, key, share }: SegmentTarget,
): Promise<void> {
  await writing(path, key, async (writer) => {
    for (const text of buffer.texts) {
      await share.step();
      await writer.addCircumstance(text);
    }
    const hashed: { readonly hash: Buffer; readonly term: string }[] = [];
    for (const term of buffer.terms) {
      await share.step();
      hashed.push({ hash: termHash(key, term), term });
    }
    hashed.sort((a, b) => a.hash.compare(b.hash));
    for (const { hash, term } of hashed) {
      await share.step();
      await writer.addRows(hash, buffer.list(term));
    }
    await writer.finish({ from: buffer.from, to: buffer.to, fingerprint });
  });
}

/** Writes what is in segments that follow each other, in their order. */
export async function mergeSegments(segments: readonly Segment[], { path, key, share }: SegmentTarget): Promise<void> {
  const [first, last] = [segments[0], segments.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("there must be segments to merge");
  await writing(path, key, async (writer) => {
    const sources: Source[] = [];
    const known = new Map<string, number>();
    for (const segment of segments) {
      sources.push(new Source(segment, await mergeTexts(segment, { writer, known, share })));
    }
    for (const source of sources) await source.next();
    for (let hash = lowest(sources); hash !== undefined; hash = lowest(sources)) {
      await mergeList(hash, sources, { writer, share });
    }
    await writer.finish({ from: first.from, to: last.to, fingerprint: last.directory.fingerprint });
  });
}

/** Pieces of a list that are short alone are written together: most lists are. */
async function mergeList(
  hash: Buffer,
  sources: readonly Source[],
  { writer, share }: { writer: SegmentWriter; share: WorkShare },
): Promise<void> {
  let short: RowBatch[] = [];
  let rows = 0;
  for (const source of sources) {
    while (source.current?.hash.equals(hash) === true) {
      await share.step();
      short.push(source.renumbered(source.current.rows));
      rows += source.current.rows.count;
      await source.next();
      if (rows < pieceRowsMax) continue;
      await writer.addRows(hash, joinBatches(short));
      short = [];
      rows = 0;
    }
  }
  if (rows > 0) await writer.addRows(hash, joinBatches(short));
}

async function writing(path: string, key: KeyObject, work: (writer: SegmentWriter) => Promise<void>): Promise<void> {
  const writer = await SegmentWriter.create(path, key);
  try {
    await work(writer);
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** The new numbers of the circumstances of a segment. */
async function mergeTexts(
  segment: Segment,
  { writer, known, share }: { writer: SegmentWriter; known: Map<string, number>; share: WorkShare },
): Promise<Uint32Array> {
  const numbers = new Uint32Array(segment.directory.circumstanceCount);
  let place = 0;
  for await (const texts of segment.circumstanceTexts()) {
    for (const text of texts) {
      await share.step();
      let number = known.get(text);
      if (number === undefined) {
        number = await writer.addCircumstance(text);
        // What came first is forgotten first.
        for (const oldest of known.keys()) {
          if (known.size < rememberedTextsMax) break;
          known.delete(oldest);
        }
        known.set(text, number);
      }
      numbers[place++] = number;
    }
  }
  return numbers;
}

/** The pieces of a segment, one at a time. */
class Source {
  readonly #pieces: ReturnType<Segment["pieces"]>;
  readonly #numbers: Uint32Array;
  current: { readonly hash: Buffer; readonly rows: RowBatch } | undefined;

  constructor(segment: Segment, numbers: Uint32Array) {
    this.#pieces = segment.pieces();
    this.#numbers = numbers;
  }

  async next(): Promise<void> {
    const { value, done } = await this.#pieces.next();
    this.current = done === true ? undefined : value;
  }

  /** In place: rows are read for this alone. */
  renumbered(rows: RowBatch): RowBatch {
    const { circumstances, count } = rows;
    for (let row = 0; row < count; row++) circumstances[row] = this.#numbers[circumstances[row] ?? 0] ?? 0;
    return rows;
  }
}

function lowest(sources: readonly Source[]): Buffer | undefined {
  let found: Buffer | undefined;
  for (const { current } of sources) {
    if (current !== undefined && (found === undefined || current.hash.compare(found) < 0)) found = current.hash;
  }
  return found;
}
