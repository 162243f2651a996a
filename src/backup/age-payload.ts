/**
 * The payload of a file of age: a nonce of 16 bytes, then chunks of 64 KiB, each with ChaCha20-Poly1305 under a key of the file key and the nonce; a
 * chunk's own nonce is its number (11 bytes) and whether it is the last. Source: C2SP age.md, "Payload".
 *
 * By node:crypto: the library's, in JavaScript, takes four times as long, in the thread that serves requests.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const nonceBytes = 16;
const chunkBytes = 64 * 1024;
const tagBytes = 16;
const cipherName = "chacha20-poly1305";
const options = { authTagLength: tagBytes } as const;

/** Raised for what is no payload under the key; the message is for logs. */
export class PayloadError extends Error {
  constructor(must: string, failure?: { cause: unknown }) {
    super(`the payload must ${must}`, failure);
    this.name = "PayloadError";
  }
}

/** Chunks that are given out together: each piece of a file is a wait for whoever writes it. */
const chunksPerPiece = 8;

/**
 * The payload of what `plain` gives, in pieces of half a MiB; the next one is made while one is written, and the event loop is given away after
 * each chunk. What `plain` raises is passed on.
 */
export function encryptPayload(plain: AsyncIterable<Uint8Array>, fileKey: Uint8Array): AsyncGenerator<Buffer> {
  return oneAhead(encryptedPieces(plain, fileKey));
}

/**
 * What is in a payload, likewise. Raises {@link PayloadError} as soon as something is not as it was written; what came before was.
 */
export function decryptPayload(payload: AsyncIterable<Uint8Array>, fileKey: Uint8Array): AsyncGenerator<Buffer> {
  return oneAhead(decryptedChunks(payload, fileKey));
}

async function* encryptedPieces(plain: AsyncIterable<Uint8Array>, fileKey: Uint8Array): AsyncGenerator<Buffer> {
  const nonce = randomBytes(nonceBytes);
  const key = payloadKey(fileKey, nonce);
  const numbers = new ChunkNonce();
  let parts: Buffer[] = [nonce];
  for await (const { bytes, isLast } of chunksOf(plain, chunkBytes)) {
    const cipher = createCipheriv(cipherName, key, numbers.next(isLast), options);
    parts.push(cipher.update(bytes), cipher.final(), cipher.getAuthTag());
    if (parts.length >= 3 * chunksPerPiece) {
      yield Buffer.concat(parts);
      parts = [];
    }
    await nextTurn();
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

async function* decryptedChunks(payload: AsyncIterable<Uint8Array>, fileKey: Uint8Array): AsyncGenerator<Buffer> {
  const source = new Beginning(payload);
  const nonce = await source.take(nonceBytes);
  if (nonce === undefined) throw new PayloadError("have its nonce");
  const key = payloadKey(fileKey, nonce);
  const numbers = new ChunkNonce();
  let isFirst = true;
  for await (const { bytes, isLast } of chunksOf(source.rest(), chunkBytes + tagBytes)) {
    if (bytes.length < tagBytes) throw new PayloadError("end with a chunk");
    if (!isFirst && bytes.length === tagBytes) throw new PayloadError("have something in its last chunk");
    yield openChunk(bytes, key, numbers.next(isLast));
    isFirst = false;
    await nextTurn();
  }
}

/** The same, of which the next is asked for before one is given out. */
async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let coming = source.next();
  try {
    for (let current = await coming; current.done !== true; current = await coming) {
      coming = source.next();
      coming.catch(() => {}); // raised where it is awaited
      yield current.value;
    }
  } finally {
    await source.return(undefined);
  }
}

function openChunk(chunk: Buffer, key: Uint8Array, nonce: Uint8Array): Buffer {
  const decipher = createDecipheriv(cipherName, key, nonce, options);
  decipher.setAuthTag(chunk.subarray(-tagBytes));
  try {
    const plain = decipher.update(chunk.subarray(0, -tagBytes));
    decipher.final(); // raises unless authentic
    return plain;
  } catch (cause) {
    throw new PayloadError("be authentic", { cause });
  }
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", fileKey, nonce, "payload", 32));
}

/** One for each chunk of a file: a number below 2^53 is never passed. */
class ChunkNonce {
  readonly #bytes = Buffer.alloc(12);
  #next = 0;

  next(isLast: boolean): Uint8Array {
    this.#bytes.writeUIntBE(this.#next++, 5, 6);
    this.#bytes[11] = isLast ? 1 : 0;
    return this.#bytes;
  }
}

/**
 * Chunks of a length, each with whether it is the last, which may be shorter, and is empty only for an empty source. A chunk holds until the next
 * one is taken.
 */
async function* chunksOf(
  source: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  const held = Buffer.allocUnsafeSlow(length);
  let used = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.length;) {
      // Only what follows says that a full chunk is not the last.
      if (used === length) {
        yield { bytes: held, isLast: false };
        used = 0;
      }
      const taken = piece.subarray(at, at + length - used);
      held.set(taken, used);
      used += taken.length;
      at += taken.length;
    }
  }
  yield { bytes: held.subarray(0, used), isLast: true };
}

/** A source of which so many bytes are taken before the rest. */
class Beginning {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Undefined when there are not so many. */
  async take(length: number): Promise<Buffer | undefined> {
    while (this.#held.length < length) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return undefined;
      this.#held = Buffer.concat([this.#held, value]);
    }
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    yield this.#held;
    for (let next = await this.#pieces.next(); next.done !== true; next = await this.#pieces.next()) yield next.value;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
