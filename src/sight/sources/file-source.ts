/** Files, folders and standard input as a source of facts. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { FactSet } from "../facts/fact-set.ts";
import type { SourceType } from "../facts/fact-set.ts";
import type { Provenance } from "../facts/provenance.ts";
import { factKindOf } from "../facts/fact-kind.ts";
import { addObject } from "./add-object.ts";
import { readManifestDocuments } from "./manifest-documents.ts";

/** What is larger is reported and not read: an engine's strings end at 512 MiB. */
export const manifestBytesMax = 256 * 1024 * 1024;

/** Folders that hold no manifests of their own. */
const passedOver: ReadonlySet<string> = new Set([".git", "node_modules"]);

/**
 * The facts of a file, or of all `.yaml`, `.yml` and `.json` files below a folder, in the order of their names. Raises
 * the error of the operating system when `path` itself cannot be read; what is below it and cannot is a problem.
 * Places name a file as `shown`, and files of a folder from there on.
 */
export async function readFiles(source: SourceType, path: string, shown: string = path): Promise<FactSet> {
  const facts = new FactSet(source);
  if ((await stat(path)).isDirectory()) await readFolder(path, path, facts);
  else await readOne(path, shown, facts);
  return facts;
}

/** The facts of one text, for standard input. */
export function readText(source: SourceType, file: string, text: string): FactSet {
  const facts = new FactSet(source);
  addText(facts, file, text);
  return facts;
}

async function readFolder(root: string, folder: string, facts: FactSet): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const shown = relative(root, path);
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name)) await guarded(facts, shown, () => readFolder(root, path, facts));
    } else if (!/\.(?:ya?ml|json)$/i.test(entry.name)) continue;
    else if (entry.isFile()) await guarded(facts, shown, () => readOne(path, shown, facts));
    else facts.report({ message: "links and special files are not followed", at: fileAt(shown) });
  }
}

async function readOne(path: string, shown: string, facts: FactSet): Promise<void> {
  const { size } = await stat(path);
  if (size > manifestBytesMax) {
    facts.report({ message: `the file must have at most ${manifestBytesMax} bytes`, at: fileAt(shown) });
    return;
  }
  addText(facts, shown, await readFile(path, "utf8"));
}

/** One file that cannot be read does not end the answer; it is part of it. */
async function guarded(facts: FactSet, shown: string, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    facts.report({ message: `it could not be read: ${error.message}`, at: fileAt(shown) });
  }
}

function fileAt(file: string): Provenance {
  return { file, document: 1, item: undefined, line: undefined };
}

function addText(facts: FactSet, file: string, text: string): void {
  facts.countFile();
  const { objects, lists, problems } = readManifestDocuments(file, text, facts.material);
  for (const problem of problems) facts.report(problem);
  for (const { apiVersion, kind } of lists) {
    const listed = factKindOf(apiVersion, kind);
    if (listed !== undefined) facts.markListed(listed);
  }
  for (const object of objects) addObject(facts, object);
}
