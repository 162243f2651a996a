/** Damages what a stopped server keeps, as a bad disk or somebody with the disk would. */
import { dirname, join } from "node:path";
import { openExistingInstance } from "../../src/instance/instance.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import type { TestServer } from "../running-server.ts";

/** Changes one bit of the stored bytes under each key; the index of what is there is as the server would have it. */
export async function flipBits(server: Pick<TestServer, "dataDir">, keys: readonly string[]): Promise<void> {
  const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
  const instance = await openExistingInstance(server.dataDir, rootKey);
  await using data = await openDataStore(server.dataDir, instance.rootKey, {}, () => {});
  for (const key of keys) {
    const record = await data.engine.get(key);
    if (record === undefined) throw new Error(`${key} must be stored`);
    const bytes = Buffer.from(record.value);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    if (!(await data.engine.rewrite(key, record.modRevision, bytes))) throw new Error(`${key} must not change`);
  }
}

/** The keys under a prefix of a stopped server's store. */
export async function storedKeys(server: Pick<TestServer, "dataDir">, prefix: string): Promise<string[]> {
  const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
  const instance = await openExistingInstance(server.dataDir, rootKey);
  await using data = await openDataStore(server.dataDir, instance.rootKey, {}, () => {});
  return (await data.store.range(prefix, { keysOnly: true })).records.map(({ key }) => key);
}
