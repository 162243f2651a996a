import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { readStaticTokens, staticTokens } from "./static-tokens.ts";

const folder = await mkdtemp(join(tmpdir(), "strongroom-tokens-"));
after(() => rm(folder, { recursive: true, force: true }));
const path = join(folder, "tokens.csv");

async function read(text: string) {
  await writeFile(path, text, { mode: 0o600 });
  return staticTokens(await readStaticTokens(path), ["api"]);
}

test("readStaticTokens takes upstream's form: quotes, groups, empty tokens, any line end, the last of equal tokens", async () => {
  const tokens = await read('a,ann,1,"x,y"\r\n\r\n"q""t",quo,\n,nobody,3\na,bob,2,z,ignored\nlast,eve,5');
  const user = async (token: string) => (await tokens.authenticate(token, ["api"]))?.user;
  const common = { extra: new Map() };
  assert.deepEqual(await user("a"), { name: "bob", uid: "2", groups: ["z"], ...common });
  assert.deepEqual(await user('q"t'), { name: "quo", uid: undefined, groups: [], ...common });
  assert.deepEqual(await user("last"), { name: "eve", uid: "5", groups: [], ...common });
  assert.equal(await user(""), undefined);
  assert.equal(await tokens.authenticate("a", ["other"]), undefined);
});

test("readStaticTokens refuses a file of another form without telling what is in it", async () => {
  for (const text of [
    "s3cret,ann",
    's3cret,"ann,1',
    's3cret,an"n,1',
    's3cret,"ann"x,1',
    "s3cret,,1",
    "ok,a,1\ns3cret",
  ]) {
    await assert.rejects(read(text), (error: Error & { code?: string }) => {
      assert.equal(error.code, "invalid");
      assert.ok(error.message.includes(path) && !error.message.includes("s3cret"));
      return true;
    });
  }
});

test("readStaticTokens refuses a file that anybody but its owner may read, write or run", async () => {
  await read("a,ann,1");
  for (const mode of [0o640, 0o604, 0o620, 0o601, 0o644]) {
    await chmod(path, mode);
    await assert.rejects(readStaticTokens(path), { code: "invalid" });
  }
  await chmod(path, 0o400);
  assert.equal((await readStaticTokens(path)).size, 1);
  await assert.rejects(readStaticTokens(join(folder, "none")), { code: "unavailable" });
});
