/**
 * For crash tests: 64 writers in closed loops on the store of a directory, until
 * the process is killed. What was answered is told at once through standard output,
 * one line each: `put REVISION CRC KEY` or `delete REVISION KEY`.
 */
import { randomInt } from "node:crypto";
import { writeSync } from "node:fs";

import type { Operation } from "../../store.ts";
import { openEmbeddedEngine } from "../embedded-engine.ts";
import { crashKeysPerWriter, crashValue, crashWriters } from "./crash-record.ts";
import { testAuthenticator } from "./test-authenticator.ts";

const [, , directory = ""] = process.argv;
const store = await openEmbeddedEngine({ directory, indexAuthenticator: testAuthenticator });
let serial = 0;

async function write(writer: number): Promise<void> {
  for (;;) {
    const { thens, lines } = changes(writer);
    const { revision } = await store.txn({ compares: [], thens });
    writeSync(1, lines.map((line) => line.replace("REVISION", String(revision))).join(""));
  }
}

// One to three keys of the writer at once: a transaction must be kept whole.
function changes(writer: number): { thens: Operation[]; lines: string[] } {
  const first = randomInt(crashKeysPerWriter);
  const thens: Operation[] = [];
  const lines: string[] = [];
  for (let i = 0; i < randomInt(1, 4); i++) {
    const key = `/crash/${writer}/${(first + i) % crashKeysPerWriter}`;
    if (randomInt(10) === 0) {
      thens.push({ type: "delete", key });
      lines.push(`delete REVISION ${key}\n`);
      continue;
    }
    const value = crashValue(key, serial++);
    thens.push({ type: "put", key, value });
    lines.push(`put REVISION ${value.readUInt32BE(0)} ${key}\n`);
  }
  return { thens, lines };
}

await Promise.all(Array.from({ length: crashWriters }, (_, writer) => write(writer)));
