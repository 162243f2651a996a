/**
 * What a start finds of the log. The store knows where the log was some entries ago, so only what came after is followed: it must
 * be there, and the chain must hold. Then there are three cases:
 *
 * - All is there: the log goes on where it ends.
 * - The last segment ends in the middle of a block, or in bytes that are none, and nothing that was written comes after them: that is what
 *   a crash leaves of an append that nobody was answered for. They are moved to a file beside it, and the log goes on at the end of the last block.
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
import type { ByteSource } from "./byte-source.ts";
import type { EntryCipher } from "./entry-cipher.ts";
import { findBlock } from "./find-block.ts";
import { listSegments } from "./log-directory.ts";
import type { SegmentFile } from "./log-directory.ts";
import type { AuditKeys, ChainHead, LogReport } from "./log-keys.ts";
import { linesOf, unlessCorrupt } from "./log-reader.ts";
import type { TailPlace, SegmentStart } from "./log-tail.ts";
import { openSegmentCipher } from "./segment-cipher.ts";
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
export async function recoverLog(
  directory: string,
  keys: Pick<AuditKeys, "instance" | "seal">,
  known: ChainHead | undefined,
): Promise<Recovery> {
  const segments = await listSegments(directory);
  if (segments.length === 0 && known === undefined) {
    return { at: { first: 0, previous: genesis }, reports: [] };
  }
  const follower = new Follower(keys);
  const damage = await follower.follow(segments, known);
  if (damage !== undefined) return afterDamage(damage, { segments, known, follower });
  const { place } = follower;
  if (place === undefined) return afterDamage("no segment is left", { segments, known, follower });
  const isTorn = follower.tornBytes > 0;
  return { at: place, reports: isTorn ? [await cutTornEnd(place, follower.tornBytes)] : [] };
}

/** Follows the chain from where the store knows it to the end. */
class Follower {
  readonly #keys: Pick<AuditKeys, "instance" | "seal">;
  place: TailPlace | undefined;
  /** Bytes after the last block. */
  tornBytes = 0;
  /** The first position of a segment that could not be opened. */
  unopened: number | undefined;

  constructor(keys: Pick<AuditKeys, "instance" | "seal">) {
    this.#keys = keys;
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
    const opened = await unlessCorrupt(() => readSegmentHeader(source));
    if (opened === undefined) return this.#cannotBeOpened(segment);
    const { header, blocksFrom, after } = opened;
    if (header.instance !== this.#keys.instance) {
      throw new StrongroomError("corrupt", `the audit log must be of the instance ${this.#keys.instance}`);
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
        if (next === undefined) return await this.#end(place, source, isLast);
        place = next;
      }
    }
    return await this.#end(place, source, isLast);
  }

  async #end(place: TailPlace, source: ByteSource, isLast: boolean): Promise<string | undefined> {
    this.place = place;
    this.tornBytes = source.sizeBytes - place.sizeBytes;
    const damage = `the segment ${place.segment.name} is damaged after entry ${place.end}`;
    if (!isLast) return this.tornBytes === 0 ? undefined : damage;
    const cipher = await this.#cipherOf(source);
    if (cipher === undefined) return this.#cannotBeOpened(place.segment);
    return this.tornBytes > 0 && (await isFollowed(place, source, cipher)) ? damage : undefined;
  }

  /** Undefined where the log cannot go on in a segment. */
  async #cipherOf(source: ByteSource): Promise<EntryCipher | undefined> {
    const opened = await unlessCorrupt(async () =>
      openSegmentCipher(source, await readSegmentHeader(source), this.#keys.seal),
    );
    return opened?.cipher;
  }

  #cannotBeOpened({ name, first }: SegmentFile): string {
    this.unopened ??= first;
    return `the segment ${name} does not begin as it was written`;
  }
}

/** Whether something that was written comes after bytes that were not. */
async function isFollowed({ sizeBytes, end }: TailPlace, source: ByteSource, cipher: EntryCipher): Promise<boolean> {
  const isAuthentic = (block: Block) => linesOf(block, cipher) !== undefined;
  // Behind the first byte: a block that lacks its last bytes only is torn, too.
  return (await findBlock(source, { offset: sizeBytes + 1, from: end, before: Infinity, isAuthentic })) !== undefined;
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
  const { place, unopened } = found.follower;
  // Before the segment that the store knows, nothing was looked at: what is missing there is not what was found here.
  const from = place?.end ?? unopened ?? known?.segment ?? 0;
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
