/** An audit log in a folder of its own, with everything around it that a test may want to look at or to break. */
import { createCipheriv, createDecipheriv, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendFiles } from "../../src/audit/append-file.ts";
import type { AppendFile, AppendFiles } from "../../src/audit/append-file.ts";
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import type { AuditEntry } from "../../src/audit/audit-log.ts";
import { StrongroomError } from "../../src/errors/strongroom-error.ts";
import { openAuditLog } from "../../src/audit/log/open-audit-log.ts";
import type { AuditLogFile } from "../../src/audit/log/audit-log-file.ts";
import type { AuditLogOptions } from "../../src/audit/log/audit-log-options.ts";
import type { AuditKeys, ChainHead, LogReport } from "../../src/audit/log/log-keys.ts";

export function auditEvent(auditID: string, fields: Partial<AuditEvent> = {}): AuditEvent {
  return {
    auditID,
    stage: "ResponseComplete",
    door: "kubernetes",
    verb: "get",
    requestURI: "/api/v1/namespaces/default/secrets/db",
    user: { username: "jane", groups: ["system:authenticated"] },
    sourceIPs: ["127.0.0.1"],
    userAgent: "test",
    requestReceivedTimestamp: "2026-11-25T00:00:00.000000Z",
    stageTimestamp: "2026-11-25T00:00:00.000000Z",
    ...fields,
  };
}

export class LogFixture implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), "strongroom-audit-"));
  readonly directory = join(this.home, "audit");
  readonly reports: LogReport[] = [];
  readonly keys: AuditKeys = testKeys();
  head: ChainHead | undefined;
  time = new Date("2026-11-25T12:00:00Z");
  readonly disk = new FaultyDisk();

  open(options: Partial<AuditLogOptions> = {}): Promise<AuditLogFile> {
    return openAuditLog({
      directory: this.directory,
      keys: this.keys,
      heads: {
        load: async () => this.head,
        save: async (head) => void (this.head = head),
      },
      now: () => this.time,
      report: (report) => this.reports.push(report),
      ...(options.reserveBytes === undefined ? { reserveFile: noReserve } : {}),
      files: this.disk,
      ...options,
    });
  }

  /** Opens a log, does something with it, and closes it. */
  async with<T>(use: (log: AuditLogFile) => Promise<T>, options: Partial<AuditLogOptions> = {}): Promise<T> {
    const log = await this.open(options);
    try {
      return await use(log);
    } finally {
      await log.close();
    }
  }

  /** The process ends here. */
  crash(): void {
    this.disk.forget();
  }

  /** What a log holds that was not closed, as after a crash, is given back. */
  [Symbol.dispose](): void {
    this.disk.forget();
    rmSync(this.home, { recursive: true, force: true });
  }
}

const noReserve = { sizeBytes: 0, extend: nothing, sync: nothing, cut: nothing, close: nothing };

async function nothing(): Promise<void> {}

function testKeys(): AuditKeys {
  const { privateKey } = generateKeyPairSync("ed25519");
  const wrapping = randomBytes(32);
  return {
    instance: "0123456789abcdef",
    signingKey: privateKey,
    publicKey: createPublicKey(privateKey),
    seal: {
      async wrap(key) {
        const nonce = randomBytes(12);
        const cipher = createCipheriv("aes-256-gcm", wrapping, nonce);
        return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
      },
      async unwrap(wrapped) {
        // As of the seal that a server has, whatever is wrong with it.
        try {
          const decipher = createDecipheriv("aes-256-gcm", wrapping, wrapped.subarray(0, 12));
          decipher.setAuthTag(wrapped.subarray(-16));
          return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
        } catch (cause) {
          throw new StrongroomError("corrupt", "a key must be one that was wrapped", { cause });
        }
      },
    },
  };
}

export async function entriesOf(log: { entries(from: number): AsyncIterable<AuditEntry> }, from = 0) {
  const entries: AuditEntry[] = [];
  for await (const entry of log.entries(from)) entries.push(entry);
  return entries;
}

export async function idsOf(log: { entries(from: number): AsyncIterable<AuditEntry> }, from = 0): Promise<string[]> {
  return (await entriesOf(log, from)).map(({ event }) => event.auditID);
}

/** Writes one event after the other. */
export async function writeAll(log: AuditLogFile, ids: readonly string[]): Promise<void> {
  for (const id of ids) await log.write(auditEvent(id));
}

export const numbered = (count: number, prefix = "event"): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Real files whose operations fail while told so, and are counted. */
export class FaultyDisk implements AppendFiles {
  fault: "none" | "append" | "sync" | "open" = "none";
  /** Bytes that there is space for; what does not fit is not written. */
  freeBytes = Infinity;
  syncs = 0;
  readonly #open = new Set<AppendFile>();

  /** Closes what is open, without anybody being told. */
  forget(): void {
    for (const file of this.#open) void file.close();
    this.#open.clear();
  }

  async open(path: string): Promise<AppendFile> {
    if (this.fault === "open") throw new Error("EIO");
    return this.#wrap(await appendFiles.open(path));
  }

  async create(path: string, bytes: Buffer): Promise<AppendFile> {
    if (this.fault !== "none") throw new Error("EIO");
    this.#take(bytes.length);
    return this.#wrap(await appendFiles.create(path, bytes));
  }

  #wrap(file: AppendFile): AppendFile {
    this.#open.add(file);
    return {
      openedSize: file.openedSize,
      append: async (bytes) => {
        // As a broken disk does: a part of it, cut in the middle of a block.
        if (this.fault === "append") await file.append(bytes.subarray(0, bytes.length - 10));
        if (this.fault === "append") throw noSpace();
        this.#take(bytes.length);
        await file.append(bytes);
        this.syncs += 1;
        if (this.fault === "sync") throw new Error("EIO");
      },
      truncate: (size) => file.truncate(size),
      isInPlace: (size) => file.isInPlace(size),
      close: async () => {
        if (this.#open.delete(file)) await file.close();
      },
    };
  }

  #take(bytes: number): void {
    if (bytes > this.freeBytes) throw noSpace();
    this.freeBytes -= bytes;
  }
}

export function noSpace(): Error {
  return Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}
