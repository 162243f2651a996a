/**
 * The pages of a bbolt file. All numbers are little-endian; offsets are from the beginning of the page:
 *
 *     0 id u64 | 8 flags u16 | 10 count u16 | 12 overflow u32 | 16 elements ...
 *
 *     meta:   16 magic u32 | 20 version u32 | 24 page size u32 | 28 flags u32 | 32 root u64 | 40 sequence u64
 *             | 48 free list u64 | 56 pages u64 | 64 transaction u64 | 72 checksum u64
 *     branch: count times  pos u32 | key size u32 | page id u64
 *     leaf:   count times  flags u32 | pos u32 | key size u32 | value size u32
 *
 * `pos` counts from its own element. A page with `overflow` n goes on over the n pages that follow it. A bucket is an element whose value
 * begins with its root's page id u64 and a sequence u64; with the root 0 a leaf page follows right there.
 *
 * Source: etcd-io/bbolt internal/common/{page,meta,inode,bucket}.go.
 */
export const pageHeaderBytes = 16;
export const elementBytes = 16;
export const bucketHeaderBytes = 16;
export const metaBytes = 64;
export const pageFlags = { branch: 0x01, leaf: 0x02, meta: 0x04, freeList: 0x10 } as const;
export const bucketFlag = 0x01;
export const metaMagic = 0xed0cdaed;
export const metaVersion = 2;

/** A number of 64 bits; beyond 2^53 it is not exact, but larger than any place in a file. */
export function readUint64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}

const fnvOffset = 0xcbf29ce484222325n;
const fnvPrime = 0x100000001b3n;

/** FNV-1a of 64 bits, the checksum of a meta page. */
export function fnv1a64(bytes: Uint8Array): bigint {
  let hash = fnvOffset;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * fnvPrime);
  return hash;
}
