import assert from "node:assert/strict";
import { test } from "node:test";
import { TooManyReportsError } from "../../audit/cluster/cluster-reports.ts";
import { NoSpaceError } from "../../errors/no-space-error.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { webhookStatusOf } from "./webhook-status.ts";

test("What may pass is answered with when to come again, and what is ours with no detail", () => {
  const rows: readonly (readonly [error: unknown, code: number, retryAfter: number | undefined])[] = [
    [new TooManyReportsError(), 429, 5],
    [new NoSpaceError("the disk must have space"), 503, 5],
    [new StrongroomError("unavailable", "it must be up"), 503, 5],
    [new StrongroomError("unauthenticated", "a credential must be presented"), 401, undefined],
    [new StrongroomError("denied", "a right is missing"), 403, undefined],
    [new StrongroomError("too-large", "it must be smaller"), 413, undefined],
    [new StrongroomError("invalid", "it must be JSON"), 400, undefined],
    [new StrongroomError("corrupt", "a record must be whole"), 500, undefined],
    [new TypeError("a detail"), 500, undefined],
  ];
  for (const [error, code, retryAfter] of rows) {
    const status = webhookStatusOf(error);
    assert.deepEqual([status.code, status.retryAfter], [code, retryAfter]);
    assert.equal(status.message.includes("batch could not"), code === 500);
  }
});
