/**
 * What is checked of the data file before LMDB opens it: lmdb-js 3.5.6 ends the process
 * (SIGSEGV) when LMDB refuses a file, and a mapped page that the file does not
 * have ends it (SIGBUS) when it is read.
 *
 * Source of the layout: lmdb-js' mdb.c, MDB_page and MDB_meta (data version 2, 64 bit).
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { endianness } from "node:os";

import { StrongroomError } from "../../errors/strongroom-error.ts";

const metaPages = 2;
const headerBytes = 0xa0;
const metaFlag = 0x08;
const magic = 0xbeefc0de;
const dataVersion = 2;
/** Smallest and largest page that LMDB makes; its meta pages cannot be larger together than a file of two. */
const pageBytesMin = 4096;
const pageBytesMax = 65_536;

/** Raises `corrupt` unless the file is a data file of LMDB, and whole. */
export function checkDataFile(path: string): void {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(headerBytes);
    let pageBytes = 0;
    for (let page = 0; page < metaPages; page++) {
      const bytesRead = readSync(file, header, 0, headerBytes, page * pageBytes);
      const meta = bytesRead === headerBytes ? readMeta(header) : undefined;
      if (!meta) throw new StrongroomError("corrupt", `the file ${path} must be a data file of the store`);
      if (size < meta.usedBytes) throw new StrongroomError("corrupt", `the file ${path} must not be cut short`);
      pageBytes = meta.pageBytes;
    }
  } finally {
    closeSync(file);
  }
}

interface Meta {
  readonly pageBytes: number;
  /** Up to the last page that the transaction of this meta page used. */
  readonly usedBytes: number;
}

// LMDB writes numbers in the order of the machine.
function readMeta(header: Buffer): Meta | undefined {
  const isLittle = endianness() === "LE";
  const at = (offset: number): number => (isLittle ? header.readUInt32LE(offset) : header.readUInt32BE(offset));
  const flags = isLittle ? header.readUInt16LE(0x12) : header.readUInt16BE(0x12);
  const pageBytes = at(0x30);
  const isMeta = (flags & metaFlag) !== 0 && at(0x18) === magic && (at(0x1c) & 0xffff) === dataVersion;
  if (!isMeta || pageBytes < pageBytesMin || pageBytes > pageBytesMax) return undefined;
  const lastPage = Number(isLittle ? header.readBigUInt64LE(0x90) : header.readBigUInt64BE(0x90));
  return { pageBytes, usedBytes: (lastPage + 1) * pageBytes };
}

/** Whether there is a data file with anything in it. */
export function hasData(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0;
}

/** Removes what a creation that was killed left before it had both of LMDB's meta pages. */
export function removeUnfinished(path: string): void {
  if (!existsSync(path) || statSync(path).size >= metaPages * pageBytesMin) return;
  for (const each of [path, `${path}-lock`]) rmSync(each, { force: true });
}
