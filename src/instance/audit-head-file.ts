/**
 * How long the audit log is, in a file that is written again and again: the store is told every ten seconds only, because each time is a
 * revision of it. So what a start misses of a log that was cut after a `kill -9` is what was recorded in the last tenth of a second.
 *
 * Authentic for the root key and the instance. Not synced: the system has it, which the end of the process does not undo; what the loss of
 * power takes of it the store has. It is written after what it tells of is on the disk, so it never tells of more than there is.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../audit/append-file.ts";
import type { ChainHead } from "../audit/log/log-keys.ts";
import type { Instance } from "./instance.ts";

/** One sector: a disk writes it whole or not. */
const fileBytes = 512;
const macCharacters = 64;

export interface AuditHeadPlace {
  readonly path: string;
  readonly key: KeyObject;
  /** The id of the instance. */
  readonly instance: string;
}

/** That of a data directory, in the folder of the log. */
export function auditHeadFile(dataDir: string, { id, rootKey }: Pick<Instance, "id" | "rootKey">): AuditHeadFile {
  return new AuditHeadFile({ path: join(dataDir, "audit", "head"), key: rootKey.derive("audit/head"), instance: id });
}

export class AuditHeadFile {
  readonly #place: AuditHeadPlace;
  /** One for all, also while it is being opened: the store's ten seconds and the tenths of a second may come together. */
  #handle: Promise<FileHandle> | undefined;

  constructor(place: AuditHeadPlace) {
    this.#place = place;
  }

  /** What it tells: undefined when it is not there, or is not what was written. */
  async load(): Promise<ChainHead | undefined> {
    const text = await readFile(this.#place.path, "latin1").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const written = text.slice(macCharacters).trim();
    // A byte of the file is one here, too: what is not text must not end the start.
    const mac = Buffer.from(text.slice(0, macCharacters), "latin1");
    if (mac.length !== macCharacters || !timingSafeEqual(mac, Buffer.from(this.#macOf(written)))) return undefined;
    return JSON.parse(written) as ChainHead; // authentic, so it is what was written
  }

  /** Writes over what it told. Raises what the file system raises. */
  async note(head: ChainHead): Promise<void> {
    const handle = await (this.#handle ??= this.#open());
    const written = JSON.stringify(head);
    await handle.write(`${this.#macOf(written)}${written}`.padEnd(fileBytes), 0, "latin1");
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle)?.close();
  }

  /** Its name is durable before the store says that it is there. What could not be opened is tried again. */
  async #open(): Promise<FileHandle> {
    try {
      return await this.#openDurably();
    } catch (error) {
      this.#handle = undefined;
      throw error;
    }
  }

  async #openDurably(): Promise<FileHandle> {
    const handle = await open(this.#place.path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      await handle.sync();
      await syncFolder(dirname(this.#place.path));
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  #macOf(written: string): string {
    const { key, instance } = this.#place;
    return createHmac("sha256", key).update(`strongroom.dev/audit/head/v1\0${instance}\0${written}`).digest("hex");
  }
}
