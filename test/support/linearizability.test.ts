/** The checker of registers accepts what can have happened, and refuses what cannot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isLinearizable } from "./linearizability.ts";
import type { Action, Operation, Seen } from "./linearizability.ts";

const nothing: Seen = { mod: 0, value: "" };
const a: Seen = { mod: 1, value: "a" };
const b: Seen = { mod: 2, value: "b" };
const at = (called: number, returned: number, does: Action): Operation => ({ called, returned, does });
const read = (seen: Seen): Action => ({ type: "read", seen });
const put = ({ mod, value }: Seen): Action => ({ type: "put", mod, value });
const swap = (over: Seen, { mod, value }: Seen): Action => ({
  type: "swap",
  over,
  value,
  answer: { succeeded: true, mod },
});
const failed = (over: Seen, seen: Seen): Action => ({
  type: "swap",
  over,
  value: "never",
  answer: { succeeded: false, seen },
});
const lost = (over: Seen, value: string): Action => ({ type: "swap", over, value, answer: undefined });

test("What can have happened one after the other is accepted, whatever was on its way together", () => {
  for (const history of [
    [],
    [at(1, 2, read(nothing)), at(3, 4, put(a)), at(5, 6, read(a))],
    // Reads during a write see either state.
    [at(1, 6, put(a)), at(2, 3, read(nothing)), at(4, 5, read(a))],
    [at(1, 2, swap(nothing, a)), at(3, 4, swap(a, b)), at(5, 6, failed(a, b))],
    [at(1, 2, swap(nothing, a)), at(3, 4, swap(a, { mod: 2, value: "" })), at(5, 6, read(nothing))],
    // What was not answered happened late, or never.
    [at(1, Infinity, lost(nothing, "a")), at(2, 3, read(nothing)), at(4, 5, read(a))],
    [at(1, Infinity, lost(nothing, "a")), at(2, 3, read(nothing)), at(4, 5, swap(nothing, b))],
  ]) {
    assert.equal(isLinearizable(history), true, JSON.stringify(history));
  }
});

test("What cannot have happened is refused", () => {
  for (const history of [
    // Read before it was written, and after it was written over.
    [at(1, 2, read(a)), at(3, 4, put(a))],
    [at(1, 2, put(a)), at(3, 4, put(b)), at(5, 6, read(a))],
    // A write that was acknowledged is lost.
    [at(1, 2, put(a)), at(3, 4, read(nothing))],
    // Two swaps over one state.
    [at(1, 2, put(a)), at(3, 6, swap(a, b)), at(4, 5, swap(a, { mod: 3, value: "c" }))],
    // One that failed although it was so.
    [at(1, 2, put(a)), at(3, 4, failed(a, a))],
    // Two reads see a write in the one order and the other.
    [at(1, 8, put(a)), at(2, 3, read(a)), at(4, 5, read(nothing))],
    // What was not answered happens once.
    [at(1, Infinity, lost(nothing, "a")), at(2, 3, read(a)), at(4, 5, put(b)), at(6, 7, read(a))],
    // A revision that goes back, and one that is another than was told.
    [at(1, 2, put(b)), at(3, 4, put(a))],
    [at(1, 2, put(a)), at(3, 4, read({ ...a, mod: 2 }))],
  ]) {
    assert.equal(isLinearizable(history), false, JSON.stringify(history));
  }
});

/** Operations that happened in this order, each within a time that reaches over its neighbours. */
const historyArbitrary = fc
  .array(
    fc.record({
      kind: fc.constantFrom("read", "put", "swap", "stale", "delete"),
      before: fc.nat({ max: 5 }),
      behind: fc.nat({ max: 5 }),
      unanswered: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let state = nothing;
    return steps.map(({ kind, before, behind, unanswered }, index): Operation => {
      const mod = index + 1;
      const next = { mod, value: `v${mod}` };
      const over = state;
      let does: Action = read(state);
      if (kind === "put") does = put(next);
      if (kind === "swap") does = unanswered ? lost(over, next.value) : swap(over, next);
      if (kind === "delete") does = swap(over, { mod, value: "" });
      if (kind === "stale") does = failed({ mod: -1, value: "old" }, state);
      if (kind === "put" || kind === "swap") state = next;
      if (kind === "delete") state = nothing;
      const isUnanswered = kind === "swap" && unanswered;
      return at(10 * index - 10 * before, isUnanswered ? Infinity : 10 * index + 10 * behind + 5, does);
    });
  });

test("Whatever happened in an order is accepted; a read of what was never there is not (property)", () => {
  fc.assert(
    fc.property(historyArbitrary, fc.nat(), (history, place) => {
      assert.equal(isLinearizable(history), true);
      const index = place % history.length;
      const spoilt = history.with(index, at(10 * index, 10 * index + 1, read({ mod: 1, value: "never written" })));
      assert.equal(isLinearizable(spoilt), false);
    }),
  );
});
