/**
 * Verifies a log by its ciphertext: the chain, the numbers, the signatures of checkpoints, and checkpoints that were kept elsewhere.
 *
 * What a verdict says is worth: whoever may rewrite every byte and make every hash anew, but cannot sign, changes nothing before
 * the last signed checkpoint without a fault - except that they may cut the log behind any signed one. That, and only that, takes
 * a checkpoint that was kept elsewhere to be found.
 */
import type { KeyObject } from "node:crypto";
import { BlockWalk, readSegmentHeader } from "./block-walk.ts";
import type { OpenedSegment } from "./block-walk.ts";
import { blockTypes, followChain, payloadOf } from "./block.ts";
import type { Block } from "./block.ts";
import { openByteSource } from "./byte-source.ts";
import type { ByteSource } from "./byte-source.ts";
import { checkpointOf, encodePublicKey, isSigned, signatureBytes } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { keyAt, keyEpochs } from "./key-change.ts";
import type { KeyEpoch } from "./key-change.ts";
import { listSegments } from "./log-directory.ts";
import { decodeRetention } from "./log-retention.ts";
import type { SegmentGap } from "./segment-header.ts";

/** A segment, wherever it is kept. */
export interface SegmentToVerify {
  readonly name: string;
  readonly first: number;
  open(): Promise<ByteSource>;
}

export interface VerifyOptions {
  /** The key that is trusted: any of those that signed one after the other. */
  readonly publicKey: KeyObject;
  /** Checkpoints that were kept where the log's host cannot change them. */
  readonly outside: readonly Checkpoint[];
  /** Which entries to verify: from this one on, and before that one. */
  readonly from: number;
  readonly to: number;
}

/** Something that is not as the server wrote it, and where. */
export interface LogFault {
  readonly segment: string;
  /** Of the block in the segment; undefined where it is not about one. */
  readonly offset?: number;
  /** The entries it is about: from the first on, and before the other. */
  readonly from: number;
  readonly to: number;
  readonly what: string;
  /** The server found it itself, and said so in the log. */
  readonly onRecord?: true;
}

/** What retention left: entries before the first one were deleted at that time. */
export interface Retained {
  readonly first: number;
  readonly time: string;
}

/** What was found. */
export interface LogVerdict {
  readonly instance: string | undefined;
  /** Entries that were followed: from the first on, and before the other. */
  readonly first: number;
  readonly end: number;
  /** How many there are; fewer than their numbers say where some were left out. */
  readonly entries: number;
  readonly segments: number;
  readonly faults: readonly LogFault[];
  /** How many faults there are beyond those. */
  readonly furtherFaults: number;
  /** The first entry that retention kept, as the server signed; undefined where nothing was deleted by it. */
  readonly retained: Retained | undefined;
  /** Where the key of checkpoints changed, and to which, as far as changes are signed by both keys. */
  readonly keyChanges: readonly { readonly first: number; readonly time: string; readonly publicKey: string }[];
  /** The last checkpoint that the server signed. */
  readonly signed: Checkpoint | undefined;
  /** The last one that was kept elsewhere and fits. */
  readonly outside: Checkpoint | undefined;
  /** Bytes of a block at the end that is not whole: one that is being written, or was cut. */
  readonly unfinishedBytes: number;
}

const faultsMax = 100;

/** The segments of a log in a folder. */
export async function segmentsToVerify(directory: string): Promise<readonly SegmentToVerify[]> {
  return (await listSegments(directory)).map((file) => ({ ...file, open: () => openByteSource(file.path) }));
}

/** Goes through the segments, which must be in the order of their numbers. Raises what reading raises. */
export async function verifyLog(segments: readonly SegmentToVerify[], options: VerifyOptions): Promise<LogVerdict> {
  const verifier = new Verifier(options, await keyEpochs(segments, options.publicKey));
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]?.first ?? Infinity;
    if (next <= options.from) continue;
    if (verifier.isDone) break;
    await using source = await segment.open();
    await verifier.segment(segment, source, next === Infinity);
  }
  return verifier.verdict(segments.at(-1)?.name ?? "");
}

class Verifier {
  readonly #options: VerifyOptions;
  readonly #epochs: readonly KeyEpoch[];
  /** That of the segment that is looked at. */
  #publicKey: KeyObject;
  /** Those that were kept elsewhere, the one of the fewest entries first. */
  readonly #outside: Checkpoint[];
  readonly #faults: LogFault[] = [];
  #furtherFaults = 0;
  #instance: string | undefined;
  #first: number | undefined;
  #entries = 0;
  #segments = 0;
  /** Undefined where the chain is broken, until the next segment. */
  #chain: Buffer | undefined;
  #position: number;
  #signed: Checkpoint | undefined;
  #fits: Checkpoint | undefined;
  #unfinishedBytes = 0;
  /** What retention left: as it is said, and as a checkpoint behind that says. */
  #said: Retained | undefined;
  #retained: Retained | undefined;
  /** Where the segments that were looked at begin, if that is behind what was asked for. */
  #front: LogFault | undefined;
  /** Those that were kept elsewhere about no more than what is before it. */
  #ofBefore: Checkpoint[] = [];
  /** A checkpoint is not the server's: those after it cannot be either, and are not told one by one. */
  #isForged = false;

