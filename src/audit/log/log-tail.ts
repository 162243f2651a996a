/**
 * The end of the log, where it grows: the segment that is written to, the chain's value, and what is durable of it. One call at
 * a time. A failed append leaves everything as it was before it: what it had written is taken out again, at the latest when the
 * segment is opened for the next one.
 */
import { createPublicKey, createSecretKey, randomFillSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import type { AppendFile, AppendFiles } from "../append-file.ts";
import type { AuditEvent } from "../audit-event.ts";
import { blockTypes, encodeBlock, encodeHeader } from "./block.ts";
import { readSegmentHeader } from "./block-walk.ts";
import { openByteSource } from "./byte-source.ts";
import { checkpointOf, encodePublicKey, signCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { dataKeyBytes, EntryCipher } from "./entry-cipher.ts";
import { EventDictionary, firstDictionary } from "./event-dictionary.ts";
import { signKeyChange } from "./key-change.ts";
import { segmentFile } from "./log-directory.ts";
import type { SegmentFile } from "./log-directory.ts";
import type { AuditKeys, ChainHead } from "./log-keys.ts";
import { encodeRetention } from "./log-retention.ts";
import { openSegmentCipher } from "./segment-cipher.ts";
import { encodeSegmentHeader } from "./segment-header.ts";
import type { SegmentGap } from "./segment-header.ts";

export interface TailOptions {
  readonly directory: string;
  readonly keys: AuditKeys;
  readonly files: AppendFiles;
  readonly now: () => Date;
}

/** Where a segment ends. */
export interface TailPlace {
  readonly segment: SegmentFile;
  readonly sizeBytes: number;
  readonly chain: Buffer;
  readonly end: number;
}

interface OpenedTail {
  readonly cipher: EntryCipher;
  readonly file: AppendFile | undefined;
  readonly hasOwnDictionary: boolean;
}

/** What one append adds. */
export interface Addition {
  /** Lines of JSON. */
  readonly lines: readonly string[];
  /** The event of the first line, as an example of what is recorded. */
  readonly example?: AuditEvent;
  /** Entries before this one are about to be deleted, which is said behind the lines. */
  readonly retention?: number | undefined;
  /** Whether a checkpoint follows them. */
  readonly checkpoint: boolean;
  /** Whether it must be on the disk, with all before it; else the system may have it only. */
  readonly sync: boolean;
}

export class LogTail {
  readonly #options: TailOptions;
  #keys: AuditKeys;
  #segment: SegmentFile;
  #cipher: EntryCipher;
  /** Undefined after a failure: opened anew with the next append. */
  #file: AppendFile | undefined;
  /** Length up to which everything is durable and counts. */
  #sizeBytes: number;
  #chain: Buffer;
  #end: number;
  #hasOwnDictionary: boolean;
  /** What the next segment is compressed with. */
  readonly #examples = new EventDictionary();

  private constructor(options: TailOptions, place: TailPlace, opened: OpenedTail) {
    this.#options = options;
    this.#keys = options.keys;
    this.#segment = place.segment;
    this.#cipher = opened.cipher;
    this.#hasOwnDictionary = opened.hasOwnDictionary;
    this.#file = opened.file;
    this.#sizeBytes = place.sizeBytes;
    this.#chain = place.chain;
    this.#end = place.end;
  }

  /** Begins a segment. */
  static async begin(options: TailOptions, start: SegmentStart): Promise<LogTail> {
    const { place, cipher, file } = await createSegment(options, start);
    return new LogTail(options, place, { cipher, file, hasOwnDictionary: start.dictionary !== undefined });
  }

  /** Goes on where a segment ends. */
  static async resume(options: TailOptions, place: TailPlace): Promise<LogTail> {
    await using source = await openByteSource(place.segment.path);
    const opened = await readSegmentHeader(source);
    const { cipher, hasOwnDictionary } = await openSegmentCipher(source, opened, options.keys.seal);
    return new LogTail(options, place, { cipher, file: undefined, hasOwnDictionary });
  }

  /** The position of the next entry. */
  get end(): number {
    return this.#end;
  }

  /** The length of the segment. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the segment is compressed with events like its own, not with what was thought up for the first one. */
  get hasOwnDictionary(): boolean {
    return this.#hasOwnDictionary;
  }

  /** How many entries the segment has. */
  get segmentEntries(): number {
    return this.#end - this.#segment.first;
  }

  /** What checkpoints are signed with. */
  get publicKey(): KeyObject {
    return this.#keys.publicKey;
  }

  get segmentName(): string {
    return this.#segment.name;
  }

  get segmentFirst(): number {
    return this.#segment.first;
  }

  head(openFrom: number): ChainHead {
    const chain = this.#chain.toString("hex");
    return { position: this.#end, chain, segment: this.#segment.first, offset: this.#sizeBytes, openFrom };
  }

  /**
   * Adds entries, a checkpoint, or both in this order, or nothing; resolves when they are on the disk, to the checkpoint. Raises
   * what the file system raises, and {@link DisplacedSegment} when the segment is no longer what was written.
   */
  async append({ lines, example, retention, checkpoint, sync }: Addition): Promise<Checkpoint | undefined> {
    const file = (this.#file ??= await this.#reopen());
    if (!file.isInPlace(this.#sizeBytes)) throw new DisplacedSegment(this.#segment.name);
    const made = this.#blocks(lines, retention, checkpoint);
    try {
      await file.append(made.bytes, { sync });
    } catch (error) {
      await this.#abandon(file);
      throw error;
    }
    this.#sizeBytes += made.bytes.length;
    this.#chain = made.chain;
    this.#end += lines.length;
    const [first] = lines;
    if (example !== undefined && first !== undefined) this.#examples.note(example, first);
    return made.checkpoint;
  }

  /** Goes on in a new segment. With a gap, the entries up to here may be gone; with a key, checkpoints are signed by it from there on. */
  async rotate({ gap, signingKey }: Rotation = {}): Promise<void> {
    const dictionary = this.#examples.build();
    const start = { first: this.#end, previous: this.#chain, dictionary, ...(gap && { gap }) };
    const keys = signingKey === undefined ? this.#keys : withSigningKey(this.#keys, signingKey);
    const { place, cipher, file } = await createSegment({ ...this.#options, keys }, start, this.#keys.signingKey);
    this.#keys = keys;
    const former = this.#file;
    this.#segment = place.segment;
    this.#cipher = cipher;
    this.#hasOwnDictionary = start.dictionary !== undefined;
    this.#file = file;
    this.#sizeBytes = place.sizeBytes;
    this.#chain = place.chain;
    await former?.close();
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #blocks(lines: readonly string[], retention: number | undefined, withCheckpoint: boolean) {
    const timeMs = this.#options.now().getTime();
    const parts: Buffer[] = [];
    let chain = this.#chain;
    if (lines.length > 0) {
      const head = { type: blockTypes.entries, count: lines.length, position: this.#end, timeMs };
      const { header, payload } = this.#cipher.seal(Buffer.from(lines.join("\n")), (size) => encodeHeader(head, size));
      const block = encodeBlock(header, payload, chain);
      parts.push(block.bytes);
      chain = block.after;
    }
    if (retention !== undefined) {
      const payload = encodeRetention(retention);
      const head = { type: blockTypes.retention, count: 0, position: this.#end + lines.length, timeMs };
      const block = encodeBlock(encodeHeader(head, payload.length), [payload], chain);
      parts.push(block.bytes);
      chain = block.after;
    }
    if (!withCheckpoint) return { bytes: Buffer.concat(parts), chain, checkpoint: undefined };
    const { instance, signingKey, publicKey } = this.#keys;
    const facts = { instance, entries: this.#end + lines.length, head: chain, timeMs };
    const signature = signCheckpoint(facts, signingKey);
    const head = { type: blockTypes.checkpoint, count: 0, position: facts.entries, timeMs };
    const block = encodeBlock(encodeHeader(head, signature.length), [signature], chain);
    parts.push(block.bytes);
    return { bytes: Buffer.concat(parts), chain: block.after, checkpoint: checkpointOf(facts, signature, publicKey) };
  }

  async #abandon(file: AppendFile): Promise<void> {
    // Not used again as it is: after a failed sync the system may call lost pages written.
    this.#file = undefined;
    // What cannot be taken out now is taken out when the file is opened again.
    await Promise.allSettled([file.truncate(this.#sizeBytes), file.close()]);
  }

  async #reopen(): Promise<AppendFile> {
    const { path, name } = this.#segment;
    if (!existsSync(path)) throw new DisplacedSegment(name);
    const file = await this.#options.files.open(path);
    try {
      if (file.openedSize < this.#sizeBytes) throw new DisplacedSegment(name);
      if (file.openedSize > this.#sizeBytes) await file.truncate(this.#sizeBytes);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

/** The segment that is written to was removed, replaced, cut or added to by somebody else. */
export class DisplacedSegment extends Error {
  constructor(name: string) {
    super(`the segment ${name} of the audit log must be as the server wrote it`);
    this.name = "DisplacedSegment";
  }
}

export interface Rotation {
  readonly gap?: SegmentGap;
  readonly signingKey?: KeyObject;
}

export interface SegmentStart {
  readonly first: number;
  /** The chain's value that it goes on from. */
  readonly previous: Buffer;
  readonly dictionary: Buffer | undefined;
  readonly gap?: SegmentGap;
}

function withSigningKey(keys: AuditKeys, signingKey: KeyObject): AuditKeys {
  return { ...keys, signingKey, publicKey: createPublicKey(signingKey) };
}

/** `former` is the key that signed before. */
async function createSegment(options: TailOptions, start: SegmentStart, former = options.keys.signingKey) {
  const { keys, now } = options;
  const dataKey = randomFillSync(Buffer.alloc(dataKeyBytes));
  const wrapped = await keys.seal.wrap(dataKey);
  const secret = createSecretKey(dataKey);
  dataKey.fill(0);
  const begin = { instance: keys.instance, first: start.first, previous: start.previous.toString("hex") };
  const isChange = !former.equals(keys.signingKey);
  const { bytes, after } = encodeSegmentHeader({
    ...begin,
    createdAt: now().toISOString(),
    dataKey: Buffer.from(wrapped).toString("base64"),
    publicKey: encodePublicKey(keys.publicKey),
    ...(isChange && { keyChange: signKeyChange(begin, { former, next: keys.signingKey }) }),
    ...(start.dictionary !== undefined && { dictionary: "bound" }),
    ...(start.gap !== undefined && { gap: start.gap }),
  });
  const plain = new EntryCipher(secret, firstDictionary);
  const dictionary = start.dictionary && dictionaryBlock(plain, start, after, start.dictionary);
  const content = Buffer.concat([bytes, ...(dictionary === undefined ? [] : [dictionary.bytes])]);
  const segment = segmentFile(options.directory, start.first);
  // One without entries may have the same name, if it was displaced: it is kept, out of the way.
  if (existsSync(segment.path)) await rename(segment.path, `${segment.path}.displaced-${now().getTime()}`);
  const file = await options.files.create(segment.path, content);
  const place = { segment, sizeBytes: content.length, chain: dictionary?.after ?? after, end: start.first };
  return { place, file, cipher: start.dictionary === undefined ? plain : plain.boundTo(start.dictionary) };

  function dictionaryBlock(cipher: EntryCipher, { first }: SegmentStart, before: Buffer, dictionary: Buffer) {
    const head = { type: blockTypes.dictionary, count: 0, position: first, timeMs: now().getTime() };
    const { header, payload } = cipher.seal(dictionary, (size) => encodeHeader(head, size));
    return encodeBlock(header, payload, before);
  }
}
