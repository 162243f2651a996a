/** Keys made from passphrases by scrypt (RFC 7914), and how a file says at which cost. */
import { createSecretKey, scrypt } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Redacted } from "./redacted.ts";

/** Fewer bytes than this are refused for a new passphrase. */
export const passphraseBytesMin = 12;
/** Length of the salts of new files. */
export const passphraseSaltBytes = 16;

/**
 * Cost of scrypt for new files: N = 2^17, r = 8, p = 1, the strongest
 * row of OWASP's password storage recommendation; 128 MiB for about half a second.
 */
export const logNDefault = 17;
/** A file may ask for no more than 1 GiB, nor for a cost that protects nothing. */
const logNMin = 14;
const logNMax = 20;

export interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** The cost of new files: `logN` from 14 (16 MiB) to 20 (1 GiB), else RangeError; each step doubles memory and time. */
export function scryptCost(logN: number): ScryptCost {
  if (!isAllowed(logN)) throw new RangeError(`log-n must be from ${logNMin} to ${logNMax}`);
  return { logN, r: 8, p: 1 };
}

/** Raises `invalid` for a passphrase of fewer than {@link passphraseBytesMin} bytes. */
export function checkPassphrase(passphrase: Redacted<Uint8Array>): void {
  if (passphrase.reveal().length >= passphraseBytesMin) return;
  throw new StrongroomError("invalid", `the passphrase must have at least ${passphraseBytesMin} bytes`);
}

/** The 32 byte key of a passphrase. */
export async function stretchPassphrase(
  passphrase: Redacted<Uint8Array>,
  salt: Uint8Array,
  cost: ScryptCost,
): Promise<KeyObject> {
  const N = 2 ** cost.logN;
  const maxmem = 128 * N * cost.r + 1024 * 1024; // what the algorithm needs, and a margin for its smaller buffers
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(passphrase.reveal(), salt, 32, { N, r: cost.r, p: cost.p, maxmem }, (error, bytes) => {
    if (error) reject(error);
    else resolve(bytes);
  });
  const bytes = await promise;
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** `scrypt log-n=17 r=8 p=1` */
export function encodeCost(cost: ScryptCost): string {
  return `scrypt log-n=${cost.logN} r=${cost.r} p=${cost.p}`;
}

/** The inverse of {@link encodeCost}; raises `sealed`, naming `file` ("the root key file"), for what is beyond the limits. */
export function decodeCost(text: string, file: string): ScryptCost {
  const match = /^scrypt log-n=([1-9][0-9]?) r=8 p=([1-4])$/.exec(text);
  const logN = Number(match?.[1]);
  if (match === null || !isAllowed(logN)) {
    throw new StrongroomError(
      "sealed",
      `${file} must ask for scrypt with log-n from ${logNMin} to ${logNMax}, r=8 and p from 1 to 4`,
    );
  }
  return { logN, r: 8, p: Number(match[2]) };
}

function isAllowed(logN: number): boolean {
  return Number.isInteger(logN) && logN >= logNMin && logN <= logNMax;
}
