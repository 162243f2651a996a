/**
 * The long form of the crash test: many rounds of 64 writers that are killed (-9)
 * at a random instant, after each of which every answered write is looked for.
 *
 *     node scripts/crash-test.ts [ROUNDS]     default 50
 *
 * Prints a line per round and one for all. Exit code 1 when anything was lost, was
 * damaged, or the revision went back.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { crashRounds } from "../src/store/embedded/conformance/crash-rounds.ts";

const rounds = Number(process.argv[2] ?? 50);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("ROUNDS must be a whole number of at least 1");
const directory = mkdtempSync(join(tmpdir(), "strongroom-crash-"));
try {
  let round = 0;
  let answered = 0;
  let openMsMax = 0;
  for await (const each of crashRounds(directory, rounds)) {
    answered += each.answered;
    openMsMax = Math.max(openMsMax, each.openMs);
    const { killedAfterMs, revision, openMs } = each;
    console.log(
      `round ${++round}: killed after ${killedAfterMs} ms, ${each.answered} answered writes found, ` +
        `revision ${revision}, opened in ${openMs.toFixed(0)} ms`,
    );
  }
  console.log(
    `${rounds} rounds: ${answered} answered writes, 0 lost, 0 damaged; opened within ${openMsMax.toFixed(0)} ms`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
