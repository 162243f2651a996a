import { createHmac, createSecretKey } from "node:crypto";

import type { IndexAuthenticator } from "../../mvcc/live-set-digest.ts";

// A key object: with a plain buffer Node 24 computes the MAC four times slower.
const key = createSecretKey(Buffer.alloc(32, 7));

/** For tests: an authenticator with a fixed key. */
export const testAuthenticator: IndexAuthenticator = {
  mac: (data) => createHmac("sha256", key).update(data).digest(),
};
