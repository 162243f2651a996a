/** Files, folders and standard input as a source of facts. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { FactSet } from "../facts/fact-set.ts";
import type { SourceType } from "../facts/fact-set.ts";
import type { Provenance } from "../facts/provenance.ts";
import { factKindOf } from "../facts/fact-kind.ts";
import { addObject } from "./add-object.ts";
import { archiveMembers, isArchive } from "./archive-members.ts";
import { manifestText } from "./manifest-text.ts";
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
export async function readFiles(
  source: SourceType,
  path: string,
  shown: string = path,
  observer: FileObserver = {},
): Promise<FactSet> {
  const into: Into = { facts: new FactSet(source), ...observer };
  if ((await stat(path)).isDirectory()) await readFolder(path, path, into);
  else if (isArchive(path)) await readArchive(path, into);
  else await readOne(path, shown, into);
  return into.facts;
}

/** Who wants to know while files are read. */
export interface FileObserver {
  /** Each object, without values. */
  readonly onObject?: ((decoded: unknown) => void) | undefined;
  /** Before a file, or a member of an archive, is read; with how many were before it. */
  readonly onFile?: ((shown: string, before: number) => void) | undefined;
}

/** Where what is read goes. */
interface Into extends FileObserver {
  readonly facts: FactSet;
}

/** The facts of one text, for standard input. */
export function readText(source: SourceType, file: string, text: string, observer: FileObserver = {}): FactSet {
  const into: Into = { facts: new FactSet(source), ...observer };
  addText(into, file, text);
  return into.facts;
}

async function readFolder(root: string, folder: string, into: Into): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const shown = relative(root, path);
    if (entry.isDirectory()) {
      if (!passedOver.has(entry.name)) await guarded(into.facts, shown, () => readFolder(root, path, into));
    } else if (!holdsObjects(entry.name)) continue;
    else if (entry.isFile()) await guarded(into.facts, shown, () => readOne(path, shown, into));
    else into.facts.report({ message: noLinks, at: fileAt(shown) });
  }
}

const noLinks = "links and special files are not followed";

function holdsObjects(name: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(name);
}

/** As a folder; a part of an archive that cannot be read whole is an error, since what is missing would not be seen. */
async function readArchive(path: string, into: Into): Promise<void> {
  for await (const member of archiveMembers(path)) {
    const { name, type } = member;
    const parts = name.split("/");
    if (type === "folder" || !holdsObjects(name) || parts.some((part) => passedOver.has(part))) continue;
    if (type !== "file") into.facts.report({ message: noLinks, at: fileAt(name) });
    else if (name.startsWith("/") || parts.includes("..")) {
      into.facts.report({ message: "it is not read, since its name leads out of the archive", at: fileAt(name) });
    } else {
      const bytes = await member.read(manifestBytesMax);
      if (bytes === undefined) into.facts.report({ message: tooLarge, at: fileAt(name) });
      else addText(into, name, manifestText(bytes));
    }
  }
}

const tooLarge = `the file must have at most ${manifestBytesMax} bytes`;

async function readOne(path: string, shown: string, into: Into): Promise<void> {
  const { size } = await stat(path);
  if (size > manifestBytesMax) into.facts.report({ message: tooLarge, at: fileAt(shown) });
  else addText(into, shown, manifestText(await readFile(path)));
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

function addText({ facts, onObject, onFile }: Into, file: string, text: string): void {
  onFile?.(file, facts.files);
  facts.countFile();
  const { objects, lists, problems } = readManifestDocuments(file, text, facts.material);
  for (const problem of problems) facts.report(problem);
  for (const { apiVersion, kind } of lists) {
    const listed = factKindOf(apiVersion, kind);
    if (listed !== undefined) facts.markListed(listed);
  }
  for (const object of objects) {
    addObject(facts, object);
    onObject?.(object.value);
  }
}
