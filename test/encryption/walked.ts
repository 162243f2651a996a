import assert from "node:assert/strict";
import { join } from "node:path";
import { askForEncryption } from "../../src/instance/control-socket.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import type { EncryptionStatus } from "../../src/instance/encryption-service.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";

/** Asks a server until its walk over all records has ended; it tells in no other way. */
export async function walked(dataDir: string): Promise<EncryptionStatus> {
  for (;;) {
    const status = await askForEncryption(dataDir);
    assert.ok(status !== undefined);
    assert.notEqual(status.rewrite.state, "failed");
    if (status.rewrite.state === "done") return status;
  }
}

/** Of a stopped server: a day passes, as far as its superseded revisions are concerned. */
export async function compactHistory(dataDir: string): Promise<void> {
  const root = { type: "file", path: join(dataDir, "..", "root.key") } as const;
  const { rootKey } = await openExistingInstance(dataDir, root);
  await using data = await openDataStore(dataDir, rootKey, {}, (error) => assert.fail(String(error)));
  await data.engine.compact(await data.engine.currentRevision());
}
