/**
 * Space on the disk that is set aside for records: a file of zeros beside the log. When the disk is full, it is cut step by step,
 * and what it gives back takes records of reads; when there is space again, it is filled up.
 *
 * Where files are written by copying (btrfs, ZFS) or zeros are kept as holes, nothing is set aside by it.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";

export const reserveBytesDefault = 64 * 1024 * 1024;
const stepBytes = 1024 * 1024;
/** What is given back last, and only to record that old entries are deleted: a full disk must be able to be made less full. */
const lastBytes = 64 * 1024;
/** How often it is tried to fill it up while the disk is full. */
const retryMs = 1000;
const zeros = Buffer.alloc(stepBytes);

export interface ReserveFile {
  readonly sizeBytes: number;
  /** Adds up to that many bytes, and says so in `sizeBytes`; raises what the file system raises when there is no space. */
  extend(bytes: number): Promise<void>;
  /** Makes what was added durable. */
  sync(): Promise<void>;
  cut(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** How the space that is set aside stands. */
export interface ReserveState {
  readonly leftBytes: number;
  readonly wantedBytes: number;
  /** Less than half is left. */
  readonly isLow: boolean;
}

export class LogReserve {
  readonly #file: ReserveFile;
  readonly #options: LogReserveOptions;
  #filling: Promise<void> | undefined;
  #isFull = false;
  #isClosing = false;
  #triedMs = -Infinity;

  constructor(file: ReserveFile, options: LogReserveOptions) {
    this.#file = file;
    this.#options = options;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  get wantedBytes(): number {
    return this.#options.wantedBytes;
  }

  /** Less than half of it is left, and the disk has no more. */
  get isLow(): boolean {
    return this.#isFull && this.#file.sizeBytes < this.#options.wantedBytes / 2;
  }

  /** Takes the space that is missing, in the background. */
  fill(): void {
    this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
  }

  /**
   * Whether changes may be recorded: the disk is not known to be full. While it is, taking the missing space is tried once a
   * second.
   */
  async acceptsChanges(): Promise<boolean> {
    if (!this.#isFull) return true;
    const now = this.#options.now();
    // A clock that was set back must not keep it from trying.
    if (now >= this.#triedMs && now - this.#triedMs < retryMs) return false;
    this.#triedMs = now;
    this.fill();
    await this.#filling;
    return !this.#isFull;
  }

  /** The disk is full: gives a step back to it; false when nothing is left, or not but for who may have the last. */
  async release({ last }: { readonly last: boolean }): Promise<boolean> {
    await this.#filling;
    if (!this.#isFull) this.#triedMs = this.#options.now();
    this.#isFull = true;
    const { sizeBytes } = this.#file;
    const kept = last ? 0 : lastBytes;
    if (sizeBytes <= kept) return false;
    await this.#file.cut(Math.max(kept, sizeBytes - stepBytes));
    return true;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#filling;
    await this.#file.close();
  }

  async #fill(): Promise<void> {
    const { wantedBytes, onError } = this.#options;
    try {
      while (this.#file.sizeBytes < wantedBytes && !this.#isClosing) {
        await this.#file.extend(Math.min(stepBytes, wantedBytes - this.#file.sizeBytes));
      }
      if (this.#file.sizeBytes > wantedBytes) await this.#file.cut(wantedBytes);
      await this.#file.sync();
      this.#isFull = false;
    } catch (error) {
      if (!this.#isFull) onError(error);
      this.#isFull = true;
    }
  }
}

export interface LogReserveOptions {
  readonly wantedBytes: number;
  /** Milliseconds. */
  readonly now: () => number;
  /** Told when the space cannot be had, not each time that it is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Opens or creates the file; how long it is, is as it was left. */
export async function openReserveFile(path: string): Promise<ReserveFile> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const { size, blocks } = await handle.stat();
  // A hole is no space that is set aside.
  const hasHoles = blocks * 512 < size;
  if (hasHoles) await handle.truncate(0);
  let sizeBytes = hasHoles ? 0 : size;
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async extend(bytes) {
      // A nearly full disk takes a part; the next call then raises.
      const { bytesWritten } = await handle.write(zeros, 0, bytes, sizeBytes);
      sizeBytes += bytesWritten;
    },
    sync: () => handle.datasync(),
    async cut(wanted) {
      await handle.truncate(wanted);
      sizeBytes = wanted;
    },
    close: () => handle.close(),
  };
}
