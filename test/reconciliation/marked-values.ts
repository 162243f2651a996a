/** Values that are recognised wherever they appear: each is written once, so whoever has seen it has seen that key of that secret. */
import { randomBytes } from "node:crypto";

export interface ValuePlace {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

const mark = "SRVx";
/** Base64 without padding: as it stands in JSON, YAML and annotations; decoded, in protobuf. */
const characters = 28;
const rawMark = Buffer.from(mark, "base64");
const rawBytes = (characters / 4) * 3;

export class MarkedValues {
  readonly #places = new Map<string, ValuePlace>();

  /** A new value of a key, in base64. */
  make(place: ValuePlace): string {
    const value = Buffer.concat([rawMark, randomBytes(rawBytes - rawMark.length)]).toString("base64");
    this.#places.set(value, place);
    return value;
  }

  /** The values that are somewhere in the bytes, whole. */
  seenIn(bytes: Buffer): Set<string> {
    const seen = new Set<string>();
    const note = (value: string) => void (this.#places.has(value) && seen.add(value));
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
      note(bytes.toString("latin1", at, at + characters));
    }
    for (let at = bytes.indexOf(rawMark); at >= 0; at = bytes.indexOf(rawMark, at + 1)) {
      note(bytes.toString("base64", at, at + rawBytes));
    }
    return seen;
  }

  placeOf(value: string): ValuePlace {
    const place = this.#places.get(value);
    if (place === undefined) throw new RangeError("a value must have been made here");
    return place;
  }
}

/** Whether a value, of whatever secret, is in the text. */
export function holdsMark(text: string): boolean {
  return text.includes(mark) || text.includes(rawMark.toString("latin1"));
}
