/** Cutting a list into the pieces it is sent in. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { StreamPiece } from "../../../gate/gate.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import type { ListAnswer } from "../verbs/list.ts";
import { disclosureIn } from "./disclosed.ts";
import type { OutputFormat } from "./output-format.ts";

/**
 * A piece ends when it has so many bytes. Pieces are how much is held of a list, how long encoding keeps the event
 * loop (5 to 15 ms of YAML, the slowest), and how many disclosures share one synced record.
 */
export const pieceBytesMin = 256 * 1024;

/** The same for items that are spliced from stored bytes, which costs next to nothing. */
export const storedPieceBytesMin = 1024 * 1024;

/** Objects above this size are encoded in steps between which others are served. */
const largeObjectBytes = 128 * 1024;

/** The bytes of one item, in parts. */
export type Encoded = readonly Uint8Array[];

export interface PiecesOptions {
  readonly list: ListAnswer;
  /** What the items are encoded in: it says which values are in them. */
  readonly format: OutputFormat;
  readonly bytesMin?: number | undefined;
}

/**
 * The pieces of a list's items, each with the secrets in it. Between two pieces other work gets its turn. A piece has
 * `bytesMin` bytes at most and one item more.
 */
export async function* inPieces(
  { list, format, bytesMin = pieceBytesMin }: PiecesOptions,
  encode: (object: StoredObject) => Encoded | Promise<Encoded>,
): AsyncGenerator<StreamPiece> {
  for await (const objects of list.chunks()) {
    let open = new OpenPiece(format);
    for (const object of objects) {
      const encoded = encode(object);
      // Not waited for without need: lists of ten thousand stored texts are a hot path.
      open.add(object, encoded instanceof Promise ? await encoded : encoded);
      if (open.bytes < bytesMin) continue;
      yield open.close();
      await nextTurn();
      open = new OpenPiece(format);
    }
    // Not carried into the next chunk: its objects would keep the memory of this one.
    if (open.bytes > 0) yield open.close();
    if (open.bytes >= pieceBytesMin) await nextTurn();
  }
}

/** Lets others run before the next step on a large object; returns at once for a small one. */
export async function whenQuiet(sizeBytes: number): Promise<void> {
  if (sizeBytes > largeObjectBytes) await nextTurn();
}

class OpenPiece {
  readonly #format: OutputFormat;
  readonly #buffers: Uint8Array[] = [];
  readonly #objects: StoredObject[] = [];
  bytes = 0;

  constructor(format: OutputFormat) {
    this.#format = format;
  }

  add(object: StoredObject, buffers: Encoded): void {
    this.#objects.push(object);
    for (const buffer of buffers) {
      this.#buffers.push(buffer);
      this.bytes += buffer.length;
    }
  }

  close(): StreamPiece {
    return {
      bytes: Buffer.concat(this.#buffers),
      disclosed: this.#objects.map((object) => disclosureIn(this.#format, object)),
    };
  }
}
