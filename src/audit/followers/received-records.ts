/**
 * What a receiver kept, held against what the log has for it. A follower believes a receiver that says it has a record; whether it
 * kept it, and kept it as it was, is seen here.
 */
import { createHash } from "node:crypto";
import type { AuditEntry } from "../audit-log.ts";
import type { RenderEntry } from "./destination.ts";

/** Records of entries from one on and before another that the receiver has not. */
export interface MissingRecords {
  readonly from: number;
  readonly before: number;
  readonly records: number;
}

export interface ReceivedComparison {
  /** How many records the receiver was to have, and has. */
  readonly expected: number;
  readonly present: number;
  readonly missing: readonly MissingRecords[];
  /** How many ranges are missing beyond those. */
  readonly furtherMissing: number;
  /** Lines that are no record of the log: changed, or made up. */
  readonly foreign: number;
  /** The numbers of the first of them, from 1. */
  readonly foreignLines: readonly number[];
  readonly repeated: number;
  readonly checkpoints: number;
}

const missingMax = 100;
const foreignLinesMax = 20;

/** The lines that a receiver kept: some 120 bytes of memory for each. */
export class ReceivedRecords {
  /** The number of the line of each, by its digest. */
  readonly lines = new Map<string, number>();
  readonly unreadable: number[] = [];
  repeated = 0;
  checkpoints = 0;
  #count = 0;

  /** Takes the next line; the order of fields, and blanks, do not count. */
  add(line: string): void {
    this.#count += 1;
    if (line.trim() === "") return;
    let value: unknown;
    let digest: string;
    try {
      value = JSON.parse(line);
      digest = digestOf(value);
    } catch {
      // No JSON, or so deep that no record is.
      this.unreadable.push(this.#count);
      return;
    }
    if ((Object(value) as { kind?: unknown }).kind === "AuditCheckpoint") {
      this.checkpoints += 1;
      return;
    }
    if (this.lines.has(digest)) this.repeated += 1;
    else this.lines.set(digest, this.#count);
  }
}

/**
 * Compares. Of the entries, `isWanted` says which records must be there; without it, those between the first and the last that are.
 * All entries of the log must be given, so that what is not among them is known to be foreign. Takes the records out of `received`.
 */
export async function compareReceived(
  entries: AsyncIterable<AuditEntry>,
  render: RenderEntry,
  received: ReceivedRecords,
  isWanted?: (entry: AuditEntry) => boolean,
): Promise<ReceivedComparison> {
  const expectation = new Expectation(isWanted !== undefined);
  for await (const entry of entries) {
    const counts = isWanted?.(entry) ?? true;
    for (const text of render(entry)) {
      const isPresent = received.lines.delete(digestOf(JSON.parse(text)));
      if (counts) expectation.next(entry.position, isPresent);
    }
  }
  const foreign = [...received.lines.values(), ...received.unreadable].sort((a, b) => a - b);
  const { repeated, checkpoints } = received;
  return {
    ...expectation.result(),
    foreign: foreign.length,
    foreignLines: foreign.slice(0, foreignLinesMax),
    repeated,
    checkpoints,
  };
}

/** What was expected so far. */
class Expectation {
  readonly #isBounded: boolean;
  readonly #missing: MissingRecords[] = [];
  #furtherMissing = 0;
  #present = 0;
  #absent = 0;
  /** Missing since the last that is present. */
  #open: MissingRecords | undefined;

  /** Unless it is bounded, nothing is expected before the first that is present, and behind the last. */
  constructor(isBounded: boolean) {
    this.#isBounded = isBounded;
  }

  next(position: number, isPresent: boolean): void {
    if (isPresent) {
      if (this.#present > 0 || this.#isBounded) this.#close();
      this.#open = undefined;
      this.#present += 1;
    } else {
      const { from = position, records = 0 } = this.#open ?? {};
      this.#open = { from, before: position + 1, records: records + 1 };
    }
  }

  result(): Pick<ReceivedComparison, "expected" | "present" | "missing" | "furtherMissing"> {
    if (this.#isBounded) this.#close();
    return {
      expected: this.#present + this.#absent,
      present: this.#present,
      missing: this.#missing,
      furtherMissing: this.#furtherMissing,
    };
  }

  #close(): void {
    if (this.#open === undefined) return;
    this.#absent += this.#open.records;
    if (this.#missing.length < missingMax) this.#missing.push(this.#open);
    else this.#furtherMissing += 1;
  }
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("base64").slice(0, 22);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(",")}}`;
}
