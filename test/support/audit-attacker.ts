/**
 * Somebody who may rewrite every byte of an audit log and knows how it is made, but has no signing key: takes it apart into
 * blocks, changes them, and puts it together again with every number and hash made anew.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { blockAt, blockTypes, encodeBlock, encodeHeader, followChain, payloadOf } from "../../src/audit/log/block.ts";
import type { BlockType } from "../../src/audit/log/block.ts";
import type { CheckpointFacts } from "../../src/audit/log/checkpoint.ts";
import { decodeSegmentHeader, encodeSegmentHeader, genesis } from "../../src/audit/log/segment-header.ts";
import type { SegmentHeader } from "../../src/audit/log/segment-header.ts";

export interface TakenBlock {
  type: BlockType;
  count: number;
  timeMs: number;
  payload: Buffer;
}

export interface TakenSegment {
  header: SegmentHeader;
  blocks: TakenBlock[];
}

export class Attacker {
  readonly #directory: string;
  readonly segments: TakenSegment[];

  constructor(directory: string) {
    this.#directory = directory;
    this.segments = segmentNames(directory).map((name) => takeApart(readFileSync(join(directory, name))));
  }

  /** All blocks, with the segments that they are in. */
  get blocks(): { readonly segment: TakenSegment; readonly block: TakenBlock }[] {
    return this.segments.flatMap((segment) => segment.blocks.map((block) => ({ segment, block })));
  }

  /** Writes the log anew, consistent in everything but signatures, or also in those that `resign` can make. */
  putTogether(resign: (facts: CheckpointFacts) => Buffer | undefined = () => undefined): void {
    for (const name of segmentNames(this.#directory)) rmSync(join(this.#directory, name));
    let chain: Buffer = genesis;
    let position = 0;
    for (const { header, blocks } of this.segments) {
      const start = encodeSegmentHeader({ ...header, first: position, previous: chain.toString("hex") });
      const name = `${String(position).padStart(16, "0")}.segment`;
      const parts = [start.bytes];
      chain = start.after;
      for (const { type, count, timeMs, payload: former } of blocks) {
        const facts = { instance: header.instance, entries: position, head: chain, timeMs };
        const payload = (type === blockTypes.checkpoint ? resign(facts) : undefined) ?? former;
        const made = encodeBlock(encodeHeader({ type, count, position, timeMs }, payload.length), [payload], chain);
        parts.push(made.bytes);
        chain = made.after;
        position += count;
      }
      // A segment without entries has the name of the next: only the last of them stays.
      writeFileSync(join(this.#directory, name), Buffer.concat(parts));
    }
  }
}

/** The chain's value at the end of a segment. */
export function chainAtEnd(path: string): Buffer {
  const bytes = readFileSync(path);
  let { sizeBytes: offset, after: chain } = decodeSegmentHeader(bytes);
  while (offset < bytes.length) {
    const block = blockAt(bytes, offset);
    const next = block === "malformed" || "needed" in block ? undefined : followChain(chain, block);
    if (next === undefined || block === "malformed" || "needed" in block) throw new Error("the segment must be whole");
    chain = next;
    offset += block.bytes.length;
  }
  return chain;
}

export function segmentNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".segment"))
    .sort();
}

function takeApart(bytes: Buffer): TakenSegment {
  const { header, sizeBytes } = decodeSegmentHeader(bytes);
  const blocks: TakenBlock[] = [];
  for (let offset = sizeBytes; offset < bytes.length;) {
    const block = blockAt(bytes, offset);
    if (block === "malformed" || "needed" in block) break;
    const type = Object.values(blockTypes).find((known) => known === block.type) ?? blockTypes.entries;
    blocks.push({ type, count: block.count, timeMs: block.timeMs, payload: Buffer.from(payloadOf(block)) });
    offset += block.bytes.length;
  }
  return { header, blocks };
}
