/** Writes a segment: circumstances first, then the lists in the order of their hashes. */
import type { KeyObject } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { pieceHeaderBytesMax, rowBytesMax, sliceBatch, writeNumber, writePiece } from "./rows.ts";
import type { RowBatch } from "./rows.ts";
import { SealedFileWriter } from "./sealed-file.ts";
import { blockBytes, termHashBytes } from "./segment.ts";
import type { SegmentDirectory } from "./segment.ts";

/** So many rows go into one piece at most: a whole piece fits into a block. */
export const pieceRowsMax = Math.floor((blockBytes - termHashBytes - 8 - pieceHeaderBytesMax) / rowBytesMax);

export class SegmentWriter {
  readonly #path: string;
  readonly #file: SealedFileWriter;
  readonly #block = Buffer.alloc(2 * blockBytes + rowBytesMax);
  #filled = 0;
  #circumstanceCount = 0;
  readonly #circumstances = { firsts: [] as number[], offsets: [] as number[], lengths: [] as number[] };
  #texts: Buffer[] = [];
  #textBytes = 0;
  readonly #hashes: Buffer[] = [];
  readonly #lists = {
    offsets: [] as number[],
    lengths: [] as number[],
    positionsMin: [] as number[],
    positionsMax: [] as number[],
    timesMin: [] as number[],
    timesMax: [] as number[],
  };
  #range = emptyRange();

  /** Begins the file, under a name of its own until it is finished. */
  static async create(path: string, key: KeyObject): Promise<SegmentWriter> {
    return new SegmentWriter(path, await SealedFileWriter.create(unfinished(path), key));
  }

  private constructor(path: string, file: SealedFileWriter) {
    this.#path = path;
    this.#file = file;
  }

  /** Adds a circumstance, before the first list; returns its number. */
  async addCircumstance(text: string): Promise<number> {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(8);
    const entry = Buffer.concat([length.subarray(0, writeNumber(length, 0, bytes.length)), bytes]);
    if (this.#texts.length === 0) this.#circumstances.firsts.push(this.#circumstanceCount);
    this.#texts.push(entry);
    this.#textBytes += entry.length;
    if (this.#textBytes >= blockBytes) await this.#closeTexts();
    return this.#circumstanceCount++;
  }

  /** Adds rows to the list of a term. Terms must come in the order of their hashes, rows in that of the log. */
  async addRows(hash: Buffer, rows: RowBatch): Promise<void> {
    await this.#closeTexts();
    for (let start = 0; start < rows.count; start += pieceRowsMax) {
      await this.#addPiece(hash, sliceBatch(rows, start, Math.min(rows.count, start + pieceRowsMax)));
    }
  }

  /** Gives it its name, by which it counts. */
  async finish(facts: Pick<SegmentDirectory, "from" | "to" | "fingerprint">): Promise<void> {
    await this.#closeTexts();
    await this.#closeBlock();
    const directory: SegmentDirectory = {
      ...facts,
      circumstances: this.#circumstances,
      circumstanceCount: this.#circumstanceCount,
      lists: { hashes: Buffer.concat(this.#hashes).toString("base64"), ...this.#lists },
    };
    await this.#file.finish(Buffer.from(JSON.stringify(directory)));
    await rename(unfinished(this.#path), this.#path);
  }

  /** Gives it up. */
  async discard(): Promise<void> {
    await this.#file.close();
    await rm(unfinished(this.#path), { force: true });
  }

  async #addPiece(hash: Buffer, rows: RowBatch): Promise<void> {
    if (this.#filled === 0) this.#hashes.push(Buffer.from(hash));
    const lengthAt = this.#filled + termHashBytes;
    hash.copy(this.#block, this.#filled);
    // Rows are written behind the widest length and moved down to where it ends.
    const rowsAt = lengthAt + 8;
    const rowsEnd = writePiece(this.#block, rowsAt, rows);
    const moved = writeNumber(this.#block, lengthAt, rowsEnd - rowsAt);
    this.#block.copyWithin(moved, rowsAt, rowsEnd);
    this.#filled = moved + rowsEnd - rowsAt;
    widen(this.#range, rows);
    if (this.#filled >= blockBytes) await this.#closeBlock();
  }

  async #closeBlock(): Promise<void> {
    if (this.#filled === 0) return;
    const { offset, length } = await this.#file.append(this.#block.subarray(0, this.#filled));
    this.#lists.offsets.push(offset);
    this.#lists.lengths.push(length);
    this.#lists.positionsMin.push(this.#range.positionMin);
    this.#lists.positionsMax.push(this.#range.positionMax);
    this.#lists.timesMin.push(this.#range.timeMin);
    this.#lists.timesMax.push(this.#range.timeMax);
    this.#range = emptyRange();
    this.#filled = 0;
  }

  async #closeTexts(): Promise<void> {
    if (this.#texts.length === 0) return;
    const { offset, length } = await this.#file.append(Buffer.concat(this.#texts));
    this.#circumstances.offsets.push(offset);
    this.#circumstances.lengths.push(length);
    this.#texts = [];
    this.#textBytes = 0;
  }
}

/** The name of a file that is not finished: whoever finds it, after a crash, removes it. */
export function unfinished(path: string): string {
  return `${path}.new`;
}

function emptyRange() {
  return { positionMin: Infinity, positionMax: 0, timeMin: Infinity, timeMax: -Infinity };
}

function widen(range: ReturnType<typeof emptyRange>, { count, positions, timesMs }: RowBatch): void {
  range.positionMin = Math.min(range.positionMin, positions[0] ?? Infinity);
  range.positionMax = Math.max(range.positionMax, positions[count - 1] ?? 0);
  for (let row = 0; row < count; row++) {
    const timeMs = timesMs[row] ?? 0;
    if (timeMs < range.timeMin) range.timeMin = timeMs;
    if (timeMs > range.timeMax) range.timeMax = timeMs;
  }
}
