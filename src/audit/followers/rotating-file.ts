/**
 * Upstream's audit log file: lines appended to a file, which is renamed with the time when it is full; old ones are packed and
 * removed as upstream removes them. The files hold names, so they are for their owner only.
 *
 * Source: apiserver pkg/server/options/audit.go; names of old files as lumberjack gives them.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Destination, OutgoingRecord } from "./destination.ts";

export interface RotatingFileOptions {
  readonly path: string;
  /** 0: never renamed. */
  readonly sizeBytesMax: number;
  /** 0: all are kept. */
  readonly backupsMax: number;
  /** 0: however old. */
  readonly ageMsMax: number;
  readonly compress: boolean;
  readonly now: () => Date;
}

export class RotatingFile implements Destination {
  readonly #options: RotatingFileOptions;
  #open: OpenFile | undefined;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  async deliver(records: readonly OutgoingRecord[]): Promise<void> {
    const lines = records.map(({ text }) => `${text}\n`);
    for (let from = 0; from < lines.length;) {
      const file = await this.#fileFor(Buffer.byteLength(lines[from] ?? ""));
      const room = this.#options.sizeBytesMax === 0 ? Infinity : this.#options.sizeBytesMax - file.sizeBytes;
      const { text, to } = fitting(lines, from, room);
      await this.#append(file, text);
      from = to;
    }
  }

  async flush(): Promise<void> {
    await this.#open?.handle.datasync();
  }

  async close(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    await file?.handle.close();
  }

  /** The open file, if it is still where it was and has room; else one that is opened now. */
  async #fileFor(bytes: number): Promise<OpenFile> {
    const { path, sizeBytesMax } = this.#options;
    if (this.#open !== undefined && !(await isInPlace(path, this.#open))) await this.close();
    const file = (this.#open ??= await openFile(path));
    if (sizeBytesMax === 0 || file.sizeBytes === 0 || file.sizeBytes + bytes <= sizeBytesMax) return file;
    await this.#rotate();
    return (this.#open = await openFile(path));
  }

  /** What could not be written whole is taken out again: it comes once more. */
  async #append(file: OpenFile, text: string): Promise<void> {
    const bytes = Buffer.from(text, "utf8");
    try {
      await file.handle.appendFile(bytes);
      file.sizeBytes += bytes.length;
    } catch (error) {
      await file.handle.truncate(file.sizeBytes).catch(() => {}); // if that fails too, opening ends the line
      await this.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { path, compress, now } = this.#options;
    await this.flush();
    await this.close();
    const old = await unusedName(path, now());
    await rename(path, old);
    if (compress) await pack(old);
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    const { path, backupsMax, ageMsMax, now } = this.#options;
    const newestFirst = (await backupsOf(path)).sort((a, b) => b.timeMs - a.timeMs);
    const oldestMs = ageMsMax === 0 ? -Infinity : now().getTime() - ageMsMax;
    for (const [index, backup] of newestFirst.entries()) {
      if ((backupsMax > 0 && index >= backupsMax) || backup.timeMs < oldestMs) await unlink(backup.path);
    }
  }
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  sizeBytes: number;
}

async function openFile(path: string): Promise<OpenFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, "a+", 0o600);
  try {
    const { size, ino } = await handle.stat();
    const file = { handle, inode: ino, sizeBytes: size };
    if (size > 0 && (await lastByte(handle, size)) !== newline) {
      // What a crash tore: the reader skips the line, and what was in it comes again.
      await handle.appendFile("\n");
      file.sizeBytes += 1;
    }
    return file;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const newline = 0x0a;

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}

/** Whether nobody moved it away, as other programs that rotate do. */
async function isInPlace(path: string, file: OpenFile): Promise<boolean> {
  try {
    const { ino, size } = await stat(path);
    if (ino !== file.inode) return false;
    // Cut by copytruncate: what follows belongs at the new end.
    file.sizeBytes = size;
    return true;
  } catch {
    return false;
  }
}

/** As many lines as there is room for, and at least one. */
function fitting(lines: readonly string[], from: number, room: number): { text: string; to: number } {
  let bytes = 0;
  let to = from;
  do {
    bytes += Buffer.byteLength(lines[to] ?? "");
    to += 1;
  } while (to < lines.length && bytes + Buffer.byteLength(lines[to] ?? "") <= room);
  return { text: lines.slice(from, to).join(""), to };
}

/** `audit-2026-01-02T03-04-05.006.log`; a second one of the same millisecond takes the next. */
async function unusedName(path: string, time: Date): Promise<string> {
  for (let timeMs = time.getTime(); ; timeMs++) {
    const name = backupName(path, new Date(timeMs));
    if (!(await exists(name)) && !(await exists(`${name}.gz`))) return name;
  }
}

function backupName(path: string, time: Date): string {
  const extension = extname(path);
  const stamp = time.toISOString().slice(0, -1).replaceAll(":", "-");
  return join(dirname(path), `${basename(path, extension)}-${stamp}${extension}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function backupsOf(path: string): Promise<{ readonly path: string; readonly timeMs: number }[]> {
  const extension = extname(path);
  const [before, after] = [`${basename(path, extension)}-`, extension];
  return (await readdir(dirname(path))).flatMap((name) => {
    const plain = name.endsWith(".gz") ? name.slice(0, -3) : name;
    if (!plain.startsWith(before) || !plain.endsWith(after)) return [];
    const match = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(
      plain.slice(before.length, plain.length - after.length),
    );
    if (match === null) return [];
    const [, day = "", hours = "", minutes = "", seconds = ""] = match;
    return [{ path: join(dirname(path), name), timeMs: Date.parse(`${day}${hours}:${minutes}:${seconds}Z`) }];
  });
}

/** The packed file is there whole before the other goes. */
async function pack(path: string): Promise<void> {
  const packing = `${path}.gz.part`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(packing, { mode: 0o600 }));
  await rename(packing, `${path}.gz`);
  await unlink(path);
}
