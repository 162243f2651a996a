import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** For tests: a new directory that is removed when the test file has run. */
export function temporaryDirectory(): { path(...names: string[]): string } {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-store-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return { path: (...names) => join(directory, ...names) };
}
