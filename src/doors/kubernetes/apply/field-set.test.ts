/** The laws of sets, against sets of printed paths. Seeds are fixed, so that a failure repeats. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  difference,
  differenceWithChildren,
  emptySet,
  hasPath,
  intersection,
  isSubset,
  setOf,
  union,
} from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { pathsOf, readFieldsV1, writeFieldsV1 } from "./fields-v1.ts";

const step = fc.constantFrom("f:a", "f:b", "f:c", 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"z"');
const path = fc.array(step, { minLength: 1, maxLength: 4 });
const sets = fc.array(path, { maxLength: 12 }).map((paths) => setOf(paths));
const options = { numRuns: 1000, seed: 34 };

const listed = (set: FieldSet): Set<string> => new Set([...pathsOf(set)].map((steps) => steps.join("/")));

/** A set that breaks the rule that every node is owned or has children. */
function hasHollowNode(set: FieldSet): boolean {
  return [...set.values()].some((node) => (!node.owned && node.children.size === 0) || hasHollowNode(node.children));
}

test("union, intersection and difference are those of the paths", () => {
  const operations = { union, intersection, difference };
  for (const name of ["union", "intersection", "difference"] as const) {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const result = operations[name](a, b);
        const [left, right] = [listed(a), listed(b)];
        const expected = {
          union: new Set([...left, ...right]),
          intersection: new Set([...left].filter((item) => right.has(item))),
          difference: new Set([...left].filter((item) => !right.has(item))),
        }[name];
        assert.deepEqual([...listed(result)].toSorted(), [...expected].toSorted());
        assert.equal(hasHollowNode(result), false);
      }),
      options,
    );
  }
});

test("differenceWithChildren takes away what stands below a path, too", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const removed = [...listed(b)];
      const expected = [...listed(a)].filter(
        (item) => !removed.some((prefix) => item === prefix || item.startsWith(`${prefix}/`)),
      );
      assert.deepEqual([...listed(differenceWithChildren(a, b))].toSorted(), expected.toSorted());
    }),
    options,
  );
});

test("hasPath and isSubset agree with the paths", () => {
  fc.assert(
    fc.property(sets, sets, path, (a, b, steps) => {
      assert.equal(hasPath(a, steps), listed(a).has(steps.join("/")));
      const paths = listed(b);
      assert.equal(
        isSubset(a, b),
        [...listed(a)].every((item) => paths.has(item)),
      );
      assert.equal(isSubset(intersection(a, b), a), true);
      assert.equal(isSubset(a, union(a, b)), true);
    }),
    options,
  );
});

test("The laws of sets hold: idempotence, absorption, and a difference that is given back", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const same = (x: FieldSet, y: FieldSet) => assert.deepEqual(writeFieldsV1(x), writeFieldsV1(y));
      same(union(a, a), a);
      same(union(a, b), union(b, a));
      same(intersection(a, union(a, b)), a);
      same(union(difference(a, b), intersection(a, b)), a);
      same(difference(a, a), emptySet);
    }),
    options,
  );
});

test("Nobody owns the whole object: the empty path is in no set", () => {
  assert.equal(setOf([[]]).size, 0);
  assert.equal(hasPath(setOf([["f:a"]]), []), false);
});

test("Operations leave their arguments as they are", () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const before = JSON.stringify([writeFieldsV1(a), writeFieldsV1(b)]);
      union(a, b);
      intersection(a, b);
      difference(a, b);
      differenceWithChildren(a, b);
      assert.equal(JSON.stringify([writeFieldsV1(a), writeFieldsV1(b)]), before);
    }),
    options,
  );
});

test("FieldsV1 is read back as it was written", () => {
  fc.assert(
    fc.property(sets, (set) => {
      assert.deepEqual([...pathsOf(readFieldsV1(writeFieldsV1(set)))], [...pathsOf(set)]);
    }),
    options,
  );
});
