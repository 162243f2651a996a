/**
 * The files in an archive (.tar, .tar.gz, .tgz, .zip), one after the other. Nothing is written anywhere: members are read into memory,
 * within bounds, whatever the archive says of their sizes.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { createTarDecoder } from "modern-tar";
import { openPromise } from "yauzl";
import type { Entry } from "yauzl";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** Of one archive. */
export const archiveBounds = {
  members: 100_000,
  /** Of all members together, unpacked. */
  bytes: 2 * 1024 * 1024 * 1024,
};

export type ArchiveBounds = typeof archiveBounds;

/** A file of an archive, or something in it that is none. */
export interface ArchiveMember {
  readonly name: string;
  readonly type: "file" | "folder" | "other";
  /** The bytes; undefined when there are more than `bytesMax`. May be asked for once, before the next member. */
  read(bytesMax: number): Promise<Buffer | undefined>;
}

/** Whether a file is read as an archive, by its name. */
export function isArchive(path: string): boolean {
  return /\.(?:tar|tar\.gz|tgz|zip)$/i.test(path);
}

/**
 * The members in their order. Raises `invalid` for what is no whole archive of its form, and `too-large` beyond the bounds: a part
 * of an archive is never taken for all of it.
 */
export async function* archiveMembers(
  path: string,
  bounds: ArchiveBounds = archiveBounds,
): AsyncGenerator<ArchiveMember> {
  const budget = new Budget(path, bounds);
  try {
    const members = /\.zip$/i.test(path) ? zipMembers(path, budget) : tarMembers(path, budget);
    for await (const member of members) {
      yield {
        ...member,
        read: (bytesMax) => {
          return member.read(bytesMax).catch((error: unknown) => {
            throw explained(path, error);
          });
        },
      };
    }
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, error: unknown): unknown {
  if (error instanceof StrongroomError || (error instanceof Error && "syscall" in error)) return error;
  // The words of the readers may quote names; a name is no value.
  const why = error instanceof Error ? error.message.slice(0, 200) : "no reason was given";
  return new StrongroomError("invalid", `${path} must be a whole archive: ${why}`, { cause: error });
}

/** What may still be unpacked. */
class Budget {
  readonly #path: string;
  readonly #bounds: ArchiveBounds;
  #members = 0;
  #bytes = 0;

  constructor(path: string, bounds: ArchiveBounds) {
    this.#path = path;
    this.#bounds = bounds;
  }

  countMember(): void {
    this.#members++;
    if (this.#members > this.#bounds.members) this.#refuse(`hold at most ${this.#bounds.members} members`);
  }

  countBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#bounds.bytes) this.#refuse(`unpack to at most ${this.#bounds.bytes} bytes`);
  }

  #refuse(rule: string): never {
    throw new StrongroomError("too-large", `${this.#path} must ${rule}`);
  }
}

async function* tarMembers(path: string, budget: Budget): AsyncGenerator<ArchiveMember> {
  const bytes = createReadStream(path);
  const isPacked = await startsWith(path, Buffer.from([0x1f, 0x8b]));
  const unpacked = isPacked ? bytes.pipe(createGunzip()) : bytes;
  if (isPacked) bytes.on("error", (error) => unpacked.destroy(error));
  const counted = Readable.from(countedChunks(unpacked, budget));
  const decoder = createTarDecoder({ strict: true });
  // Node's web streams and those of the types of the web differ in name only.
  const entries = Readable.toWeb(counted).pipeThrough(decoder as never) as AsyncIterable<TarEntry>;
  for await (const { header, body } of entries) {
    budget.countMember();
    let isRead = false;
    const type =
      header.type === undefined || header.type === "file" ? "file" : header.type === "directory" ? "folder" : "other";
    yield {
      name: header.name,
      type,
      read: (bytesMax) => {
        isRead = true;
        return gathered(body, bytesMax);
      },
    };
    if (!isRead) await body.cancel();
  }
}

interface TarEntry {
  readonly header: { readonly name: string; readonly type?: string };
  readonly body: ReadableStream<Uint8Array>;
}

async function* countedChunks(stream: Readable, budget: Budget): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    budget.countBytes(chunk.length);
    yield chunk;
  }
}

/** All of it is read, so that what follows can be; beyond the bound it is not kept. */
async function gathered(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= bytesMax ? Buffer.concat(chunks) : undefined;
}

async function startsWith(path: string, magic: Buffer): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
  return bytesRead === magic.length && buffer.equals(magic);
}

/** Upper four bits of the Unix mode, which makers of archives on Unix keep in the external attributes. */
const fileTypeOf = (entry: Entry) => (entry.externalFileAttributes >>> 28) & 0xf;
const regularFile = 8;

async function* zipMembers(path: string, budget: Budget): AsyncGenerator<ArchiveMember> {
  const zip = await openPromise(path);
  try {
    for await (const entry of zip.eachEntry()) {
      budget.countMember();
      const isLink = fileTypeOf(entry) !== 0 && fileTypeOf(entry) !== regularFile;
      const isFolder = entry.fileName.endsWith("/");
      yield {
        name: entry.fileName,
        type: isFolder ? "folder" : isLink ? "other" : "file",
        read: async (bytesMax) => {
          // What a member says of its size is held to by the reader of the archive.
          if (entry.uncompressedSize > bytesMax) return undefined;
          const bytes = await zip.openReadStreamPromise(entry);
          return await gathered(countedChunks(bytes, budget), bytesMax);
        },
      };
    }
  } finally {
    zip.close();
  }
}
