import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { DecodeError } from "./decode-error.ts";
import {
  addAmounts,
  amountSign,
  canonicalQuantity,
  compareAmounts,
  isWholeAmount,
  quantityAmount,
  quantityInThousandths,
} from "./quantity.ts";

/** What upstream makes of each text: the canonical form and the one of a list of resources, or the error. */
const upstream = JSON.parse(readFileSync(new URL("testdata/quantities.json", import.meta.url), "utf8")) as Record<
  string,
  { canonical: string; thousandths: string } | { error: string }
>;

test("Quantities are written as upstream writes them", () => {
  for (const [text, expected] of Object.entries(upstream)) {
    if ("error" in expected) {
      assert.throws(() => canonicalQuantity(text), { name: "DecodeError", message: expected.error }, text);
      continue;
    }
    assert.equal(canonicalQuantity(text), expected.canonical, text);
    assert.equal(quantityInThousandths(text), expected.thousandths, text);
  }
});

test("A canonical quantity is a fixed point, and stands for the same amount", () => {
  const text = fc.stringMatching(
    /^[-+]?[0-9]{0,22}(\.[0-9]{0,12})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e[-+]?[0-9]{1,2})?$/,
  );
  fc.assert(
    fc.property(
      text.filter((value) => value !== ""),
      (value) => {
        const canonical = canonicalQuantity(value);
        assert.equal(canonicalQuantity(canonical), canonical);
        assert.equal(compareAmounts(quantityAmount(value), quantityAmount(canonical)), 0, value);
      },
    ),
    { seed: 7, numRuns: 2000 },
  );
});

test("Anything else is refused, and quickly however large its exponent", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (text) => {
      try {
        canonicalQuantity(text);
      } catch (error) {
        assert.ok(error instanceof DecodeError, text);
      }
    }),
    { seed: 7, numRuns: 2000 },
  );
  assert.equal(canonicalQuantity("1e2147483646"), "1e2147483646");
  assert.equal(canonicalQuantity("1e-2147483646"), "1e-9");
  assert.throws(() => canonicalQuantity("9".repeat(1001)), DecodeError);
});

test("Amounts add up, also to nothing and to something huge", () => {
  const sum = (...texts: string[]) => texts.map(quantityAmount).reduce(addAmounts);
  for (const [texts, total] of [
    [["500m", "1.5"], "2"],
    [["1Gi", "1Ki"], "1073742848"],
    [["1", "-1"], "0"],
    [["1e2000000000", "1"], "1e2000000000"],
    [["1", "1e2000000000"], "1e2000000000"],
  ] as const) {
    assert.equal(compareAmounts(sum(...texts), quantityAmount(total)), 0, texts.join(" + "));
  }
});

test("Amounts compare by value, whatever their exponents", () => {
  const ascending = ["-1e2000000000", "-1Ki", "-1", "0", "1n", "999m", "1", "1.5", "1k", "1Ki", "1e9", "1e2000000000"];
  for (const [index, text] of ascending.entries()) {
    assert.equal(amountSign(quantityAmount(text)), Math.sign(index - 3), text);
    for (const [other, otherText] of ascending.entries()) {
      const compared = compareAmounts(quantityAmount(text), quantityAmount(otherText));
      assert.equal(compared, Math.sign(index - other), `${text} ${otherText}`);
    }
  }
  for (const [text, whole] of [
    ["1500m", false],
    ["2000m", true],
    ["1e9", true],
    ["0", true],
    ["1e-2000000000", false],
  ] as const) {
    assert.equal(isWholeAmount(quantityAmount(text)), whole, text);
  }
});
