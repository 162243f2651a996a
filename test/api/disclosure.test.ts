/** What leaves by unusual ways is on record, and what is left early ends. */
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { createConnection } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { base64, create, createNamespace, secret, secretsPath } from "../support/api-objects.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

const table = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };

async function auditOf(auditId: string | string[] | undefined) {
  const events = await looseAuditEvents(server);
  return events.filter((event) => event.auditID === auditId);
}

test("Metadata that repeats the values is recorded as a disclosure of values, other metadata is not", async () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"MQ=="}}' };
  await create(server, secretsPath, secret("plain", { data: { a: "MQ==" } }));
  const plain = await server.call("GET", secretsPath, { headers: table });
  const plainEvents = await auditOf(plain.headers["audit-id"]);
  assert.equal(plainEvents.find((event) => event.stage === "Disclosed").metadataOnly, true);

  const metadata = { name: "applied", annotations };
  await create(server, secretsPath, { ...secret("applied", { data: { a: "MQ==" } }), metadata });
  const list = await server.call("GET", secretsPath, { headers: table });
  assert.ok(list.text.includes("MQ=="), "the annotation is in the table");
  const listEvents = await auditOf(list.headers["audit-id"]);
  assert.equal(listEvents.find((event) => event.stage === "Disclosed").metadataOnly, undefined);
  const one = await server.call("GET", `${secretsPath}/applied`, { headers: table });
  assert.equal((await auditOf(one.headers["audit-id"]))[0].metadataOnly, undefined);
});

test("An object outside of namespaces is not served inside one", async () => {
  await createNamespace(server, "bar");
  assert.equal((await server.call("GET", "/api/v1/namespaces/foo/namespaces/bar")).status, 404);
  assert.equal((await server.call("DELETE", "/api/v1/namespaces/foo/namespaces/bar")).status, 404);
  assert.equal((await server.call("GET", "/api/v1/namespaces/bar")).status, 200);
  const watchPath = "/api/v1/watch/namespaces/default/secrets";
  assert.equal((await server.call("POST", watchPath, { body: secret("x") })).status, 405);
});

test("Lists that an HTTP/2 client resets end, on record, and leave the connection usable", async () => {
  for (let i = 0; i < 8; i++) {
    await create(server, secretsPath, secret(`big-${i}`, { data: { a: base64(Buffer.alloc(700_000, i)) } }));
  }
  const session = connect(server.url, server.credentials);
  const ids = Array.from({ length: 5 }, (_, i) => `reset-${i}`);
  for (const id of ids) {
    const stream = session.request({ ":path": secretsPath, "audit-id": id });
    await new Promise((resolve) => stream.once("data", resolve));
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.close(8); // CANCEL
    await closed;
  }
  const status = await new Promise((resolve, reject) => {
    const stream = session.request({ ":path": `${secretsPath}/big-0` });
    stream.once("response", (headers) => resolve(headers[":status"])).once("error", reject);
    stream.resume();
  });
  assert.equal(status, 200);
  session.close();
  for (const id of ids) {
    while (!(await auditOf(id)).some((event) => event.stage === "ResponseComplete")) {
      await server.call("GET", "/livez");
    }
  }
});

test("A connection to the control socket that asks nothing does not hold up the stop", async () => {
  const own = await startTestServer();
  const socket = createConnection(join(own.dataDir, "control.sock"));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.on("error", () => socket.destroy());
  await own[Symbol.asyncDispose]();
  socket.destroy();
});
