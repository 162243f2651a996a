/**
 * What a start finds of the log. The store knows where the log was some entries ago, so only what came after is followed: it must
 * be there, and the chain must hold. Then there are three cases:
 *
 * - All is there: the log goes on where it ends.
 * - The last segment ends in the middle of a block, or in bytes that are none, which is what a crash leaves of an append that nobody was
 *   answered for. They are moved to a file beside it, and the log goes on at the end of the last block.
 * - Anything else was done to the log by somebody else, or by the disk. The log goes on too, but in a segment of its own, whose
 *   header says what is missing; nothing of what is there is changed. Its positions begin far enough above all that were given,
 *   so that none is used twice.
 */
import { constants } from "node:fs";
import { copyFile, open, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { syncFolder } from "../append-file.ts";
import { BlockWalk, readSegmentHeader } from "./block-walk.ts";
import { blockTypes, checkBytes, followChain } from "./block.ts";
import type { Block } from "./block.ts";
import { openByteSource } from "./byte-source.ts";
import { listSegments } from "./log-directory.ts";
import type { SegmentFile } from "./log-directory.ts";
import type { ChainHead, LogReport } from "./log-keys.ts";
import type { TailPlace, SegmentStart } from "./log-tail.ts";
import { genesis } from "./segment-header.ts";

/** Positions that are left out after a loss: more than can have been given since the store last heard of the log. */
export const positionsLeftOut = 1_000_000;

export interface Recovery {
  /** Where to go on in a segment, or where to begin one. */
  readonly at: TailPlace | Omit<SegmentStart, "dictionary">;
  /** What people must hear of. */
  readonly reports: readonly LogReport[];
}

/** Looks at the log, and takes out what a crash left at its end. Raises `corrupt` for the log of another instance. */
export async function recoverLog(directory: string, instance: string, known: ChainHead | undefined): Promise<Recovery> {
  const segments = await listSegments(directory);
  if (segments.length === 0 && known === undefined) {
    return { at: { first: 0, previous: genesis }, reports: [] };
  }
  const follower = new Follower(instance);
  const damage = await follower.follow(segments, known);
  if (damage !== undefined) return afterDamage(damage, { segments, known, follower });
  const { place } = follower;
  if (place === undefined) return afterDamage("no segment is left", { segments, known, follower });
  const isTorn = follower.tornBytes > 0;
  return { at: place, reports: isTorn ? [await cutTornEnd(place, follower.tornBytes)] : [] };
}

/** Follows the chain from where the store knows it to the end. */
class Follower {
  readonly #instance: string;
  place: TailPlace | undefined;
  /** Bytes after the last block. */
  tornBytes = 0;

  constructor(instance: string) {
    this.#instance = instance;
  }

  /** Resolves to what is wrong in it, if anything is. */
  async follow(segments: readonly SegmentFile[], known: ChainHead | undefined): Promise<string | undefined> {
    const from = known === undefined ? segments.length - 1 : segments.findIndex(({ first }) => first === known.segment);
    if (from < 0) return `the segment with entry ${known?.segment ?? 0} is missing`;
    for (const [index, segment] of segments.slice(from).entries()) {
      const isLast = from + index === segments.length - 1;
      const damage = await this.#segment(segment, { known: index === 0 ? known : undefined, isLast });
      if (damage !== undefined) return damage;
    }
    return undefined;
  }

  async #segment(
    segment: SegmentFile,
    { known, isLast }: { readonly known: ChainHead | undefined; readonly isLast: boolean },
  ): Promise<string | undefined> {
    await using source = await openByteSource(segment.path);
    const { header, blocksFrom, after } = await readSegmentHeader(source);
    if (header.instance !== this.#instance) {
      throw new StrongroomError("corrupt", `the audit log must be of the instance ${this.#instance}`);
    }
    const before = this.place;
    const isJoined = before?.end === header.first && before.chain.toString("hex") === header.previous;
    if (before !== undefined && header.gap === undefined && !isJoined)
      return `the segment ${segment.name} does not follow`;
    if (known !== undefined && !(await isAt(source, known, blocksFrom))) {
      return `the segment ${segment.name} is not as it was at entry ${known.position}`;
    }
    let place: TailPlace =
      known === undefined
        ? { segment, sizeBytes: blocksFrom, chain: after, end: header.first }
        : { segment, sizeBytes: known.offset, chain: Buffer.from(known.chain, "hex"), end: known.position };
    const walk = new BlockWalk(source, place.sizeBytes);
    for (let blocks = await walk.next(); blocks !== undefined; blocks = await walk.next()) {
      for (const block of blocks) {
        const next = placeAfter(place, block);
        if (next === undefined) return this.#end(place, source.sizeBytes, isLast);
        place = next;
      }
    }
    return this.#end(place, source.sizeBytes, isLast);
  }

  #end(place: TailPlace, sizeBytes: number, isLast: boolean): string | undefined {
    this.place = place;
    this.tornBytes = sizeBytes - place.sizeBytes;
    return this.tornBytes > 0 && !isLast
      ? `the segment ${place.segment.name} is damaged after entry ${place.end}`
      : undefined;
  }
}

/** Whether a segment has, where the store says, a block that ends with the store's value of the chain. */
async function isAt(
  source: Awaited<ReturnType<typeof openByteSource>>,
  known: ChainHead,
  blocksFrom: number,
): Promise<boolean> {
  if (source.sizeBytes < known.offset) return false;
  if (known.offset === blocksFrom) return true;
  const check = await source.read(known.offset - checkBytes, checkBytes);
  return check.toString("hex") === known.chain.slice(0, 2 * checkBytes);
}

/** Undefined where the chain breaks. */
function placeAfter(place: TailPlace, block: Block): TailPlace | undefined {
  const chain = followChain(place.chain, block);
  const isKnown = block.type === blockTypes.entries || block.count === 0;
  if (chain === undefined || block.position !== place.end || !isKnown) return undefined;
  return { ...place, chain, sizeBytes: place.sizeBytes + block.bytes.length, end: place.end + block.count };
}

function afterDamage(
  damage: string,
  found: {
    readonly segments: readonly SegmentFile[];
    readonly known: ChainHead | undefined;
    readonly follower: Follower;
  },
): Recovery {
  const { segments, known } = found;
  const place = found.follower.place;
  const from = Math.max(place?.end ?? 0, 0);
  const highest = Math.max(from, known?.position ?? 0, segments.at(-1)?.first ?? 0);
  const first = highest + positionsLeftOut;
  const previous = place?.chain ?? (known === undefined ? genesis : Buffer.from(known.chain, "hex"));
  const report = {
    message: "Audit log was changed from outside: entries may be missing",
    fields: { damage, knownEntries: known?.position ?? from, goesOnAt: first },
  };
  return { at: { first, previous, gap: { reason: damage, from } }, reports: [report] };
}

/** Moves what is after the last block to a file beside the segment. */
async function cutTornEnd({ segment, sizeBytes, end }: TailPlace, tornBytes: number): Promise<LogReport> {
  const aside = `${segment.path}.torn-${sizeBytes}`;
  // The whole file where copying costs nothing; what counts is that the torn bytes are kept.
  await copyFile(segment.path, aside, constants.COPYFILE_FICLONE);
  await truncate(segment.path, sizeBytes);
  const file = await open(segment.path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(segment.path));
  return {
    message: "Audit log ended within an entry, which was taken out: its request was not answered",
    fields: { segment: segment.name, afterEntry: end, bytes: tornBytes },
  };
}
