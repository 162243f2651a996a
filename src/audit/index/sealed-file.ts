/**
 * A file of encrypted blocks that is written once and read at random.
 *
 *     magic (8 bytes, with the version of the format), salt (16 bytes), blocks, length of the last block (4 bytes)
 *
 * Each file has its own key, by HKDF-SHA256 from the key of the index and the salt; blocks are AES-256-GCM with their number as
 * the nonce, so that no block can stand in for another one.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { damaged } from "./rows.ts";

/** Changes with every change of what is in the files: others are thrown away. */
const magic = Buffer.from("SRAIDX01");
const saltBytes = 16;
const headerBytes = magic.length + saltBytes;
const trailerBytes = 4;
/** The number of the last block, so that a file that was cut off does not end with another one. */
const lastNumber = 0xffff_ffff;
const tagBytes = 16;
/** Writes are gathered up to so much. */
const gatheredBytes = 256 * 1024;
/** For the owner only: the blocks are encrypted, but how many there are is nobody's business. */
const ownerOnly = 0o600;

/** Where a block is, with its number. */
export interface BlockPlace {
  readonly number: number;
  readonly offset: number;
  readonly length: number;
}

export class SealedFileWriter {
  readonly #handle: FileHandle;
  readonly #key: Buffer;
  #gathered: Buffer[];
  #gatheredBytes = headerBytes;
  #offset = headerBytes;
  #blocks = 0;

  /** Begins a file, in place of one of that name. */
  static async create(path: string, key: KeyObject): Promise<SealedFileWriter> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    return new SealedFileWriter(await open(path, flags, ownerOnly), key, randomBytes(saltBytes));
  }

  private constructor(handle: FileHandle, key: KeyObject, salt: Buffer) {
    this.#handle = handle;
    this.#key = fileKey(key, salt);
    this.#gathered = [magic, salt];
  }

  get sizeBytes(): number {
    return this.#offset;
  }

  append(plain: Uint8Array): Promise<BlockPlace> {
    return this.#append(plain, this.#blocks++);
  }

  async #append(plain: Uint8Array, number: number): Promise<BlockPlace> {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(number));
    const sealed = [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
    const length = plain.length + tagBytes;
    const place = { number, offset: this.#offset, length };
    this.#gathered.push(...sealed);
    this.#gatheredBytes += length;
    this.#offset += length;
    if (this.#gatheredBytes >= gatheredBytes) await this.#flush();
    return place;
  }

  /**
   * Writes the last block, by which readers begin. Nothing is synced, so that no request waits for the disk longer: what the loss of
   * power damages is found when it is read, and made anew.
   */
  async finish(plain: Uint8Array): Promise<void> {
    const { length } = await this.#append(plain, lastNumber);
    const trailer = Buffer.alloc(trailerBytes);
    trailer.writeUInt32BE(length);
    this.#gathered.push(trailer);
    await this.#flush();
    await this.close();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    for (let written = 0; written < bytes.length;) {
      written += (await this.#handle.write(bytes, written, bytes.length - written)).bytesWritten;
    }
  }
}

export class SealedFileReader {
  readonly #handle: FileHandle;
  readonly #key: Buffer;

  /** Opens a file; resolves to it and its last block. Raises `corrupt`, and what the file system says. */
  static async open(path: string, key: KeyObject): Promise<{ readonly file: SealedFileReader; readonly last: Buffer }> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await handle.stat();
      if (size < headerBytes + trailerBytes) throw damaged();
      const header = await readAt(handle, 0, headerBytes);
      if (!header.subarray(0, magic.length).equals(magic)) throw damaged();
      const file = new SealedFileReader(handle, fileKey(key, header.subarray(magic.length)));
      const length = (await readAt(handle, size - trailerBytes, trailerBytes)).readUInt32BE();
      const offset = size - trailerBytes - length;
      if (offset < headerBytes || length < tagBytes) throw damaged();
      return { file, last: await file.read({ number: lastNumber, offset, length }) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(handle: FileHandle, key: Buffer) {
    this.#handle = handle;
    this.#key = key;
  }

  /** The plain bytes of a block. Raises `corrupt`. */
  async read(place: BlockPlace): Promise<Buffer> {
    const [plain] = await this.readRun([place]);
    if (plain === undefined) throw damaged();
    return plain;
  }

  /** The plain bytes of blocks that follow each other in the file, read at once. */
  async readRun(places: readonly BlockPlace[]): Promise<Buffer[]> {
    const [first, last] = [places[0], places.at(-1)];
    if (first === undefined || last === undefined) return [];
    const sealed = await readAt(this.#handle, first.offset, last.offset + last.length - first.offset);
    return places.map((place) => {
      const start = place.offset - first.offset;
      return this.#open(sealed.subarray(start, start + place.length), place.number);
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #open(sealed: Buffer, number: number): Buffer {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, nonceOf(number));
    const end = sealed.length - tagBytes;
    try {
      decipher.setAuthTag(sealed.subarray(end));
      return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
    } catch (error) {
      throw damaged(error);
    }
  }
}

function fileKey(key: KeyObject, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", key, salt, "strongroom.dev/audit-index/file/v1", 32));
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 8);
  return nonce;
}

/** Exactly so many bytes. Raises `corrupt` where the file ends before. */
async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let read = 0; read < length;) {
    const { bytesRead } = await handle.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) throw damaged();
    read += bytesRead;
  }
  return bytes;
}
