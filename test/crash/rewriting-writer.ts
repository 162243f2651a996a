/**
 * For the crash test of rewriting: a store whose records are encrypted again while 16 writers go on, until the process is killed. Each
 * answer is told at once through standard output: `KEY SERIAL`.
 */
import { writeSync } from "node:fs";
import { Registry } from "prom-client";
import { RootKey } from "../../src/crypto/root-key/root-key.ts";
import { openServerStore } from "../../src/instance/server-store.ts";
import type { ServerStore } from "../../src/instance/server-store.ts";
import { createLogger } from "../../src/log/logger.ts";

const stored = [{ group: "", resource: "secrets", places: ["/registry/secrets/"] }];
const [writers, keysPerWriter] = [16, 10];

/** The store of the test, under a root key that all of its processes have. */
export function openRotatedStore(dataDir: string, encryptionFile: string): Promise<ServerStore> {
  const now = () => new Date();
  const reports = { registry: new Registry(), log: createLogger("json", () => {}, now), announce: () => {} };
  const history = { retainMs: 86_400_000, retainBytes: 1024 ** 3 };
  const rootKey = new RootKey(Buffer.alloc(32, 7));
  return openServerStore({ dataDir, encryptionFile, history }, { rootKey }, stored, reports);
}

export async function put({ store }: ServerStore, key: string, text: string): Promise<number> {
  return (await store.txn({ compares: [], thens: [{ type: "put", key, value: Buffer.from(text) }] })).revision;
}

/** A value that says where it belongs, and takes pages of its own now and then. */
export function textOf(key: string, serial: number): string {
  return `${key} ${serial} ${"x".repeat((serial * 37) % 3000)}`;
}

async function write(opened: ServerStore, writer: number, first: number): Promise<void> {
  for (let serial = first; ; serial++) {
    const key = `/registry/secrets/w${writer}/s${serial % keysPerWriter}`;
    await put(opened, key, textOf(key, serial));
    writeSync(1, `${key} ${serial}\n`);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , dataDir = "", encryptionFile = "", first = "0"] = process.argv;
  const opened = await openRotatedStore(dataDir, encryptionFile);
  const walks = (async () => {
    for (;;) await opened.encryptionKeys.rewrite();
  })();
  await Promise.all([walks, ...Array.from({ length: writers }, (_, writer) => write(opened, writer, Number(first)))]);
}
