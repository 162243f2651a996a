/** The keys of tokens, rotated by whoever may open the data directory. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { askForTokenKeys } from "../../src/instance/control-socket.ts";
import { auditEvents } from "../support/audit-events.ts";
import { tokenClient, tokenOf } from "../support/token-client.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

test("A new key is told of before it signs, and a removed one is gone; both are on record", async () => {
  const ask = (request: Parameters<typeof askForTokenKeys>[1]) => askForTokenKeys(server.dataDir, request);
  const [first] = (await ask({ action: "list" })) ?? [];
  assert.equal(first?.signs, true);
  const added = (await ask({ action: "rotate", algorithm: "ES256" }))?.at(-1)?.kid ?? "";
  const published = async () => {
    const { keys } = (await server.call("GET", "/openid/v1/jwks")).json;
    return keys.map(({ kid }: { kid: string }) => kid);
  };
  assert.deepEqual(await published(), [first.kid, added]);
  const token = await tokenOf(server, "default");
  assert.equal((await tokenClient(server, token)("GET", "/version")).status, 200);
  await assert.rejects(ask({ action: "remove", kid: first.kid }), /must stay until another one signs/);
  await ask({ action: "remove", kid: added });
  assert.deepEqual(await published(), [first.kid]);
  const events = (await auditEvents(server)).filter(({ objectRef }) => objectRef?.resource === "tokenkeys");
  assert.deepEqual(
    events.map(({ verb, objectRef, responseStatus }) => [verb, objectRef?.name, responseStatus?.code]),
    [
      ["create", added, 200],
      ["delete", "", 400],
      ["delete", added, 200],
    ],
  );
  await assert.rejects(ask({ action: "rotate", algorithm: "HS256" as "RS256" }), { code: "invalid" });
});
