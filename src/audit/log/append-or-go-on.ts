/** Appends to the end of a log, also when somebody has displaced the segment that it is in. */
import type { Checkpoint } from "./checkpoint.ts";
import type { LogReport } from "./log-keys.ts";
import { DisplacedSegment } from "./log-tail.ts";
import type { Addition, LogTail } from "./log-tail.ts";

/**
 * A segment that is gone or changed is followed by one that says so: `tell` is given the report of it, and gives the line that
 * comes first there. Raises what {@link LogTail.append} raises.
 */
export async function appendOrGoOn(
  tail: LogTail,
  addition: Addition,
  tell: (report: LogReport) => string,
): Promise<Checkpoint | undefined> {
  try {
    return await tail.append(addition);
  } catch (error) {
    if (!(error instanceof DisplacedSegment)) throw error;
    const from = tail.segmentFirst;
    await tail.rotate({ gap: { reason: error.message, from } });
    const fields = { fromEntry: from, goesOnAt: tail.end };
    const message = "Audit log was changed under the server: entries may be missing";
    await tail.append({ lines: [tell({ message, fields, error })], checkpoint: false, sync: true });
    return await tail.append(addition);
  }
}
