/** Bytes of a segment, wherever they are: a file of the log, or a part of a bundle. */
import { open } from "node:fs/promises";

export interface ByteSource extends AsyncDisposable {
  /** How long it was when it was opened. */
  readonly sizeBytes: number;
  /** Up to that many bytes from an offset; fewer at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** A file, or a part of it. */
export async function openByteSource(
  path: string,
  part?: { readonly offset: number; readonly sizeBytes: number },
): Promise<ByteSource> {
  const handle = await open(path, "r");
  const start = part?.offset ?? 0;
  const sizeBytes = part?.sizeBytes ?? (await handle.stat()).size;
  return {
    sizeBytes,
    async read(offset, length) {
      const wanted = Math.min(length, sizeBytes - offset);
      if (wanted <= 0) return Buffer.alloc(0);
      const buffer = Buffer.allocUnsafeSlow(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(buffer, filled, wanted - filled, start + offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
