/** Goes through the blocks of a segment in their order, some at a time: memory is bounded by the largest block. */
import { blockAt } from "./block.ts";
import type { Block } from "./block.ts";
import type { ByteSource } from "./byte-source.ts";
import { decodeSegmentHeader, segmentHeaderBytesMax } from "./segment-header.ts";
import type { SegmentHeader } from "./segment-header.ts";

const readBytes = 256 * 1024;

/** How a walk ended: with the last block; within a block; where no block is. */
export type WalkEnd = "whole" | "incomplete" | "malformed";

export interface OpenedSegment {
  readonly header: SegmentHeader;
  /** Where the first block begins. */
  readonly blocksFrom: number;
  /** The chain's value there. */
  readonly after: Buffer;
}

/** Reads the header. Raises `corrupt`. */
export async function readSegmentHeader(source: ByteSource): Promise<OpenedSegment> {
  const { header, sizeBytes, after } = decodeSegmentHeader(await source.read(0, segmentHeaderBytesMax));
  return { header, blocksFrom: sizeBytes, after };
}

export class BlockWalk {
  readonly #source: ByteSource;
  readonly #end: number;
  /** Where the block after those that were handed out begins. */
  offset: number;
  /** Set when `next` has resolved to undefined. */
  ending: WalkEnd | undefined;

  /** From the beginning of a block on, up to an offset (default: the end). */
  constructor(source: ByteSource, offset: number, end: number = source.sizeBytes) {
    this.#source = source;
    this.offset = offset;
    this.#end = end;
  }

  /** The next blocks, at least one; undefined after the last. Their bytes are views that stay valid. */
  async next(): Promise<readonly Block[] | undefined> {
    let length = readBytes;
    for (;;) {
      const buffer = await this.#source.read(this.offset, Math.min(length, this.#end - this.offset));
      if (buffer.length === 0) return this.#ended(this.offset >= this.#end ? "whole" : "incomplete");
      const { blocks, stop } = blocksIn(buffer);
      if (blocks.length > 0) {
        for (const { bytes } of blocks) this.offset += bytes.length;
        return blocks;
      }
      if (stop === "malformed") return this.#ended("malformed");
      if (stop.needed <= buffer.length || buffer.length < Math.min(length, this.#end - this.offset)) {
        return this.#ended("incomplete");
      }
      if (this.offset + stop.needed > this.#end) return this.#ended("incomplete");
      length = stop.needed;
    }
  }

  #ended(ending: WalkEnd): undefined {
    this.ending = ending;
    return undefined;
  }
}

function blocksIn(buffer: Buffer) {
  const blocks: Block[] = [];
  for (let offset = 0; ;) {
    const block = blockAt(buffer, offset);
    if (block === "malformed" || "needed" in block) return { blocks, stop: block };
    blocks.push(block);
    offset += block.bytes.length;
  }
}
