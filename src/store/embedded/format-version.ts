/**
 * The format of a data directory is a number in the file `format` beside the data,
 * so that it is known before anything is opened.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

import { StrongroomError } from "../../errors/strongroom-error.ts";

/** The format that this code writes. */
export const formatVersion = 1;

const formatFile = "format";
const formatLine = /^strongroom-store ([1-9][0-9]{0,8})\n$/;

/** Turns a directory of the format before into one of the next; must be repeatable after a crash. */
export type Migration = (directory: string) => void | Promise<void>;

/** From format -> how to reach the next one. Format 1 is the first, so there is none yet. */
export const migrations: ReadonlyMap<number, Migration> = new Map();

/** The formats that a directory can be in and be opened. */
export interface Formats {
  readonly current: number;
  readonly migrations: ReadonlyMap<number, Migration>;
}

/** What this code can open. */
export const formats: Formats = { current: formatVersion, migrations };

/**
 * The format of a directory; undefined when it names none. Writes nothing.
 * Raises `corrupt` when the file is not valid, `invalid` when the format is newer.
 */
export function readFormat(directory: string, { current }: Formats = formats): number | undefined {
  const path = join(directory, formatFile);
  if (!existsSync(path)) return undefined;
  const match = formatLine.exec(readFileSync(path, "latin1"));
  if (!match) throw new StrongroomError("corrupt", `the file ${path} must name a format of the store`);
  const version = Number(match[1]);
  if (version > current) {
    throw new StrongroomError(
      "invalid",
      `the data directory ${directory} has format ${version}, and this version of Strongroom reads up to ${current}: ` +
        "it must be opened with a newer version",
    );
  }
  return version;
}

/** Brings a directory, which must be locked, from an older format to the current one, step by step. */
export async function migrateFormat(directory: string, from: number, known: Formats = formats): Promise<void> {
  for (let version = from; version < known.current; version++) {
    const migrate = known.migrations.get(version);
    if (!migrate) {
      throw new StrongroomError(
        "invalid",
        `the data directory ${directory} has format ${version}, which must be at least one that can be migrated`,
      );
    }
    await migrate(directory);
    writeFormat(directory, version + 1);
  }
}

/** Writes it. Replaced whole and synced: after a crash it names the old format or the new one. */
export function writeFormat(directory: string, version: number): void {
  const path = join(directory, formatFile);
  const next = `${path}.next`;
  const file = openSync(next, "w", 0o600);
  try {
    writeSync(file, `strongroom-store ${version}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  syncDirectory(directory);
}

/** Makes the names in a directory durable, those of the data files included. */
export function syncDirectory(directory: string): void {
  const file = openSync(directory, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
