import assert from "node:assert/strict";
import { test } from "node:test";
import { KeywordSearch } from "./keyword-search.ts";

function found(words: readonly string[], text: string): string[] {
  const all: string[] = [];
  new KeywordSearch(words).search(text, (word, start) => {
    all.push(`${words[word]}@${start}`);
    return true;
  });
  return all.sort();
}

function foundByHand(words: readonly string[], text: string): string[] {
  const lower = text.toLowerCase();
  return words
    .flatMap((word) => Array.from(text, (_, place) => (lower.startsWith(word, place) ? `${word}@${place}` : "")))
    .filter((hit) => hit !== "")
    .sort();
}

test("KeywordSearch finds words within words and whatever their case", () => {
  assert.deepEqual(found(["he", "she", "his", "hers"], "uSHErs"), ["he@2", "hers@2", "she@1"]);
  assert.deepEqual(found(["a"], "ÄäA"), ["a@2"]);
});

test("KeywordSearch finds what a search word by word finds", () => {
  let state = 7;
  const below = (end: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
  const textOf = (length: number) => Array.from({ length }, () => "abAB_é"[below(6)]).join("");
  for (let round = 0; round < 300; round++) {
    const words = Array.from({ length: 1 + below(6) }, () =>
      Array.from({ length: 1 + below(4) }, () => "ab_"[below(3)]).join(""),
    );
    const text = textOf(below(60));
    assert.deepEqual(
      found([...new Set(words)], text),
      foundByHand([...new Set(words)], text),
      `${words.join()} ${text}`,
    );
  }
});

test("KeywordSearch ends when it is told to", () => {
  let calls = 0;
  new KeywordSearch(["x"]).search("x".repeat(100), () => ++calls < 3);
  assert.equal(calls, 3);
});
