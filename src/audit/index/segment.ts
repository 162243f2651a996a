/**
 * A part of the index that is finished: the rows of all lists, and the circumstances, of a range of the log.
 *
 * In the file are first blocks of circumstances, then blocks of pieces of lists in the order of the keyed hashes of their terms,
 * then the directory, which is in memory while the segment is open: some 50 bytes for each block of 16 KiB.
 */
import { createHmac } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { NumberReader, damaged, readPiece } from "./rows.ts";
import type { RowBatch } from "./rows.ts";
import { readCircumstance } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";
import { SealedFileReader } from "./sealed-file.ts";
import type { BlockPlace } from "./sealed-file.ts";

export const termHashBytes = 12;
/** Plain bytes of a block, at which it is closed. */
export const blockBytes = 16 * 1024;
/** So many blocks of one list are read at once. */
const runBlocks = 8;
const cachedBlocksMax = 32;

/** The keyed hash by which a term is found: who has the files cannot try names. */
export function termHash(key: KeyObject, term: string): Buffer {
  return createHmac("sha256", key)
    .update("strongroom.dev/audit-index/term/v1\0")
    .update(term)
    .digest()
    .subarray(0, termHashBytes);
}

/** The directory, as JSON in the last block. Columns, one value for each block. */
export interface SegmentDirectory {
  readonly from: number;
  readonly to: number;
  /** Of the last entry, by which it is seen that the log is still the one that was indexed. */
  readonly fingerprint: string;
  readonly circumstances: {
    readonly firsts: readonly number[];
    readonly offsets: readonly number[];
    readonly lengths: readonly number[];
  };
  /** How many circumstances there are. */
  readonly circumstanceCount: number;
  readonly lists: {
    /** Of the first term of each block, one after the other, in base64. */
    readonly hashes: string;
    readonly offsets: readonly number[];
    readonly lengths: readonly number[];
    /** Of the rows in it. */
    readonly positionsMin: readonly number[];
    readonly positionsMax: readonly number[];
    readonly timesMin: readonly number[];
    readonly timesMax: readonly number[];
  };
}

/** Which rows are wanted: others of their blocks may come along. */
export interface Window {
  readonly positionMin: number;
  readonly positionMax: number;
  readonly timeMsMin: number;
  readonly timeMsMax: number;
}

export const everything: Window = {
  positionMin: 0,
  positionMax: Infinity,
  timeMsMin: -Infinity,
  timeMsMax: Infinity,
};

export class Segment {
  readonly path: string;
  readonly directory: SegmentDirectory;
  readonly sizeBytes: number;
  readonly #file: SealedFileReader;
  readonly #hashes: Buffer;
  readonly #cache = new Map<number, readonly string[]>();
  #users = 1;

  /** Raises `corrupt`, and what the file system says. */
  static async open(path: string, key: KeyObject): Promise<Segment> {
    const { file, last } = await SealedFileReader.open(path, key);
    try {
      return new Segment(path, file, JSON.parse(last.toString()) as SegmentDirectory); // authentic: as segment-writer.ts wrote it
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private constructor(path: string, file: SealedFileReader, directory: SegmentDirectory) {
    this.path = path;
    this.#file = file;
    this.directory = directory;
    this.#hashes = Buffer.from(directory.lists.hashes, "base64");
    const { offsets, lengths } = directory.lists;
    this.sizeBytes = (offsets.at(-1) ?? 0) + (lengths.at(-1) ?? 0);
  }

  get from(): number {
    return this.directory.from;
  }

  get to(): number {
    return this.directory.to;
  }

  /** The rows of a term by blocks; whole blocks outside of the window are left out. Raises `corrupt`. */
  async *list(hash: Buffer, window: Window): AsyncGenerator<RowBatch> {
    const { positionsMin, positionsMax, timesMin, timesMax } = this.directory.lists;
    const wanted = this.#blocksOf(hash).filter(
      (block) =>
        (positionsMax[block] ?? 0) >= window.positionMin &&
        (positionsMin[block] ?? 0) <= window.positionMax &&
        (timesMax[block] ?? 0) >= window.timeMsMin &&
        (timesMin[block] ?? 0) <= window.timeMsMax,
    );
    for (const run of runsOf(wanted)) {
      for (const plain of await this.#file.readRun(run.map((block) => this.#listPlace(block)))) {
        for (const piece of piecesOf(plain)) if (piece.hash.equals(hash)) yield readPiece(piece.rows);
      }
    }
  }

  /** All pieces of all lists in the order of their hashes, for merging. */
  async *pieces(): AsyncGenerator<{ readonly hash: Buffer; readonly rows: RowBatch }> {
    for (let block = 0; block < this.directory.lists.offsets.length; block++) {
      const plain = await this.#file.read(this.#listPlace(block));
      for (const { hash, rows } of piecesOf(plain)) yield { hash, rows: readPiece(rows) };
    }
  }

  /** The texts of all circumstances in the order of their numbers, by blocks. */
  async *circumstanceTexts(): AsyncGenerator<readonly string[]> {
    for (let block = 0; block < this.directory.circumstances.offsets.length; block++) {
      yield textsOf(await this.#file.read(this.#circumstancePlace(block)));
    }
  }

  async circumstance(number: number): Promise<Circumstance> {
    const { firsts } = this.directory.circumstances;
    const block = lastNotAbove(firsts, number);
    const texts = this.#cache.get(block) ?? (await this.#readTexts(block));
    const text = texts[number - (firsts[block] ?? 0)];
    if (text === undefined) throw damaged();
    return readCircumstance(text);
  }

  /** The texts of many circumstances, whose numbers must ascend: blocks that follow each other are read at once. */
  async textsOf(numbers: readonly number[]): Promise<readonly string[]> {
    const { firsts } = this.directory.circumstances;
    const wanted = new Map<number, number[]>();
    for (const number of numbers) {
      const block = lastNotAbove(firsts, number);
      const place = number - (firsts[block] ?? 0);
      const known = wanted.get(block);
      if (known === undefined) wanted.set(block, [place]);
      else known.push(place);
    }
    const texts: string[] = [];
    for (const run of runsOf([...wanted.keys()])) {
      const plains = await this.#file.readRun(run.map((block) => this.#circumstancePlace(block)));
      for (const [index, plain] of plains.entries()) texts.push(...textsAt(plain, wanted.get(run[index] ?? 0) ?? []));
    }
    return texts;
  }

  /** Keeps the file open for whoever reads it; each takes back what it took. */
  use(): void {
    this.#users++;
  }

  async release(): Promise<void> {
    if (--this.#users === 0) await this.#file.close();
  }

  async #readTexts(block: number): Promise<readonly string[]> {
    const texts = textsOf(await this.#file.read(this.#circumstancePlace(block)));
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size < cachedBlocksMax) break;
      this.#cache.delete(oldest);
    }
    this.#cache.set(block, texts);
    return texts;
  }

  /** The blocks that may have rows of a term, which follow each other. */
  #blocksOf(hash: Buffer): number[] {
    let [low, high] = [0, this.directory.lists.offsets.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compareFirst(middle, hash) < 0) low = middle + 1;
      else high = middle;
    }
    const blocks: number[] = [];
    // The list may begin within the block before the first that begins with it.
    let block = Math.max(0, low - 1);
    for (; block < this.directory.lists.offsets.length && this.#compareFirst(block, hash) <= 0; block++)
      blocks.push(block);
    return blocks;
  }

