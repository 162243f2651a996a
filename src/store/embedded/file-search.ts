/**
 * Searches the files of the store as bytes, whatever LMDB says of their pages. A record that was removed or written anew stays where
 * it was, in a page that is free or in the gap of one that is not, until something is put there.
 */
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";

/** What a search of files came to. */
export interface FileSearch {
  readonly fileBytes: number;
  /** How often each of the marks is there, in their order. */
  readonly counts: readonly number[];
}

/** Where files are read from at once; a multiple of every page that LMDB makes. */
const pieceBytes = 1024 * 1024;

/**
 * Counts marks in files: texts that all begin with `common`. A mark is not counted where a longer one stands that begins with it. What
 * lies across the border of two pieces is not missed. A file that is not there has nothing.
 */
export async function searchFiles(
  paths: readonly string[],
  common: Uint8Array,
  marks: readonly Buffer[],
): Promise<FileSearch> {
  const counts = marks.map(() => 0);
  let fileBytes = 0;
  for (const path of paths) {
    if (existsSync(path)) fileBytes += await searchFile(path, Buffer.from(common), marks, counts);
  }
  return { fileBytes, counts };
}

async function searchFile(path: string, common: Buffer, marks: readonly Buffer[], counts: number[]): Promise<number> {
  const overlap = Math.max(0, ...marks.map(({ length }) => length - 1));
  const piece = Buffer.alloc(pieceBytes + overlap);
  await using file = await open(path, "r");
  let [position, kept] = [0, 0];
  for (;;) {
    const { bytesRead } = await file.read(piece, kept, pieceBytes, position);
    const filled = piece.subarray(0, kept + bytesRead);
    const isLast = bytesRead === 0;
    // What begins in the last bytes may go on in the next piece, and is looked at with that.
    const end = isLast ? filled.length : Math.max(0, filled.length - overlap);
    countIn(filled, end, common, marks, counts);
    if (isLast) return position;
    position += bytesRead;
    filled.copyWithin(0, end);
    kept = filled.length - end;
  }
}

/** Those that begin before `end`. */
function countIn(bytes: Buffer, end: number, common: Buffer, marks: readonly Buffer[], counts: number[]): void {
  for (let at = bytes.indexOf(common); at >= 0 && at < end; at = bytes.indexOf(common, at + 1)) {
    let longest = -1;
    for (const [index, mark] of marks.entries()) {
      const isLonger = longest < 0 || mark.length > (marks[longest]?.length ?? 0);
      if (isLonger && bytes.subarray(at, at + mark.length).equals(mark)) longest = index;
    }
    if (longest >= 0) counts[longest] = (counts[longest] ?? 0) + 1;
  }
}
