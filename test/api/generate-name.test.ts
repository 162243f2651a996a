/** Names made from generateName, when chance does not help. Source: apiserver pkg/registry/generic/registry/store.go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failure, secretsPath } from "../support/api-objects.ts";
import { openDoor } from "../support/open-door.ts";

test("A generated name that stays taken is told after eight tries, and that the client may try again", async () => {
  let draws = 0;
  await using door = await openDoor({ randomBytes: (size) => (draws++, Buffer.alloc(size)) });
  const body = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { generateName: "db-" } });
  const post = () => door.fetch(secretsPath, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  assert.equal((await post()).status, 201);
  draws = 0;
  const answer = await post();
  const message = 'secrets "db-bbbbb" already exists, the server was not able to generate a unique name for the object';
  const details = { name: "db-bbbbb", kind: "secrets", retryAfterSeconds: 1 };
  assert.deepEqual(await answer.json(), failure(409, "AlreadyExists", message, details));
  assert.equal(answer.status, 409);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal(draws, 8);
});
