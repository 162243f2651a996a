import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Redacted } from "../../crypto/redacted.ts";
import { generateRootKeyBytes, RootKey } from "../../crypto/root-key/root-key.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { FollowedRing, publishRing, takeRing } from "./followed-ring.ts";
import type { RingServer } from "./followed-ring.ts";
import { sealRing } from "./key-ring-file.ts";
import { keyFilePath } from "./plugin-folder.ts";

const passphrase = new Redacted<Uint8Array>(Buffer.from("correct horse battery"));
const keys = Array.from({ length: 3 }, (_, index) => {
  const bytes = generateRootKeyBytes();
  const { id } = new RootKey(Buffer.from(bytes));
  const time = new Date(Date.UTC(2026, 0, index + 1));
  return { bytes, facts: { id, madeAt: time, writesFrom: time } };
});

/** The file of a ring of these keys. */
function ringOf(indexes: readonly number[], removed: readonly number[] = [], by = passphrase): Promise<string> {
  const chosen = indexes.map((index) => keys[index] ?? assert.fail("there are three keys"));
  const facts = chosen.map((each) => each.facts);
  const gone = removed.map((index) => keys[index]?.facts.id ?? "");
  const bytes = Buffer.concat(chosen.map((each) => each.bytes));
  return sealRing({ keys: facts, escrowRecipients: [], removed: gone }, bytes, by, 14);
}

class Node implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "strongroom-ring-"));
  text: string | undefined;
  isAway = false;

  readonly server: RingServer = {
    read: async () => {
      if (this.isAway) throw new StrongroomError("unavailable", "the server must answer");
      return this.text;
    },
    write: async (text) => void (this.text = text),
  };

  get local(): string {
    return readFileSync(keyFilePath(this.folder), "utf8");
  }

  async take(text: string | undefined): Promise<boolean> {
    this.text = text;
    return await takeRing({ folder: this.folder, passphrase, server: this.server });
  }

  publish(): Promise<boolean> {
    return publishRing({ folder: this.folder, passphrase, server: this.server });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

test("A ring of the server is taken when it has all keys of the node, but those that were removed by who has the passphrase", async () => {
  using node = new Node();
  const [first, both] = [await ringOf([0]), await ringOf([0, 1])];
  assert.equal(await node.take(first), true);
  assert.equal(await node.take(first), false);
  assert.equal(await node.take(both), true);
  assert.equal(node.local, both);
  const wrong: readonly [string | undefined, string, RegExp][] = [
    [first, "conflict", /must hold the key [0-9a-f]{32}, which this node has/],
    [await ringOf([2]), "conflict", /must hold the key/],
    [await ringOf([1], [2]), "conflict", /must hold the key/],
    [
      await ringOf([0, 1, 2], [], new Redacted<Uint8Array>(Buffer.from("another horse battery"))),
      "sealed",
      /passphrase/,
    ],
    [both.replace(keys[1]?.facts.id ?? "", keys[2]?.facts.id ?? ""), "sealed", /as it was written/],
    ["{}", "sealed", /must be a KmsPluginKeys/],
    ["hunter2", "sealed", /must be JSON/],
    [undefined, "not-found", /must have the ring/],
  ];
  for (const [text, code, message] of wrong) {
    await assert.rejects(node.take(text), (error: unknown) => {
      assert.ok(error instanceof StrongroomError && error.code === code, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert.equal(node.local, both);
  }
  const without = await ringOf([1, 2], [0]);
  assert.equal(await node.take(without), true);
  await assert.rejects(node.take(both.replace('"removed"', "")), { code: "conflict" });
});

test("The key file is published where that loses no key of the server", async () => {
  using node = new Node();
  await node.take(await ringOf([0]));
  node.text = undefined;
  assert.equal(await node.publish(), true);
  assert.equal(node.text, node.local);
  assert.equal(await node.publish(), false);
  node.text = await ringOf([0, 1]);
  await assert.rejects(node.publish(), { code: "conflict" });
  await node.take(await ringOf([0, 1, 2]));
  node.text = await ringOf([0, 1]);
  assert.equal(await node.publish(), true);
  assert.equal(node.text, node.local);
});

test("A node without keys needs the server at its start, and with keys it never waits for it", async () => {
  using node = new Node();
  const told: string[] = [];
  const options = {
    folder: node.folder,
    server: node.server,
    readPassphrase: async () => passphrase,
    onTaken: async () => void told.push("taken"),
    onRefused: (error: unknown) => void told.push(error instanceof StrongroomError ? error.code : String(error)),
    onWell: () => void told.push("well"),
  };
  node.isAway = true;
  await assert.rejects(FollowedRing.open(options), { code: "unavailable" });
  node.isAway = false;
  node.text = await ringOf([0]);
  await using first = await FollowedRing.open(options);
  assert.equal(node.local, node.text);
  node.isAway = true;
  await using ring = await FollowedRing.open(options);
  await ring.look();
  await ring.look();
  assert.deepEqual([told, ring.isCurrent], [["unavailable"], false]);
  node.isAway = false;
  node.text = await ringOf([0, 1]);
  await ring.look();
  assert.deepEqual([told, ring.isCurrent], [["unavailable", "taken", "well"], true]);
  assert.equal(first.isCurrent, true);
});
