/** Floods of requests that give nothing away are counted; what gives something away has its record all the same. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { looseAuditEvents } from "../support/audit-events.ts";
import { grant, userClient } from "../support/user-client.ts";
import { connectWith, startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

test("A user who is refused a thousand times and more, and strangers, are counted; what they are disclosed is on record one by one", async () => {
  await create(server, secretsPath, secret("own", { stringData: { k: "v" } }));
  await grant(server, "scanner", ["get", "secrets", "own"]);
  const scanner = await userClient(server, "scanner");
  const stranger = connectWith(server.url, { ca: server.credentials.ca });
  const flood = async (count: number, send: () => Promise<{ readonly status: number }>, status: number) => {
    for (let sent = 0; sent < count; sent += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, send));
      for (const answer of answers) assert.equal(answer.status, status);
    }
  };
  await flood(1200, () => scanner("GET", `${secretsPath}/other`), 403);
  await flood(60, () => stranger("GET", secretsPath), 401);
  await flood(20, () => scanner("GET", `${secretsPath}/own`), 200);
  await server.stop();

  const events = await looseAuditEvents(server);
  const by = (name: string) => events.filter(({ user }) => user.username === name);
  const common = (name: string) => by(name).filter(({ refusals }) => refusals !== undefined);
  const refused = by("scanner").filter(({ refusals, responseStatus }) => !refusals && responseStatus?.code === 403);
  const [counted] = common("scanner");
  // One more for each two seconds that it took.
  assert.ok(refused.length >= 1000 && refused.length < 1100, `${refused.length} records`);
  assert.equal(refused.length + counted.refusals.count, 1200);
  assert.deepEqual(counted.refusals.asked, { "403 get secrets in default": counted.refusals.count });
  assert.deepEqual(counted.refusals.networks, { "127.0.0.1": counted.refusals.count });
  assert.equal(by("scanner").filter(({ disclosed }) => disclosed !== undefined).length, 20);
  const [strangers] = common("system:anonymous");
  assert.ok(strangers.refusals.count >= 45);
});
