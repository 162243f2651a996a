import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryDirectory } from "./conformance/temporary-directory.ts";
import { searchFiles } from "./file-search.ts";

const directory = temporaryDirectory();
const [common, marks] = [Buffer.from("k8s:enc:"), ["a:", "a:b:", "longer-than-others:"]];
const asMarks = marks.map((mark) => Buffer.from(`k8s:enc:${mark}`));
const pieceBytes = 1024 * 1024;

test("searchFiles counts marks wherever they are, across the borders of what it reads too", async () => {
  const path = directory.path("borders");
  for (let shift = -30; shift <= 2; shift++) {
    const bytes = Buffer.alloc(2 * pieceBytes + 100, "x");
    bytes.write("k8s:enc:longer-than-others:", pieceBytes + shift);
    bytes.write("k8s:enc:a:", 2 * pieceBytes + shift);
    bytes.write("k8s:enc:a:b:", 0);
    bytes.write("k8s:enc:a:", bytes.length - "k8s:enc:a:".length);
    writeFileSync(path, bytes);
    const { fileBytes, counts } = await searchFiles([path], common, asMarks);
    assert.deepEqual([fileBytes, counts], [bytes.length, [2, 1, 1]], `shifted by ${shift}`);
  }
});

test("searchFiles adds up files, and passes over beginnings, empty files and those that are not there", async () => {
  const [one, two, empty] = [directory.path("one"), directory.path("two"), directory.path("empty")];
  writeFileSync(one, "k8s:enc:a:k8s:enc:k8s:enc:a");
  writeFileSync(two, "k8s:enc:a:bk8s:enc:a:b:");
  writeFileSync(empty, "");
  const { counts } = await searchFiles([one, empty, directory.path("none"), two], common, asMarks);
  assert.deepEqual(counts, [2, 1, 0]);
});
