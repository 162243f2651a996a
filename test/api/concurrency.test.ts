/** Limits on what is worked on at the same time, as configured. Source: apiserver pkg/server/filters/maxinflight.go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { secretsPath } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";
import { openWatch } from "../support/watch-stream.ts";

test("More watches than the configuration allows are refused, and requests have places of their own", async () => {
  await using server = await startTestServer({ limits: { watchesMax: 1 } });
  const path = `${secretsPath}?watch=true`;
  await using _watch = await openWatch(server, path);
  const refused = await server.call("GET", path);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["retry-after"], "1");
  assert.equal(refused.json.reason, "TooManyRequests");
  assert.equal((await server.call("GET", secretsPath)).status, 200);
});
