/**
 * The beginning of a segment, two lines of text: what the file is, and in JSON whose it is and where it goes on from.
 * The chain's value after it is SHA-256 over both lines; with `previous` in them, segments are one chain.
 */
import { hash } from "node:crypto";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { chainBytes } from "./block.ts";
import type { KeyChange } from "./key-change.ts";

const magic = "strongroom audit log 1\n";
/** Both lines; what is longer is no header. */
export const segmentHeaderBytesMax = 16 * 1024;

export interface SegmentHeader {
  /** The id of the instance whose log it is. */
  readonly instance: string;
  /** The position of its first entry. */
  readonly first: number;
  /** The chain's value at the end of the segment before, hex; zeros for the first of all. */
  readonly previous: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** The key of its entries, wrapped by the server's seal; base64. */
  readonly dataKey: string;
  /** What checkpoints are signed with: SubjectPublicKeyInfo, base64. For people; whoever verifies has it from elsewhere. */
  readonly publicKey: string;
  /** The key above is another than that of the segment before; see key-change.ts. */
  readonly keyChange?: KeyChange;
  /** It begins with a dictionary, of which the key of its entries is made with the one above. */
  readonly dictionary?: "bound";
  /** Why it does not go on where the segment before ends. */
  readonly gap?: SegmentGap;
}

/** Entries that were recorded, and are no longer there. */
export interface SegmentGap {
  readonly reason: string;
  /** The last position up to which the log is known to have been whole. */
  readonly from: number;
}

/** The value before the first segment. */
export const genesis = Buffer.alloc(chainBytes);

export function encodeSegmentHeader(header: SegmentHeader): { bytes: Buffer; after: Buffer } {
  const bytes = Buffer.from(`${magic}${JSON.stringify(header)}\n`);
  return { bytes, after: hash("sha256", bytes, "buffer") };
}

/** Reads the header that a segment begins with. Raises `corrupt` for what is none. */
export function decodeSegmentHeader(start: Buffer): { header: SegmentHeader; sizeBytes: number; after: Buffer } {
  const end = start.indexOf(0x0a, magic.length) + 1;
  if (!start.subarray(0, magic.length).equals(Buffer.from(magic)) || end === 0) throw notASegment();
  const bytes = start.subarray(0, end);
  return {
    header: parse(bytes.toString("utf8", magic.length)),
    sizeBytes: end,
    after: hash("sha256", bytes, "buffer"),
  };
}

function parse(text: string): SegmentHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notASegment(cause);
  }
  const header = Object(value) as Partial<SegmentHeader>; // each field is checked next
  const texts = [header.instance, header.createdAt, header.dataKey, header.publicKey];
  const isWhole =
    texts.every((field) => typeof field === "string") &&
    Number.isSafeInteger(header.first) &&
    typeof header.previous === "string" &&
    /^[0-9a-f]{64}$/.test(header.previous) &&
    isGap(header.gap) &&
    isKeyChange(header.keyChange);
  if (!isWhole) throw notASegment();
  return header as SegmentHeader; // has every field, as checked
}

/** Who verifies a log reads headers that anybody may have written. */
function isGap(gap: unknown): boolean {
  const { reason, from } = Object(gap) as Partial<SegmentGap>; // these are checked here
  return gap === undefined || (typeof reason === "string" && Number.isSafeInteger(from));
}

function isKeyChange(change: unknown): boolean {
  const { from, byFormer, byNew } = Object(change) as Partial<KeyChange>; // as above
  return change === undefined || [from, byFormer, byNew].every((text) => typeof text === "string");
}

function notASegment(cause?: unknown): StrongroomError {
  return new StrongroomError("corrupt", "a segment of the audit log must begin with its header", { cause });
}