  constructor(options: VerifyOptions, epochs: readonly KeyEpoch[]) {
    this.#options = options;
    this.#epochs = epochs;
    this.#publicKey = options.publicKey;
    this.#position = options.from;
    this.#outside = options.outside
      .filter(({ entries }) => entries >= options.from)
      .sort((a, b) => a.entries - b.entries);
  }

  /** All that was asked for is followed, up to a checkpoint behind it. */
  get isDone(): boolean {
    return this.#signed !== undefined && this.#signed.entries >= this.#options.to;
  }

  async segment(segment: SegmentToVerify, source: ByteSource, isLast: boolean): Promise<void> {
    const opened = await this.#open(segment, source);
    if (opened === undefined) return;
    const walk = new BlockWalk(source, opened.blocksFrom);
    for (;;) {
      let { offset } = walk;
      const blocks = await walk.next();
      if (blocks === undefined) break;
      for (const block of blocks) {
        if (!this.#block(segment, block, offset)) return;
        offset += block.bytes.length;
      }
      if (this.isDone) return;
    }
    const { ending, offset } = walk;
    if (ending === "incomplete" && isLast) this.#unfinishedBytes = source.sizeBytes - offset;
    else if (ending !== "whole") this.#broken(segment, offset, "is followed by bytes that are no block");
  }

  verdict(lastSegment: string): LogVerdict {
    const { from, to } = this.#options;
    const first = this.#first ?? from;
    // Behind what was asked for, nothing was looked at.
    const expected = this.isDone ? this.#outside.filter(({ entries }) => entries <= this.#position) : this.#outside;
    this.#lookAtFront(lastSegment);
    for (const checkpoint of expected) this.#missed(lastSegment, checkpoint);
    if (this.#first === undefined && this.#outside.length === 0 && from > 0) {
      this.#fault({ segment: lastSegment, from, to: from + 1, what: `no entry ${from} is there` });
    }
    return {
      instance: this.#instance,
      first,
      end: Math.max(first, Math.min(this.#position, to)),
      entries: this.#entries,
      segments: this.#segments,
      faults: this.#faults,
      furtherFaults: this.#furtherFaults,
      signed: this.#signed,
      outside: this.#fits,
      unfinishedBytes: this.#unfinishedBytes,
      retained: this.#retained,
      keyChanges: this.#epochs.flatMap(({ first: at, time, publicKey }) =>
        time === undefined ? [] : [{ first: at, time, publicKey: encodePublicKey(publicKey) }],
      ),
    };
  }

  /** What is not there before the first segment is no fault where the server signed that retention took it. */
  #lookAtFront(lastSegment: string): void {
    const kept = this.#retained?.first ?? 0;
    if (this.#front !== undefined && this.#front.to > kept) {
      this.#fault({ ...this.#front, from: Math.max(this.#front.from, kept) });
    }
    for (const checkpoint of this.#ofBefore) {
      if (checkpoint.entries > kept) this.#missed(lastSegment, checkpoint);
    }
  }

  async #open(segment: SegmentToVerify, source: ByteSource): Promise<OpenedSegment | undefined> {
    const before = { chain: this.#chain, position: this.#position };
    let opened: OpenedSegment;
    try {
      opened = await readSegmentHeader(source);
    } catch {
      this.#chain = undefined;
      this.#fault({
        segment: segment.name,
        offset: 0,
        ...atEntry(segment.first),
        what: "the segment does not begin with a header",
      });
      return undefined;
    }
    const { header, after } = opened;
    this.#segments += 1;
    this.#instance ??= header.instance;
    if (header.instance !== this.#instance || header.first !== segment.first) {
      this.#fault({
        segment: segment.name,
        offset: 0,
        ...atEntry(segment.first),
        what: "the segment is not of this place in this log",
      });
    }
    this.#publicKey = keyAt(this.#epochs, segment.first);
    this.#joint(segment, { ...header, before });
    this.#chain = after;
    this.#position = header.first;
    this.#first ??= header.first;
    return opened;
  }

  /** How the segment goes on from the one before. */
  #joint(
    { name }: SegmentToVerify,
    header: {
      readonly first: number;
      readonly previous: string;
      readonly gap?: SegmentGap;
      readonly before: { readonly chain: Buffer | undefined; readonly position: number };
    },
  ): void {
    const { first, previous, gap, before } = header;
    // Where the server found that entries were missing, those before them must be there.
    const until = gap?.from ?? first;
    if (gap !== undefined) {
      const what = `the server found here that entries were missing (${gap.reason})`;
      this.#fault({ segment: name, offset: 0, from: gap.from, to: first, what, onRecord: true });
    }
    if (this.#first === undefined) {
      // The first that is looked at: it may begin before what was asked for.
      const what = "they are not there";
      if (until > before.position) this.#front = { segment: name, offset: 0, from: before.position, to: until, what };
      while ((this.#outside[0]?.entries ?? Infinity) < first) this.#ofBefore.push(...this.#outside.splice(0, 1));
      return;
    }
    if (before.chain === undefined) return; // told already, where it broke
    if (until > before.position || (gap === undefined && first !== before.position)) {
      const what = "they are not there: a segment was removed, or the end of one was cut";
      this.#fault({ segment: name, offset: 0, from: before.position, to: until, what });
    } else if (gap === undefined && before.chain.toString("hex") !== previous) {
      this.#fault({
        segment: name,
        offset: 0,
        ...atEntry(first),
        what: "the segment does not go on from the one before",
      });
    }
  }

  /** False where the chain breaks: the rest of the segment cannot be followed. */
  #block(segment: SegmentToVerify, block: Block, offset: number): boolean {
    const before = this.#chain;
    this.#look(before);
    const after = before === undefined ? undefined : followChain(before, block);
    if (before === undefined || after === undefined)
      return this.#broken(segment, offset, "was changed, or is not the one that was there");
    if (block.position !== this.#position || !isKnown(block))
      return this.#broken(segment, offset, "has other numbers than follow");
    if (block.type === blockTypes.checkpoint) this.#checkpoint(segment, block, { offset, head: before });
    if (block.type === blockTypes.retention) this.#retention(block);
    if (block.type === blockTypes.entries) this.#entries += block.count;
    this.#position += block.count;
    this.#chain = after;
    this.#look(after);
    return true;
  }

  #checkpoint(
    segment: SegmentToVerify,
    block: Block,
    { offset, head }: { readonly offset: number; readonly head: Buffer },
  ): void {
    const publicKey = this.#publicKey;
    const facts = { instance: this.#instance ?? "", entries: block.position, head, timeMs: block.timeMs };
    const signature = payloadOf(block);
    if (isSigned(facts, signature, publicKey)) {
      this.#signed = checkpointOf(facts, Buffer.from(signature), publicKey);
      this.#retained = this.#said;
      return;
    }
    if (this.#isForged) return;
    this.#isForged = true;
    const from = this.#signed?.entries ?? this.#first ?? 0;
    const what =
      "the checkpoint after them is not signed by the server: something in them was changed, and the hashes made anew";
    this.#fault({ segment: segment.name, offset, from, to: block.position, what });
  }

  #retention(block: Block): void {
    const first = decodeRetention(payloadOf(block));
    // Nothing is kept that was deleted before.
    if (first === undefined || first <= (this.#said?.first ?? 0)) return;
    this.#said = { first, time: new Date(block.timeMs).toISOString() };
  }

  /** Whether the log is here as a checkpoint that was kept elsewhere has it. */
  #look(chain: Buffer | undefined): void {
    const next = this.#outside[0];
    if (next === undefined || next.entries > this.#position || chain === undefined) return;
    if (next.entries === this.#position && next.head === chain.toString("hex")) {
      this.#fits = next;
      this.#outside.shift();
    } else if (next.entries < this.#position) {
      this.#outside.shift();
      this.#missed("", next);
    }
  }

  #missed(segment: string, { entries, time }: Checkpoint): void {
    const from = Math.min(this.#fits?.entries ?? this.#first ?? 0, entries);
    const kept = `the checkpoint of ${time}, which was kept elsewhere,`;
    if (entries > this.#position) {
      const what = `${kept} counts them: they were cut off`;
      this.#fault({ segment, from: this.#position, to: entries, what });
    } else {
      this.#fault({
        segment,
        from,
        to: entries,
        what: `${kept} is of others than are here: something in them was changed or removed`,
      });
    }
  }

  #broken({ name }: SegmentToVerify, offset: number, how: string): false {
    this.#chain = undefined;
    const what = `the block that begins with entry ${this.#position} ${how}; what follows in the segment is not verified`;
    this.#fault({ segment: name, offset, ...atEntry(this.#position), what });
    return false;
  }

  #fault(fault: LogFault): void {
    // What was said before it, and is under no checkpoint yet, may be somebody else's.
    this.#said = this.#retained;
    // Between two checkpoints of the same number lies at least what is there.
    const to = Math.max(fault.to, fault.from + 1);
    if (this.#faults.length < faultsMax) this.#faults.push({ ...fault, to });
    else this.#furtherFaults += 1;
  }
}

function atEntry(position: number): { from: number; to: number } {
  return { from: position, to: position + 1 };
}

function isKnown(block: Block): boolean {
  const { type, count } = block;
  if (type === blockTypes.entries) return count > 0;
  if (type === blockTypes.checkpoint) return count === 0 && payloadOf(block).length === signatureBytes;
  if (type === blockTypes.retention) return count === 0 && decodeRetention(payloadOf(block)) !== undefined;
  return type === blockTypes.dictionary && count === 0;
}
