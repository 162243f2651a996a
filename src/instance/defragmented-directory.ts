import { join } from "node:path";
import { formOfRecord } from "../crypto/stored-form.ts";
import { defragment } from "../store/embedded/defragment.ts";
import type { Defragmentation } from "../store/embedded/defragment.ts";

/** Writes the data file of a data directory anew, and notes in it which keys there was something under. Raises as `defragment`. */
export function defragmentDataDirectory(dataDir: string, now: () => Date): Promise<Defragmentation> {
  return defragment({ directory: join(dataDir, "store"), kindOf: (value) => formOfRecord(value, []), now });
}
