import { fileFault } from "../file-fault.ts";
import type { ReadOnlyFile } from "../read-only-file.ts";
import { fnv1a64, metaBytes, metaMagic, metaVersion, pageFlags, pageHeaderBytes, readUint64 } from "./page-format.ts";

/** Where a database begins: of its two meta pages, the one that was written last. */
export interface Meta {
  readonly pageSizeBytes: number;
  /** The page of the bucket of buckets. */
  readonly rootPage: number;
  /** All pages have smaller numbers. */
  readonly pageCount: number;
  readonly transaction: number;
}

/** Sizes that a page may have: an operating system's, or what somebody set. */
const pageSizes = Array.from({ length: 16 }, (_, index) => 1024 << index);

/** The newer of the two that are as they were written. Raises `invalid` when neither is, with what is wrong with the first. */
export function readMeta(file: ReadOnlyFile, databaseBytes: number): Meta {
  const first = metaAt(file, 0, databaseBytes);
  const sizes = typeof first === "string" ? pageSizes : [first.pageSizeBytes];
  const second = sizes.map((size) => metaAt(file, size, databaseBytes)).find((found) => typeof found !== "string");
  const valid = [first, second].filter((meta) => meta !== undefined && typeof meta !== "string");
  const newest = valid.toSorted((a, b) => b.transaction - a.transaction)[0];
  if (newest !== undefined) return checkSize(newest, databaseBytes);
  throw fileFault("page 0", `${typeof first === "string" ? first : "be a meta page"}, or page 1 that in its place`);
}

function checkSize(meta: Meta, databaseBytes: number): Meta {
  const { pageCount, pageSizeBytes, rootPage } = meta;
  if (pageCount * pageSizeBytes > databaseBytes) {
    throw fileFault(
      `the file, of ${databaseBytes} bytes,`,
      `hold the ${pageCount} pages of ${pageSizeBytes} bytes that its meta page names`,
    );
  }
  if (rootPage < 2 || rootPage >= pageCount)
    throw fileFault("the root in the meta page", `be one of the ${pageCount} pages`);
  return meta;
}

/** What it must be instead, when it is none. */
function metaAt(file: ReadOnlyFile, position: number, databaseBytes: number): Meta | string {
  const page = Buffer.alloc(pageHeaderBytes + metaBytes);
  if (position + page.length > databaseBytes) return "be there";
  file.readInto(page, position);
  const meta = page.subarray(pageHeaderBytes);
  if (meta.readUInt32LE(0) !== metaMagic) return "begin with the magic number of bbolt: this is no database of etcd";
  if ((page.readUInt16LE(8) & pageFlags.meta) === 0) return "be marked as a meta page";
  if (meta.readUInt32LE(4) !== metaVersion) return `be of version ${metaVersion}`;
  if (meta.readBigUInt64LE(56) !== fnv1a64(meta.subarray(0, 56))) return "have the checksum that is written in it";
  const pageSizeBytes = meta.readUInt32LE(8);
  const transaction = readUint64(meta, 48);
  if (!pageSizes.includes(pageSizeBytes)) return `have a page size that is a power of two from 1024 on`;
  if (!Number.isSafeInteger(transaction)) return "have a transaction before 2^53";
  return { pageSizeBytes, rootPage: readUint64(meta, 16), pageCount: readUint64(meta, 40), transaction };
}