  #compareFirst(block: number, hash: Buffer): number {
    const start = block * termHashBytes;
    return this.#hashes.compare(hash, 0, termHashBytes, start, start + termHashBytes);
  }

  // Blocks are numbered through the file: those of circumstances come first.
  #listPlace(block: number): BlockPlace {
    const { lists, circumstances } = this.directory;
    return placeOf(lists, block, circumstances.offsets.length + block);
  }

  #circumstancePlace(block: number): BlockPlace {
    return placeOf(this.directory.circumstances, block, block);
  }
}

function placeOf(
  { offsets, lengths }: { readonly offsets: readonly number[]; readonly lengths: readonly number[] },
  block: number,
  number: number,
): BlockPlace {
  const [offset, length] = [offsets[block], lengths[block]];
  if (offset === undefined || length === undefined) throw damaged();
  return { number, offset, length };
}

/** Numbers that follow each other, in groups of at most {@link runBlocks}. */
function runsOf(blocks: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const block of blocks) {
    const run = runs.at(-1);
    if (run !== undefined && run.length < runBlocks && run.at(-1) === block - 1) run.push(block);
    else runs.push([block]);
  }
  return runs;
}

/** A block of lists: for each piece its hash, the length of its rows, the rows. */
function* piecesOf(plain: Buffer): Generator<{ readonly hash: Buffer; readonly rows: Buffer }> {
  for (let offset = 0; offset < plain.length;) {
    const hash = plain.subarray(offset, offset + termHashBytes);
    const reader = new NumberReader(plain, offset + termHashBytes);
    const end = reader.next() + reader.offset;
    if (end > plain.length) throw damaged();
    yield { hash, rows: plain.subarray(reader.offset, end) };
    offset = end;
  }
}

/** A block of circumstances: for each the length of its text in bytes, and the text. */
function textsOf(plain: Buffer): string[] {
  const texts: string[] = [];
  const reader = new NumberReader(plain);
  while (reader.offset < plain.length) {
    const length = reader.next();
    texts.push(plain.toString("utf8", reader.offset, reader.offset + length));
    reader.offset += length;
  }
  return texts;
}

/** Some of them, by their places in the block, which must ascend. */
function textsAt(plain: Buffer, places: readonly number[]): string[] {
  const reader = new NumberReader(plain);
  let place = 0;
  return places.map((wanted) => {
    for (; place < wanted; place++) skipText(reader);
    place++;
    const end = reader.next() + reader.offset;
    const text = plain.toString("utf8", reader.offset, end);
    reader.offset = end;
    return text;
  });
}

function skipText(reader: NumberReader): void {
  const length = reader.next();
  reader.offset += length;
}

/** The place of the last of ascending numbers that is not above a number; 0 when all are. */
function lastNotAbove(numbers: readonly number[], number: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) <= number) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
