import { appendFiles } from "../../audit/append-file.ts";
import type { AppendFile, AppendFiles } from "../../audit/append-file.ts";
import { safeJson } from "../../audit/safe-json.ts";
import { errorCodeOf } from "../../crypto/private-file.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** What is on record: which key did what for which request; never what was encrypted. */
export interface CallRecord {
  /** `encrypt` and `decrypt` are calls; the others are what became of the plugin itself. */
  readonly event: "start" | "stop" | "keys-read" | "write-key" | "encrypt" | "decrypt";
  readonly keyId?: string;
  /** What kube-apiserver calls the request in its own log. */
  readonly uid?: string;
  readonly outcome?: "ok" | "refused";
  readonly reason?: string;
  /** Of `keys-read`: every key of the ring. */
  readonly keyIds?: readonly string[];
}

const uidLengthMax = 128;

/**
 * Records as JSON lines, each on the disk before `write` resolves. It fails closed: `write` raises `unavailable` while none can be written,
 * and works again as soon as the disk does. A line that was cut off by that stays; the next record begins on a line of its own.
 */
export class CallRecords implements AsyncDisposable {
  readonly #file: AppendFile;
  readonly #now: () => Date;
  #isTorn: boolean;
  #last: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor(file: AppendFile, now: () => Date) {
    this.#file = file;
    this.#now = now;
    this.#isTorn = file.openedSize > 0; // an empty line costs nothing, and it may have been killed within one
  }

  /** Opens the file, or makes it with mode 0600. Raises `invalid` for anything but a regular file. */
  static async open(path: string, now: () => Date, files: AppendFiles = appendFiles): Promise<CallRecords> {
    const file = await files.open(path).catch((error: unknown) => {
      if (errorCodeOf(error) !== "ENOENT") throw error;
      return files.create(path, Buffer.alloc(0));
    });
    return new CallRecords(file, now);
  }

  /** Whether the last record could be written. */
  get isWritable(): boolean {
    return this.#failure === undefined;
  }

  write(record: CallRecord): Promise<void> {
    const { uid } = record;
    const shown = uid === undefined ? record : { ...record, uid: uid.slice(0, uidLengthMax) };
    const line = `${safeJson({ time: this.#now().toISOString(), ...shown })}\n`;
    const written = this.#last.then(() => this.#append(line));
    this.#last = written.catch(() => {}); // told to whoever waits for `written`
    return written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #append(line: string): Promise<void> {
    try {
      await this.#file.append(Buffer.from(this.#isTorn ? `\n${line}` : line));
      this.#isTorn = false;
      this.#failure = undefined;
    } catch (error) {
      this.#isTorn = true;
      this.#failure = error;
      throw new StrongroomError("unavailable", "the record of the call must be written first", { cause: error });
    }
  }
}
