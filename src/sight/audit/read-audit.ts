/** Audit logs from files and folders, packed or not, in bounded memory. */
import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AuditLog } from "./audit-log.ts";
import type { AuditCollector } from "./audit-log.ts";
import type { AuditCounts, AuditCoverage } from "./audit-coverage.ts";
import { LogValues } from "./log-values.ts";
import type { ValueSink } from "./log-values.ts";

/** Of one file, after unpacking: a packed file may say that it is without end. */
export const logBytesMax = 256 * 2 ** 30;

export interface AuditInput {
  /** As the person named it. */
  readonly shown: string;
  readonly path: string;
}

/**
 * Reads all files, and all below folders, in the order of their names. Raises the error of the operating system when one that
 * was named cannot be opened; what fails later is a problem of the coverage.
 */
export async function readAudit(
  inputs: readonly AuditInput[],
  collectors: readonly AuditCollector[],
  since?: number,
): Promise<AuditCoverage> {
  const log = new AuditLog(collectors, since);
  for (const { shown, path } of inputs) await readPath(log, path, shown);
  log.finish();
  return log.coverage;
}

/** Reads one stream, for standard input. */
export async function readAuditStream(
  stream: Readable,
  collectors: readonly AuditCollector[],
  since?: number,
): Promise<AuditCoverage> {
  const log = new AuditLog(collectors, since);
  await readChunks(log, stream, "-");
  log.finish();
  return log.coverage;
}

/** What takes the values of logs. */
export interface LogSink extends ValueSink {
  readonly counts: AuditCounts;
  /** Resolves when it can take more; asked now and then. */
  ready?(): Promise<void>;
}

/** The same of {@link readAudit} and {@link readAuditStream} for whoever takes values as they are; `-` is standard input. */
export async function readLogsInto(sink: LogSink, inputs: readonly AuditInput[]): Promise<void> {
  for (const { shown, path } of inputs) {
    if (shown === "-") await readChunks(sink, process.stdin, shown);
    else await readPath(sink, path, shown);
  }
}

async function readPath(log: LogSink, path: string, shown: string): Promise<void> {
  const stats = await stat(path);
  if (!stats.isDirectory()) return await readLog(log, path, shown);
  for (const entry of (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = [join(path, entry.name), join(shown, entry.name)] as const;
    if (entry.isDirectory() || entry.isFile()) await readPath(log, ...inside);
    else addProblem(log, inside[1], "links and special files are not followed");
  }
}

async function readLog(log: LogSink, path: string, shown: string): Promise<void> {
  const start = await startOf(path);
  if (start.equals(Buffer.from(sealedLog))) return addProblem(log, shown, sealedProblem);
  // Space that is set aside beside such a log, and no part of it.
  if (basename(path) === "reserve" && start.every((byte) => byte === 0)) return;
  const file = createReadStream(path);
  const isPacked = start[0] === 0x1f && start[1] === 0x8b;
  if (!isPacked) return await readChunks(log, file, shown);
  const unpacked = createGunzip();
  file.on("error", (error) => unpacked.destroy(error));
  file.pipe(unpacked);
  try {
    await readChunks(log, unpacked, shown);
  } finally {
    file.destroy();
  }
}

/** What a segment of our own log begins with. */
const sealedLog = "strongroom audit log ";
const sealedProblem = "it is encrypted: strongroom audit export prints it, for --audit -";

/** As many bytes as it takes to tell logs apart; fewer of a shorter file. */
async function startOf(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sealedLog.length), 0, sealedLog.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What was read before a failure counts. */
async function readChunks(log: LogSink, stream: Readable, shown: string): Promise<void> {
  log.counts.files++;
  const values = new LogValues(log);
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      log.counts.bytes += chunk.length;
      if (bytes > logBytesMax) {
        addProblem(log, shown, `the log must have at most ${logBytesMax} bytes; the rest is not read`);
        break;
      }
      values.push(chunk);
      await log.ready?.();
    }
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    addProblem(log, shown, `it could not be read to its end: ${error.message}`);
  }
  values.end();
}

function addProblem(log: LogSink, file: string, message: string): void {
  log.counts.problems = [...log.counts.problems, { file, message }];
}
