import assert from "node:assert/strict";
import { test } from "node:test";
import { noTerminal, terminalOf } from "./terminal.ts";

test("Colours are for terminals that have them and where nobody objects", () => {
  const tty = { isTTY: true, columns: 90 };
  assert.deepEqual(terminalOf(tty, {}), { columns: 90, color: true });
  assert.deepEqual(terminalOf(tty, { NO_COLOR: "1" }), { columns: 90, color: false });
  assert.deepEqual(terminalOf(tty, { NO_COLOR: "" }), { columns: 90, color: true });
  assert.deepEqual(terminalOf(tty, { TERM: "dumb" }), { columns: 90, color: false });
  assert.deepEqual(terminalOf({ columns: 90 }, {}), noTerminal);
  assert.deepEqual(
    [terminalOf({ isTTY: true, columns: 3 }, {}).columns, terminalOf({ isTTY: true, columns: 999 }, {}).columns],
    [40, 160],
  );
});
