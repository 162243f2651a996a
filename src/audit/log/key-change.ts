/**
 * The change of the key that signs checkpoints. It is in the header of the segment that begins with the new key, signed by both: by
 * the former one, so that whoever trusts that one learns of the new one; by the new one, with the chain's value before it, so that whoever
 * holds the former one afterwards changes nothing of before for those who know the new one.
 *
 * What is signed (Ed25519, RFC 8032) are the lines
 *
 *     strongroom.dev/audit/key-change/v1
 *     <id of the instance>
 *     <position of the first entry of the segment>
 *     <the chain's value before the segment, hex>
 *     <the former public key, SubjectPublicKeyInfo in base64>
 *     <the new one>
 *
 * each ended by a newline.
 */
import { createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { readSegmentHeader } from "./block-walk.ts";
import { openByteSource } from "./byte-source.ts";
import type { ByteSource } from "./byte-source.ts";
import { decodePublicKey, encodePublicKey } from "./checkpoint.ts";
import { listSegments } from "./log-directory.ts";
import { unlessCorrupt } from "./log-reader.ts";
import type { SegmentHeader } from "./segment-header.ts";

/** In a header; signatures in base64. */
export interface KeyChange {
  /** The former public key. */
  readonly from: string;
  readonly byFormer: string;
  readonly byNew: string;
}

/** Where a segment with a new key begins. */
export interface KeyChangePlace {
  readonly instance: string;
  readonly first: number;
  /** The chain's value, hex. */
  readonly previous: string;
}

export function signKeyChange(place: KeyChangePlace, keys: { readonly former: KeyObject; readonly next: KeyObject }) {
  const from = encodePublicKey(createPublicKey(keys.former));
  const bytes = signedBytes(place, from, encodePublicKey(createPublicKey(keys.next)));
  const signature = (key: KeyObject) => sign(null, bytes, key).toString("base64");
  return { from, byFormer: signature(keys.former), byNew: signature(keys.next) } satisfies KeyChange;
}

/** Whether a header has a change of the key that both keys signed. */
export function hasKeyChange(header: SegmentHeader): header is SegmentHeader & { readonly keyChange: KeyChange } {
  const { keyChange, publicKey } = header;
  if (keyChange === undefined) return false;
  try {
    const { from, byFormer, byNew } = keyChange;
    const bytes = signedBytes(header, from, publicKey);
    const isBy = (key: string, signature: string) =>
      verify(null, bytes, decodePublicKey(key), Buffer.from(signature, "base64"));
    return isBy(from, byFormer) && isBy(publicKey, byNew);
  } catch (error) {
    // A header is anybody's until it is verified: its keys may be none.
    if (error instanceof TypeError || isStrongroomError(error, "invalid")) return false;
    throw error;
  }
}

function signedBytes({ instance, first, previous }: KeyChangePlace, from: string, to: string): Buffer {
  return Buffer.from(
    `strongroom.dev/audit/key-change/v1\n${[instance, String(first), previous, from, to].join("\n")}\n`,
  );
}

/** Whether the last segment of a log began with a change to a key, or goes on with it. */
export async function isLastKey(directory: string, publicKey: KeyObject): Promise<boolean> {
  const names = await listSegments(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const { path } of names.toReversed()) {
    await using source = await openByteSource(path);
    const header = (await unlessCorrupt(() => readSegmentHeader(source)))?.header;
    if (header !== undefined) return header.publicKey === encodePublicKey(publicKey);
  }
  return false;
}

/** Entries from one on that are signed by a key. */
export interface KeyEpoch {
  readonly first: number;
  readonly publicKey: KeyObject;
  /** When it began, as both keys signed; undefined for the first one, and for what is not trusted. */
  readonly time: string | undefined;
}

interface Link {
  readonly first: number;
  readonly from: string;
  readonly to: string;
  readonly time: string;
  readonly isSigned: boolean;
}

/**
 * Which key must have signed the checkpoints of which segments, for who trusts one key: before and behind it, those that changes link to it
 * which both keys signed. Where no such change is, nothing but the trusted key counts.
 */
export async function keyEpochs(
  segments: readonly { open(): Promise<ByteSource> }[],
  trusted: KeyObject,
): Promise<readonly KeyEpoch[]> {
  const links = await linksIn(segments);
  const anchor = encodePublicKey(trusted);
  const keys = [links[0]?.from ?? anchor, ...links.map(({ to }) => to)];
  const isJoined = (index: number) => links[index]?.isSigned === true && links[index].from === keys[index];
  const reached = keys.map((key) => key === anchor);
  for (let index = 0; index < links.length; index++) {
    if (reached[index] === true && isJoined(index)) reached[index + 1] = true;
  }
  for (let index = links.length - 1; index >= 0; index--) {
    if (reached[index + 1] === true && isJoined(index)) reached[index] = true;
  }
  return keys.map((key, index) => ({
    first: links[index - 1]?.first ?? 0,
    time: index > 0 && reached[index] === true && isJoined(index - 1) ? links[index - 1]?.time : undefined,
    publicKey: reached[index] === true ? decodePublicKey(key) : trusted,
  }));
}

async function linksIn(segments: readonly { open(): Promise<ByteSource> }[]): Promise<Link[]> {
  const links: Link[] = [];
  for (const segment of segments) {
    await using source = await segment.open();
    const header = (await unlessCorrupt(() => readSegmentHeader(source)))?.header;
    if (header?.keyChange === undefined) continue;
    const { first, publicKey, createdAt, keyChange } = header;
    links.push({ first, from: keyChange.from, to: publicKey, time: createdAt, isSigned: hasKeyChange(header) });
  }
  return links;
}

/** The key of an entry. */
export function keyAt(epochs: readonly KeyEpoch[], position: number): KeyObject {
  const epoch = epochs.findLast(({ first }) => first <= position) ?? epochs[0];
  if (epoch === undefined) throw new RangeError("there must be a key");
  return epoch.publicKey;
}
