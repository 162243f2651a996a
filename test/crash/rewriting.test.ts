/** A process is killed again and again while it encrypts records under a new key and others write; each start has another key. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openRotatedStore, put, textOf } from "./rewriting-writer.ts";

const [kills, untouched] = [4, 1500];
const serialsPerRound = 1_000_000;

/** The file of a round: its key first, and those of all rounds before, since none of them came to its end. */
function configurationOf(round: number): string {
  const keys = Array.from({ length: round + 1 }, (_, index) => {
    const byte = round - index + 1;
    return `{name: key${byte}, secret: ${Buffer.alloc(32, byte).toString("base64")}}`;
  });
  return `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: [secrets], providers: [{aesgcm: {keys: [${keys.join(", ")}]}}]}]
`;
}

/** Kills a writer some time after its first answer; returns what it was answered, the last serial of each key. */
async function writeAndKill(dataDir: string, file: string, first: number): Promise<Map<string, number>> {
  const path = new URL("rewriting-writer.ts", import.meta.url).pathname;
  const writer = spawn(process.execPath, [path, dataDir, file, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  const ended = new Promise<void>((resolve) => void writer.stdout.once("end", resolve));
  const started = new Promise<void>((resolve, reject) => {
    writer.stdout.once("data", () => resolve());
    writer.once("exit", () => reject(new Error("the writer must run until it is killed")));
  });
  writer.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await started;
  await delay(randomInt(0, 400));
  writer.kill("SIGKILL");
  await ended;
  const lines = Buffer.concat(chunks).toString("latin1").split("\n").slice(0, -1);
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(" ")), Number(line.slice(line.indexOf(" ") + 1))]));
}

test("No answered write is lost and no record is damaged when rewriting is killed at random instants, and it comes to its end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-rewriting-"));
  const [dataDir, file] = [join(folder, "data"), join(folder, "encryption.yaml")];
  try {
    writeFileSync(file, configurationOf(0), { mode: 0o600 });
    const still = new Map<string, number>();
    await (async () => {
      await using opened = await openRotatedStore(dataDir, file);
      const keys = Array.from({ length: untouched }, (_, index) => `/registry/secrets/still/s${index}`);
      const revisions = await Promise.all(keys.map((key, index) => put(opened, key, textOf(key, index))));
      for (const [index, key] of keys.entries()) still.set(key, revisions[index] ?? 0);
    })();
    const answered = new Map<string, number>();
    for (let round = 1; round <= kills; round++) {
      writeFileSync(file, configurationOf(round));
      for (const [key, serial] of await writeAndKill(dataDir, file, round * serialsPerRound)) answered.set(key, serial);
    }
    assert.ok(answered.size > 0);

    await using opened = await openRotatedStore(dataDir, file);
    const { store, engine, encryptionKeys } = opened;
    const check = async () => {
      for (const [key, serial] of answered) {
        const text = Buffer.from((await store.get(key))?.value ?? []).toString();
        const found = Number(text.split(" ")[1]);
        assert.ok(found >= serial, `${key} has ${found}, and ${serial} was answered`);
        assert.equal(text, textOf(key, found));
      }
      for (const [index, [key, revision]] of Array.from(still).entries()) {
        const record = await store.get(key);
        assert.deepEqual([record?.modRevision, record?.version], [revision, 1], key);
        assert.equal(Buffer.from(record?.value ?? []).toString(), textOf(key, index));
      }
      assert.ok((await engine.verifyLiveSet()).ok);
    };
    await check();
    await encryptionKeys.rewrite();
    const { rewrite, resources } = await encryptionKeys.status();
    assert.deepEqual([rewrite.state, rewrite.unreadable], ["done", 0]);
    const forms = resources.filter(({ resource, records }) => resource === "secrets" && records > 0);
    assert.deepEqual(
      forms.map(({ form }) => form),
      [`aesgcm:v1:key${kills + 1}`],
    );
    await check();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
