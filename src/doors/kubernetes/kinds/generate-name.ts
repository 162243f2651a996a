/**
 * Names made from metadata.generateName.
 *
 * Source: apiserver pkg/storage/names/generate.go, apimachinery pkg/util/rand/rand.go.
 */

/** No vowels, so that no words form by chance; no digits that look like letters. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const randomLength = 5;
const nameLengthMax = 63;

/** How often the door tries again when a generated name is taken, the first try included. */
export const generateNameTriesMax = 8;

/** Random bytes, handed in; `crypto.randomBytes` fits. */
export type RandomBytes = (count: number) => Uint8Array;

/**
 * `base`, cut to 58 characters, and five random ones (27^5 = 14 million names).
 * Bytes that would favour some letters are thrown away and drawn again.
 */
export function generateName(base: string, random: RandomBytes): string {
  let suffix = "";
  while (suffix.length < randomLength) {
    for (const byte of random(randomLength)) {
      const index = byte & 31;
      if (index < alphabet.length && suffix.length < randomLength) suffix += alphabet[index];
    }
  }
  return base.slice(0, nameLengthMax - randomLength) + suffix;
}
