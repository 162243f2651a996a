/** What clients received against what is on record, under load, with servers that are killed; the long form: npm run reconcile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHome } from "../cli/program.ts";
import { reconciliationRounds } from "./rounds.ts";

test("Every value that a client received is on record with its reader and key, and nothing else is, also when servers are killed", async () => {
  using home = new TestHome();
  const result = await reconciliationRounds({ home, rounds: 2, workers: 12, answers: [300, 500] });
  assert.deepEqual(result.differences, []);
  assert.ok(result.received > 500, `${result.received} values were received`);
  for (const what of ["WATCH", "LIST of a page", "PATCH ?dryRun=All", "dry DELETE of all", "GET of a version"]) {
    assert.ok(
      result.entries.some((entry) => entry.what.startsWith(what) && entry.values.size > 0),
      what,
    );
  }
});
