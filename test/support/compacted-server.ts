import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { openInstance } from "../../src/instance/instance.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import type { TestServer } from "../running-server.ts";

/** Stops the server, compacts its store up to now and starts it again: no version that a client remembers is left. */
export async function compacted(server: TestServer): Promise<TestServer> {
  await server.stop();
  const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
  const instance = await openInstance(server.dataDir, rootKey);
  {
    await using data = await openDataStore(server.dataDir, instance.rootKey, {}, (error) => assert.ifError(error));
    await data.store.compact(await data.store.currentRevision());
  }
  return server.restart();
}
