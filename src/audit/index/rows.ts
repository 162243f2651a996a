/**
 * What the index keeps of one entry in one of its lists: a row of where it is in the log, when it happened and under which
 * circumstance (by its number in the dictionary of the same file).
 *
 * Rows of a list are in the order of the log. As bytes a piece of a list is, in unsigned LEB128:
 *
 *     count, position of the first row, its time, then of each row:
 *     position less that of the row before, time less that of the row before (zigzag), circumstance
 *
 * Typical rows take five to eight bytes.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** Rows side by side; each array has `count` of them, or more that do not count. */
export interface RowBatch {
  readonly count: number;
  readonly positions: Float64Array;
  readonly timesMs: Float64Array;
  readonly circumstances: Uint32Array;
}

/** The most that the numbers of one row take. */
export const rowBytesMax = 8 + 8 + 5;
/** The most that the numbers before the rows of a piece take. */
export const pieceHeaderBytesMax = 5 + 8 + 8;

/** Room for rows. */
export function emptyBatch(rows: number): RowBatch {
  return {
    count: rows,
    positions: new Float64Array(rows),
    timesMs: new Float64Array(rows),
    circumstances: new Uint32Array(rows),
  };
}

/** A batch of some of the rows of another; shares its memory. */
export function sliceBatch(batch: RowBatch, start: number, end: number): RowBatch {
  return {
    count: end - start,
    positions: batch.positions.subarray(start, end),
    timesMs: batch.timesMs.subarray(start, end),
    circumstances: batch.circumstances.subarray(start, end),
  };
}

/** One batch of the rows of several, in their order. */
export function joinBatches(batches: readonly RowBatch[]): RowBatch {
  const joined = emptyBatch(batches.reduce((sum, { count }) => sum + count, 0));
  let at = 0;
  for (const { count, positions, timesMs, circumstances } of batches) {
    joined.positions.set(positions.subarray(0, count), at);
    joined.timesMs.set(timesMs.subarray(0, count), at);
    joined.circumstances.set(circumstances.subarray(0, count), at);
    at += count;
  }
  return joined;
}

/** Writes a piece at an offset and returns the offset after it. The buffer must have room for the most they can take. */
export function writePiece(target: Buffer, start: number, batch: RowBatch): number {
  const { count, positions, timesMs, circumstances } = batch;
  let position = positions[0] ?? 0;
  let timeMs = timesMs[0] ?? 0;
  let offset = writeNumber(target, start, count);
  offset = writeNumber(target, offset, position);
  offset = writeNumber(target, offset, timeMs);
  for (let row = 0; row < count; row++) {
    const [nextPosition, nextTimeMs] = [positions[row] ?? 0, timesMs[row] ?? 0];
    const sinceMs = nextTimeMs - timeMs;
    offset = writeNumber(target, offset, nextPosition - position);
    offset = writeNumber(target, offset, sinceMs < 0 ? -2 * sinceMs - 1 : 2 * sinceMs);
    offset = writeNumber(target, offset, circumstances[row] ?? 0);
    position = nextPosition;
    timeMs = nextTimeMs;
  }
  return offset;
}

/** The rows of the piece that fills `bytes`. Raises `corrupt`. */
export function readPiece(bytes: Uint8Array): RowBatch {
  const reader = new NumberReader(bytes);
  const count = reader.next();
  let position = reader.next();
  let timeMs = reader.next();
  // A row takes three bytes at least.
  if (count * 3 > bytes.length) throw damaged();
  const batch = emptyBatch(count);
  for (let row = 0; row < count; row++) {
    position += reader.next();
    const zigzag = reader.next();
    timeMs += zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
    batch.positions[row] = position;
    batch.timesMs[row] = timeMs;
    batch.circumstances[row] = reader.next();
  }
  if (reader.offset !== bytes.length) throw damaged();
  return batch;
}

/** Writes a safe integer from 0 on as unsigned LEB128; returns the offset after it. */
export function writeNumber(target: Buffer, start: number, value: number): number {
  let offset = start;
  let rest = value;
  // Beyond 31 bits the operators on bits do not reach.
  while (rest >= 0x8000_0000) {
    target[offset++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    target[offset++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[offset++] = rest;
  return offset;
}

/** Reads numbers one after the other; raises `corrupt` beyond the end. */
export class NumberReader {
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  next(): number {
    const first = this.#bytes[this.offset++];
    if (first === undefined) throw damaged();
    if (first < 128) return first;
    let value = first & 127;
    for (let weight = 128; weight <= 2 ** 49; weight *= 128) {
      const byte = this.#bytes[this.offset++];
      if (byte === undefined) throw damaged();
      value += (byte & 127) * weight;
      if (byte < 128) return value;
    }
    throw damaged();
  }
}

/** What is not as this server writes it; whoever opened the file decides what to do. */
export function damaged(cause?: unknown): StrongroomError {
  return new StrongroomError("corrupt", "a file of the index of the audit log must be as it was written", { cause });
}
