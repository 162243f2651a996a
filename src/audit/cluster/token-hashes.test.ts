import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { TokenHashes, parseTokenHashes } from "./token-hashes.ts";

const folder = mkdtempSync(join(tmpdir(), "strongroom-hashes-"));
after(() => rmSync(folder, { recursive: true }));
const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

test("parseTokenHashes takes what sha256sum prints, and nothing that is not all of it", () => {
  const [a, b] = [hashOf("a"), hashOf("b")];
  assert.deepEqual(
    parseTokenHashes(`${a}  -\n\n${b}\n`)?.map((hash) => hash.toString("hex")),
    [a, b],
  );
  for (const content of ["", "\n", "token", `${a}\ntoken`, a.slice(1), `${a}0`, a.toUpperCase()])
    assert.equal(parseTokenHashes(content), undefined, content);
});

test("TokenHashes follow their file, and keep what they were while it is wrong or gone", async () => {
  const file = join(folder, "hashes");
  let nowMs = 0;
  const errors: unknown[] = [];
  const hashes = new TokenHashes({ file, hashes: [], nowMs: () => nowMs, onError: (error) => errors.push(error) });
  const current = async () => {
    nowMs += 1000;
    return (await hashes.current()).map((hash) => hash.toString("hex"));
  };
  // As an operator changes it: another file takes the name.
  const write = (content: string) => {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  };
  write(hashOf("a"));
  assert.deepEqual(await current(), [hashOf("a")]);
  write(`${hashOf("a")}\n${hashOf("b")}\n`);
  assert.deepEqual(await hashes.current().then((each) => each.length), 1);
  assert.deepEqual(await current(), [hashOf("a"), hashOf("b")]);
  write("a token, by mistake");
  assert.deepEqual([await current(), await current()].flat(), [hashOf("a"), hashOf("b"), hashOf("a"), hashOf("b")]);
  assert.match(String(errors), /^TypeError: the file of token hashes must have lines/);
  assert.equal(errors.length, 1);
  rmSync(file);
  assert.equal((await current()).length, 2);
  write(hashOf("c"));
  assert.deepEqual(await current(), [hashOf("c")]);
  assert.equal(errors.length, 2);
});
