import { randomBytes, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

/** How many writers the crash test has, and how many keys each overwrites in turn. */
export const crashWriters = 64;
export const crashKeysPerWriter = 40;

/** A value that can be checked by itself: CRC-32 (4), serial number (4), random bytes of random length. */
export function crashValue(key: string, serial: number): Buffer {
  const value = Buffer.concat([Buffer.alloc(8), randomBytes(randomInt(0, 3000))]);
  value.writeUInt32BE(serial, 4);
  value.writeUInt32BE(crcOf(key, value), 0);
  return value;
}

/** The CRC that a value carries; undefined when it is not the value's, under this key. */
export function checkedCrc(key: string, value: Uint8Array): number | undefined {
  if (value.length < 8) return undefined;
  const bytes = Buffer.from(value);
  const crc = bytes.readUInt32BE(0);
  return crc === crcOf(key, bytes) ? crc : undefined;
}

function crcOf(key: string, value: Buffer): number {
  return crc32(value.subarray(4), crc32(key));
}
