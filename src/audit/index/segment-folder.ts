/**
 * The segments on the disk: which of them count, and how they become fewer.
 *
 * A file is named by its range. One that was merged is there beside its parts for a moment; after a crash the parts are removed.
 * What does not open, or does not follow the others, is removed with all that comes after it, and indexed anew.
 */
import type { KeyObject } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Segment } from "./segment.ts";
import { mergeSegments } from "./write-segments.ts";
import type { WorkShare } from "./work-share.ts";

/** So many segments that follow each other are merged to one, */
const mergedSegments = 8;
/** if each of them is smaller. One that is written from memory has 0.4 MB at least, so a row is written four times at most. */
const mergedBytesMax = 8 * 1024 * 1024;

/** Whether a segment is of the log that is there; asked of those whose last entry the log still has. */
export type IsOfLog = (segment: Segment) => Promise<boolean>;

export class SegmentFolder {
  readonly #path: string;
  readonly #key: KeyObject;
  readonly #share: WorkShare;
  #segments: Segment[] = [];

  constructor(path: string, key: KeyObject, share: WorkShare) {
    this.#path = path;
    this.#key = key;
    this.#share = share;
  }

  /** In the order of the log, without gaps. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Opens what counts and removes the rest. */
  async open(isOfLog: IsOfLog): Promise<void> {
    await this.make();
    const names = await readdir(this.#path);
    const ranges = names.map(rangeOf).filter((range) => range !== undefined);
    // The widest of those that begin together is what was merged from the others.
    ranges.sort((a, b) => a.from - b.from || b.to - a.to);
    let next: number | undefined;
    for (const { from, to } of ranges) {
      if (next !== undefined && from < next) continue;
      if (next !== undefined && from > next) break;
      const segment = await this.#openSegment(from, to, isOfLog);
      if (segment === undefined) {
        // Without its beginning, what follows counts no more than what is missing.
        if (this.#segments.length > 0) break;
        continue;
      }
      this.#segments.push(segment);
      next = to;
    }
    const kept = new Set(this.#segments.map(({ from, to }) => nameOf(from, to)));
    for (const name of names) if (!kept.has(name)) await rm(join(this.#path, name), { recursive: true, force: true });
  }

  pathOf(from: number, to: number): string {
    return join(this.#path, nameOf(from, to));
  }

  /** Makes the folder, also when somebody has deleted it. */
  async make(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
  }

  /** Takes a segment that was written at {@link pathOf} and follows the others. */
  async add(from: number, to: number): Promise<void> {
    this.#segments.push(await Segment.open(this.pathOf(from, to), this.#key));
  }

  /** Merges as long as there is something to merge. */
  async merge(): Promise<void> {
    for (let group = this.#mergeable(); group !== undefined; group = this.#mergeable()) {
      const [from, to] = [group[0]?.from ?? 0, group.at(-1)?.to ?? 0];
      for (const segment of group) segment.use();
      try {
        await mergeSegments(group, { path: this.pathOf(from, to), key: this.#key, share: this.#share });
      } finally {
        for (const segment of group) await segment.release();
      }
      const merged = await Segment.open(this.pathOf(from, to), this.#key);
      const parts = new Set(group);
      const at = this.#segments.indexOf(group[0] ?? merged);
      // Dropped meanwhile, as the log was.
      if (at < 0) return this.#remove(merged);
      this.#segments.splice(at, this.#segments.filter((segment) => parts.has(segment)).length, merged);
      for (const segment of group) await this.#remove(segment);
    }
  }

  /** Removes the segments from the first one on that reaches beyond a position. */
  async dropFrom(position: number): Promise<void> {
    const at = this.#segments.findIndex(({ to }) => to > position);
    if (at < 0) return;
    for (const segment of this.#segments.splice(at)) await this.#remove(segment);
  }

  /** Removes the segments of which the log has no entry any more. */
  async dropBefore(position: number): Promise<void> {
    while ((this.#segments[0]?.to ?? Infinity) <= position) {
      const [segment] = this.#segments.splice(0, 1);
      if (segment !== undefined) await this.#remove(segment);
    }
  }

  async close(): Promise<void> {
    for (const segment of this.#segments.splice(0)) await segment.release();
  }

  async #remove(segment: Segment): Promise<void> {
    await rm(segment.path, { force: true });
    await segment.release();
  }

  async #openSegment(from: number, to: number, isOfLog: IsOfLog): Promise<Segment | undefined> {
    let segment: Segment | undefined;
    try {
      segment = await Segment.open(this.pathOf(from, to), this.#key);
      if (segment.from === from && segment.to === to && (await isOfLog(segment))) return segment;
    } catch {
      // Whatever is wrong with it, or with the log: it can be made anew, and a server must start without it.
    }
    await segment?.release();
    return undefined;
  }

  /** The first that are enough to be merged. */
  #mergeable(): Segment[] | undefined {
    let group: Segment[] = [];
    for (const segment of this.#segments) {
      if (segment.sizeBytes >= mergedBytesMax) group = [];
      else group.push(segment);
      if (group.length === mergedSegments) return group;
    }
    return undefined;
  }
}

function nameOf(from: number, to: number): string {
  return `${from}-${to}.segment`;
}

function rangeOf(name: string): { readonly from: number; readonly to: number } | undefined {
  const [, from = "", to = ""] = /^(\d{1,15})-(\d{1,15})\.segment$/.exec(name) ?? [];
  return from === "" || Number(to) <= Number(from) ? undefined : { from: Number(from), to: Number(to) };
}
