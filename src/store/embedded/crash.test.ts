import assert from "node:assert/strict";
import { test } from "node:test";

import { crashRounds } from "./conformance/crash-rounds.ts";
import { temporaryDirectory } from "./conformance/temporary-directory.ts";

const parent = temporaryDirectory();

test("no answered write is lost when 64 writers are killed at random instants", async () => {
  let answered = 0;
  for await (const round of crashRounds(parent.path("crash"), 4)) answered += round.answered;
  assert.ok(answered > 100, `${answered} answered writes are too few to show anything`);
});
