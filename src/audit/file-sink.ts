/**
 * The audit log as a file of JSON lines: one event per line, appended, on the disk
 * before `write` resolves.
 *
 * Concurrent writers share a sync: while one batch is being synced, the events
 * that arrive form the next. A batch takes half of the events that are on their way
 * (those that wait, and as many as were in the batch before, whose writers are at
 * work again), so that clients who all wait for one sync do not stay in step: while the
 * disk writes for one half of them, the processor works for the other.
 *
 * What a reader may rely on: every event whose write resolved is one complete
 * line. After a crash the last line may be torn; opening terminates it, so that
 * what is written next is a line of its own, and a reader skips the line that is
 * not JSON (its request was never answered).
 *
 * At `rotateBytes` the file is renamed to `<path>.1`, `<path>.2`, ... in the order
 * of time and a new one begun. Nothing is ever deleted: for how long evidence is
 * kept is the operator's decision.
 */
import { readdir, rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setImmediate as endOfTurn } from "node:timers/promises";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { openAppendFile, syncFolder } from "./append-file.ts";
import type { AppendFile } from "./append-file.ts";
import type { AuditEvent, AuditSink } from "./audit-event.ts";

export interface AuditFileOptions {
  readonly path: string;
  /** Size above which the file is rotated. Default 256 MiB. */
  readonly rotateBytes?: number;
  /** How the file is opened; for tests. */
  readonly open?: (path: string) => Promise<AppendFile>;
}

const rotateBytesDefault = 256 * 1024 * 1024;
/** So many events always share a sync. */
const batchEventsMin = 8;

/**
 * Opens the log, creating it with mode 0600 if need be. Rejects with what the file
 * system says when that is not possible: a server that cannot record does not start.
 *
 * The sink's `write` rejects with `unavailable` while events cannot be made durable
 * (disk full, device gone); each write tries anew, so that it works again as soon
 * as the disk does. Events of a failed batch are taken out of the file again.
 */
export async function openAuditFile(options: AuditFileOptions): Promise<AuditSink> {
  const sink = new AuditFile(options);
  await sink.open();
  return sink;
}

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: StrongroomError) => void;
}

class AuditFile implements AuditSink {
  readonly #path: string;
  readonly #rotateBytes: number;
  readonly #openFile: (path: string) => Promise<AppendFile>;
  /** Undefined after a failure: opened anew with the next batch. */
  #file: AppendFile | undefined;
  /** Length up to which every event has been acknowledged; undefined before the first opening. */
  #durableSize: number | undefined;
  #waiting: Waiting[] = [];
  /** How many events the batch before had. */
  #previousEvents = 0;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: AuditFileOptions) {
    this.#path = options.path;
    this.#rotateBytes = options.rotateBytes ?? rotateBytesDefault;
    this.#openFile = options.open ?? openAppendFile;
  }

  async open(): Promise<void> {
    this.#file = await this.#reopen();
  }

  write(event: AuditEvent): Promise<void> {
    if (this.#closed) return Promise.reject(new StrongroomError("unavailable", "the audit log is closed"));
    const line = `${JSON.stringify(event)}\n`;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#writing ??= this.#writeBatches();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #writeBatches(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A sync costs more of the processor than an event: what this turn of the event loop still brings shares it.
      await endOfTurn();
      const share = Math.max(batchEventsMin, Math.ceil((this.#waiting.length + this.#previousEvents) / 2));
      const batch = this.#waiting.splice(0, share);
      this.#previousEvents = batch.length;
      await this.#writeBatch(batch);
    }
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      let lines = "";
      for (const { line } of batch) lines += line;
      await this.#append(Buffer.from(lines));
    } catch (cause) {
      const message = "the request cannot be recorded: the audit log must be writable, with space on its disk";
      const error = new StrongroomError("unavailable", message, { cause });
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { resolve } of batch) resolve();
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#file ??= await this.#reopen();
    if ((this.#durableSize ?? 0) >= this.#rotateBytes) await this.#rotate();
    try {
      await this.#file.append(bytes);
      this.#durableSize = (this.#durableSize ?? 0) + bytes.length;
    } catch (error) {
      // Not used again as it is: after a failed sync the system may call lost pages written.
      const file = this.#file;
      this.#file = undefined;
      // What cannot be taken out now is taken out when the file is opened again.
      const size = this.#durableSize;
      await Promise.allSettled([size === undefined ? undefined : file.truncate(size), file.close()]);
      throw error;
    }
  }

  /** Opens the file with nothing in it but acknowledged events and, once, a terminated torn line. */
  async #reopen(): Promise<AppendFile> {
    const file = await this.#openFile(this.#path);
    try {
      if (this.#durableSize !== undefined && file.openedSize > this.#durableSize) {
        await file.truncate(this.#durableSize);
        return file;
      }
      let size = file.openedSize;
      if (file.tornTail) {
        await file.append(Buffer.from("\n"));
        size += 1;
      }
      // A shorter file than ours has been moved or cut by somebody else: what is there now counts.
      this.#durableSize = size;
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    await rename(this.#path, `${this.#path}.${await this.#nextNumber()}`);
    await syncFolder(dirname(this.#path));
    this.#durableSize = undefined;
    this.#file = await this.#reopen();
  }

  /** One more than the highest number in use. */
  async #nextNumber(): Promise<number> {
    const prefix = `${basename(this.#path)}.`;
    const names = await readdir(dirname(this.#path));
    const numbers = names
      .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length)));
    return Math.max(0, ...numbers) + 1;
  }
}
