import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { median } from "./report.ts";

/** What the disk takes for one appended write that returns when it is there, in a folder of it. */
export function bareSyncMs(directory: string, bytes: number): number {
  const path = join(directory, "bare");
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC);
  const buffer = Buffer.alloc(bytes, 1);
  const times = Array.from({ length: 500 }, () => {
    const from = performance.now();
    writeSync(file, buffer);
    return performance.now() - from;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
}
