/**
 * Backups that the server makes by itself, into a directory, of which so many are kept.
 *
 * When the next one is due is told by the names of those that are there, so that a server which is restarted often makes no more of them. A
 * backup that failed is tried again, and says so in the log, in a metric, and by the age of the last one. Old ones are removed only
 * after a new one is whole, and only those of the same instance, by their names.
 */
import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import { checkBackupLock } from "../backup/age-file.ts";
import type { BackupLock } from "../backup/age-file.ts";
import { createPrivateFile } from "../crypto/private-file.ts";
import { Redacted } from "../crypto/redacted.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock, Timer } from "../store/clock.ts";
import type { MakeBackup } from "./backup-access.ts";

export interface BackupSchedule {
  /** Made 0700 when missing. */
  readonly directory: string;
  readonly everyMs: number;
  /** How many are kept. */
  readonly keep: number;
  readonly for:
    | { readonly type: "recipients"; readonly recipients: readonly string[] }
    /** A file that is read for each backup; its last line end is not part of the passphrase. */
    | { readonly type: "passphrase"; readonly passphraseFile: string };
}

export interface ScheduledBackupsOptions {
  readonly schedule: BackupSchedule;
  /** The id of the data directory, which is in the names of the files. */
  readonly instanceId: string;
  readonly make: MakeBackup;
  readonly registry: Registry;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The first one waits until the server has answered its first requests. */
const firstDelayMs = 60_000;
const retryMsMax = 10 * 60_000;
/** Timers hold no more. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Begins; disposing it ends a backup that is being made, of which nothing is left. Rejects with `invalid` for recipients that are none and
 * for a short passphrase, and with what the file system says of its file.
 */
export async function scheduleBackups(options: ScheduledBackupsOptions): Promise<AsyncDisposable> {
  await checkBackupLock(await lockOf(options.schedule));
  const backups = new ScheduledBackups(options);
  backups.start();
  return backups;
}

class ScheduledBackups implements AsyncDisposable {
  readonly #options: ScheduledBackupsOptions;
  readonly #metrics: BackupMetrics;
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ScheduledBackupsOptions) {
    this.#options = options;
    this.#metrics = new BackupMetrics(options.registry);
  }

  start(): void {
    this.#running = this.#plan();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  /** From the newest one that is there. */
  async #plan(): Promise<void> {
    const { clock, schedule } = this.#options;
    try {
      const newest = (await this.#files()).at(-1);
      if (newest !== undefined) this.#metrics.succeeded(newest.madeMs, await this.#sizeOf(newest.name));
      const dueMs = newest === undefined ? 0 : newest.madeMs + schedule.everyMs;
      // One of the future is of a clock that was wrong, and puts off nothing for longer than the schedule.
      this.#wait(Math.max(Math.min(dueMs - clock.now(), schedule.everyMs), firstDelayMs));
    } catch (error) {
      this.#failed(error);
    }
  }

  #wait(delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    const { clock } = this.#options;
    if (delayMs > timerMsMax) this.#timer = clock.after(timerMsMax, () => this.#wait(delayMs - timerMsMax));
    else this.#timer = clock.after(delayMs, () => (this.#running = this.#run()));
  }

  async #run(): Promise<void> {
    const { clock, schedule, log } = this.#options;
    const startedMs = clock.now();
    try {
      const name = await this.#make(startedMs);
      const sizeBytes = await this.#sizeOf(name);
      this.#metrics.succeeded(startedMs, sizeBytes);
      log.info("Made scheduled backup", { file: name, sizeBytes, durationMs: clock.now() - startedMs });
      // A place where nothing can be removed has the new one all the same.
      await this.#removeOld().catch((error: unknown) =>
        log.error("Old backups could not be removed", error, { directory: schedule.directory }),
      );
      this.#wait(Math.max(startedMs + schedule.everyMs - clock.now(), 0));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const { log, schedule } = this.#options;
    this.#metrics.failed();
    log.error("Scheduled backup failed", error, { directory: schedule.directory });
    this.#wait(Math.min(schedule.everyMs, retryMsMax));
  }

  async #make(startedMs: number): Promise<string> {
    const { schedule, instanceId, make } = this.#options;
    await mkdir(schedule.directory, { recursive: true, mode: 0o700 });
    await this.#removeUnfinished();
    const name = `${prefixOf(instanceId)}${compactTime(startedMs)}.age`;
    const pieces = this.#untilStopped(make(await lockOf(schedule)));
    await createPrivateFile(join(schedule.directory, name), pieces, `.${name}.tmp`);
    return name;
  }

  /** What is left of backups during which a server of this instance was killed: there is one server of it at a time. */
  async #removeUnfinished(): Promise<void> {
    const { schedule, instanceId } = this.#options;
    for (const name of await readdir(schedule.directory)) {
      const isUnfinished = name.startsWith(`.${prefixOf(instanceId)}`) && name.endsWith(".age.tmp");
      if (isUnfinished) await rm(join(schedule.directory, name));
    }
  }

  async *#untilStopped(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      if (this.#stop.signal.aborted)
        throw new StrongroomError("unavailable", "the server must run until the backup is whole");
      yield piece;
    }
  }

  async #removeOld(): Promise<void> {
    const { keep, directory } = this.#options.schedule;
    for (const { name } of (await this.#files()).slice(0, -keep)) await rm(join(directory, name));
  }

  /** Those of this instance, the oldest first. */
  async #files(): Promise<readonly BackupFile[]> {
    const { schedule, instanceId } = this.#options;
    const names = await readdir(schedule.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    const files = names.flatMap((name) => {
      const madeMs = timeInName(name, prefixOf(instanceId));
      return madeMs === undefined ? [] : [{ name, madeMs }];
    });
    return files.sort((a, b) => a.madeMs - b.madeMs);
  }

  async #sizeOf(name: string): Promise<number> {
    return (await stat(join(this.#options.schedule.directory, name))).size;
  }
}

interface BackupFile {
  readonly name: string;
  readonly madeMs: number;
}

async function lockOf({ for: whom }: BackupSchedule): Promise<BackupLock> {
  if (whom.type === "recipients") return whom;
  const text = await readFile(whom.passphraseFile, "utf8");
  return { type: "passphrase", passphrase: new Redacted(text.replace(/\r?\n$/, "")) };
}

function prefixOf(instanceId: string): string {
  return `strongroom-${instanceId}-`;
}

/** `20260131T120000Z`. */
function compactTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

function timeInName(name: string, prefix: string): number | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.age$/.exec(name.slice(prefix.length));
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

class BackupMetrics {
  readonly #last: Gauge;
  readonly #bytes: Gauge;
  readonly #failures: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    const lastHelp = "When the last scheduled backup was made, in seconds since the epoch; 0 before the first.";
    this.#last = new Gauge({ name: "strongroom_backup_last_timestamp_seconds", help: lastHelp, registers });
    const bytesHelp = "Size of the last scheduled backup.";
    this.#bytes = new Gauge({ name: "strongroom_backup_last_bytes", help: bytesHelp, registers });
    const failuresHelp = "Scheduled backups that failed since the start.";
    this.#failures = new Counter({ name: "strongroom_backup_failures_total", help: failuresHelp, registers });
  }

  succeeded(madeMs: number, sizeBytes: number): void {
    this.#last.set(madeMs / 1000);
    this.#bytes.set(sizeBytes);
  }

  failed(): void {
    this.#failures.inc();
  }
}
