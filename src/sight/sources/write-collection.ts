/** Writes a collection: a folder of files, or an archive of them. For the eyes of its owner only, and whole or not at all. */
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { createTarPacker } from "modern-tar";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { CollectedFile } from "./collection.ts";

/**
 * To `path`: an archive when it ends with `.tar`, `.tar.gz` or `.tgz`, else a folder, which must be new or empty. An archive takes the place of a
 * file that is there. Raises `invalid` for a folder that has something in it, and the system's errors.
 */
export async function writeCollection(path: string, files: Iterable<CollectedFile>): Promise<void> {
  if (/\.(?:tar|tar\.gz|tgz)$/i.test(path)) await writeArchive(path, files);
  else await writeFolder(path, files);
}

async function writeFolder(path: string, files: Iterable<CollectedFile>): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if ((await readdir(path)).length > 0) throw new StrongroomError("invalid", `${path} must be new or empty`);
  for (const { name, text } of files) await writeFile(join(path, name), text, { mode: 0o600 });
}

/** Its first folder is named for it, so that unpacking it makes one folder. */
async function writeArchive(path: string, files: Iterable<CollectedFile>): Promise<void> {
  const folder = basename(path).replace(/\.(?:tar|tar\.gz|tgz)$/i, "");
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  const { readable, controller } = createTarPacker();
  const packing = pack(controller, folder, files);
  const out = createWriteStream(partial, { mode: 0o600, flags: "wx" });
  try {
    const packed = Readable.fromWeb(readable as never); // Node's web streams and those of the web differ in name only
    const written = /\.tar$/i.test(path) ? pipeline(packed, out) : pipeline(packed, createGzip(), out);
    await Promise.all([written, packing]);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

type Controller = ReturnType<typeof createTarPacker>["controller"];

async function pack(controller: Controller, folder: string, files: Iterable<CollectedFile>): Promise<void> {
  try {
    for (const { name, text } of files) {
      const bytes = Buffer.from(text);
      const writer = controller.add({ name: `${folder}/${name}`, size: bytes.length, mode: 0o600 }).getWriter();
      await writer.write(bytes);
      await writer.close();
    }
    controller.finalize();
  } catch (error) {
    controller.error(error);
    throw error;
  }
}
