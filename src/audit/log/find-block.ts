/** Finds where a segment can be read again, behind bytes that are not what was written. */
import type { Block } from "./block.ts";
import { blockAt, blockBytesMax, blockTypes, headerBytes } from "./block.ts";
import type { ByteSource } from "./byte-source.ts";

/** A block, and where it begins. */
export interface FoundBlock {
  readonly position: number;
  readonly offset: number;
}

export interface Search {
  /** Where to begin. */
  readonly offset: number;
  /** The first entry that it may begin with, and the one before which. */
  readonly from: number;
  readonly before: number;
  /** Whether a block is one that was written. */
  readonly isAuthentic: (block: Block) => boolean;
}

const windowBytes = 256 * 1024;
/** Bytes that are tried in one search: whoever fills a file with what looks like large blocks must not keep the server at opening them. */
const triedBytesMax = 2 * blockBytesMax;

/**
 * The first block of entries at an offset or behind it that was written, whatever is before it. Nothing in a file says where its
 * blocks begin but the blocks, so each byte is looked at: what has the type and a number that can be there is one in 10^9 of
 * bytes by chance, and only what is authentic counts. It gives up after {@link triedBytesMax}.
 */
export async function findBlock(source: ByteSource, search: Search): Promise<FoundBlock | undefined> {
  let triedBytes = 0;
  for (let offset = search.offset; offset + headerBytes <= source.sizeBytes; offset += windowBytes) {
    const window = await source.read(offset, windowBytes + headerBytes - 1);
    for (let at = 0; at < windowBytes && at + headerBytes <= window.length; at++) {
      if (window[at + 4] !== blockTypes.entries) continue;
      const position = window.readUIntBE(at + 8, 6);
      if (position < search.from || position >= search.before) continue;
      const block = await blockIn(source, offset + at, window.readUInt32BE(at));
      triedBytes += block?.bytes.length ?? 0;
      if (triedBytes > triedBytesMax) return undefined;
      if (block !== undefined && search.isAuthentic(block)) return { position, offset: offset + at };
    }
  }
  return undefined;
}

async function blockIn(source: ByteSource, offset: number, length: number): Promise<Block | undefined> {
  if (length > blockBytesMax || offset + length > source.sizeBytes) return undefined;
  const block = blockAt(await source.read(offset, length), 0);
  return block === "malformed" || "needed" in block ? undefined : block;
}
