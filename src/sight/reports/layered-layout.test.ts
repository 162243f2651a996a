import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, integer, property } from "fast-check";
import { layoutOf } from "./layered-layout.ts";
import type { ReportStep } from "./report.ts";

const step = (from: string, to: string): ReportStep => {
  return { edge: "e", verb: "v", from, to, because: "", proof: [], fix: "" };
};
const way = (...places: readonly string[]) => places.slice(1).map((to, index) => step(places[index] ?? "", to));
const columns = (...ways: readonly (readonly ReportStep[])[]) => {
  return Object.fromEntries(layoutOf(ways).nodes.map(({ text, column }) => [text, column]));
};

test("A way has a column for each hop, and its end is at the right", () => {
  assert.deepEqual(columns(way("a", "b", "c")), { a: 0, b: 1, c: 2 });
  assert.deepEqual(columns(way("a", "b", "c"), way("x", "c")), { a: 0, b: 1, x: 1, c: 2 });
});

test("Every step leads to the right where ways share places in another order of length", () => {
  //  a - b - z        b - x - y - z
  assert.deepEqual(columns(way("a", "b", "z"), way("b", "x", "y", "z")), { a: 0, b: 1, x: 2, y: 3, z: 4 });
});

test("A step over several columns has a free spot in each", () => {
  const { edges, nodes } = layoutOf([way("a", "b", "c", "d"), way("a", "d")]);
  const long = edges.find(({ from, to }) => from.text === "a" && to.text === "d");
  assert.deepEqual(
    long?.via.map(({ column }) => column),
    [1, 2],
  );
  for (const { column, row } of long?.via ?? []) {
    assert.ok(!nodes.some((node) => node.column === column && node.row === row));
  }
});

test("Any ways, circles among them, are laid out without two places on one spot", () => {
  const ways = array(
    array(integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 6 }).map((list) => way(...list.map(String))),
    { maxLength: 6 },
  );
  holds(
    property(ways, (list) => {
      const { nodes, edges, rows, columns: width } = layoutOf(list);
      const spots = [...nodes, ...edges.flatMap(({ via }) => via)].map(({ column, row }) => `${column} ${row}`);
      assert.equal(new Set(spots).size, spots.length);
      for (const { row, column } of nodes) assert.ok(row >= 0 && row < rows && column >= 0 && column < width);
    }),
  );
});
