/** How far a follower has come, in a file of its own: one that is lost makes it begin anew, never skip. */
import { readFile } from "node:fs/promises";
import { replacePrivateFile } from "../../crypto/private-file.ts";

export interface PositionStorage {
  /** Undefined when there is none yet. */
  load(): Promise<number | undefined>;
  save(position: number): Promise<void>;
}

/** Keeps it at a path; raises `unavailable`. A file that holds something else counts as none. */
export function positionFile(path: string): PositionStorage {
  return {
    async load() {
      try {
        const { position } = JSON.parse(await readFile(path, "utf8")) as { position?: unknown }; // checked below
        return typeof position === "number" && Number.isSafeInteger(position) && position >= 0 ? position : undefined;
      } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw error;
      }
    },
    save: (position) => replacePrivateFile(path, `${JSON.stringify({ position })}\n`),
  };
}
