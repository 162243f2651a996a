/** The door over HTTP/2: the same answers, many at once on one connection. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import { after, test } from "node:test";
import { create, secret, secretsPath, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
const session: ClientHttp2Session = connect(server.url, { ...server.credentials });
after(async () => {
  session.destroy();
  await server[Symbol.asyncDispose]();
});

async function ask(headers: Record<string, string>, body?: string) {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  // Node declares the arguments of events as unknown.
  const [answered] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer); // no encoding is set
  return { status: answered[":status"], headers: answered, text: Buffer.concat(chunks).toString("utf8") };
}

test("The server chooses HTTP/2 for a client that offers it", async () => {
  await once(session, "connect");
  assert.equal(session.alpnProtocol, "h2");
});

test("A secret is created, read and deleted as over HTTP/1.1", async () => {
  const body = JSON.stringify(secret("two", { stringData: { k: "v" } }));
  const created = await ask({ ":method": "POST", ":path": secretsPath, "content-type": "application/json" }, body);
  assert.equal(created.status, 201);
  const read = await ask({ ":path": `${secretsPath}/two` });
  assert.equal(read.text, (await server.call("GET", `${secretsPath}/two`)).text);
  assert.equal(read.headers["cache-control"], "no-cache, private");
  assert.equal((await ask({ ":method": "DELETE", ":path": `${secretsPath}/two` })).status, 200);
  assert.equal((await ask({ ":path": `${secretsPath}/two` })).status, 404);
});

test("Many requests share one connection, warnings and large answers included", async () => {
  const tls = JSON.stringify(
    secret("tls", { type: "kubernetes.io/tls", stringData: { "tls.crt": "", "tls.key": "" } }),
  );
  const warned = await ask({ ":method": "POST", ":path": secretsPath, "content-type": "application/json" }, tls);
  assert.match(String(warned.headers["warning"]), /^299 - "tls: /);
  await create(server, secretsPath, secret("big", { data: { a: Buffer.alloc(1_000_000, 5).toString("base64") } }));
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => ask({ ":path": index % 10 === 0 ? `${secretsPath}/big` : secretsPath })),
  );
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    JSON.parse(answer.text);
  }
});

test("A watch streams beside other requests and ends in time", async () => {
  const { resourceVersion } = (await server.call("GET", secretsPath)).json.metadata;
  const watch = ask({ ":path": `${secretsPath}?watch=true&timeoutSeconds=1&resourceVersion=${resourceVersion}` });
  await create(server, secretsPath, secret("seen"));
  await sendPatch(server, "merge", `${secretsPath}/seen`, { stringData: { k: "v" } });
  assert.equal((await ask({ ":path": "/livez" })).text, "ok");
  const { status, text } = await watch;
  assert.equal(status, 200);
  const types = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).type);
  assert.deepEqual(types, ["ADDED", "MODIFIED"]);
});
