/** The files of a log: segments named by the position of their first entry, and what else lies beside them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const segmentPattern = /^(\d{16})\.segment$/;
const formerPattern = /^audit\.log(?:\.\d+)?$/;

export interface SegmentFile {
  readonly first: number;
  readonly name: string;
  readonly path: string;
}

export function segmentFile(directory: string, first: number): SegmentFile {
  const name = `${String(first).padStart(16, "0")}.segment`;
  return { first, name, path: join(directory, name) };
}

/** Far beyond what a log comes to, and far below what a block has room for. */
const positionMax = 2 ** 47;

/**
 * The segments of a log, in the order of their positions. What has the name of one and is no file - a pipe, which would be waited for - or has a
 * number that no log comes to is none, so that it keeps nobody from the others.
 */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  const found = await readdir(directory, { withFileTypes: true });
  const names = found.filter((each) => each.isFile() || each.isSymbolicLink()).map(({ name }) => name);
  const numbers = names.flatMap((name) => segmentPattern.exec(name)?.[1] ?? []).map(Number);
  const firsts = numbers.filter((first) => first < positionMax);
  return firsts.sort((a, b) => a - b).map((first) => segmentFile(directory, first));
}

/** A file of JSON lines, which is how the log was kept before it had segments. */
export interface FormerLog {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** They stay where they are; what is in them is put on record by its digest. */
export async function formerLogs(directory: string): Promise<FormerLog[]> {
  const names = (await readdir(directory)).filter((name) => formerPattern.test(name)).sort();
  return Promise.all(names.map((name) => digestOf(join(directory, name), name)));
}

async function digestOf(path: string, name: string): Promise<FormerLog> {
  const digest = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    digest.update(chunk);
    sizeBytes += chunk.length;
  }
  return { name, sizeBytes, sha256: digest.digest("hex") };
}
