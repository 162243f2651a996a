/**
 * Bytes that no HTTP client sends, to the whole server: paths that two readers
 * could read differently, smuggled and cut requests, clients that dawdle. Each
 * gets a status or a clean close, and honest clients go on being served.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, after, test } from "node:test";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { connectRaw, exchangeRaw, requestRaw } from "../support/raw-connection.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer({
  limits: { headersTimeoutMs: 400, requestTimeoutMs: 800, bodyIdleTimeoutMs: 400, keepAliveTimeoutMs: 400 },
});
after(() => server[Symbol.asyncDispose]());
await create(server, secretsPath, secret("there", { stringData: { k: "v" } }));

afterEach(async () => {
  assert.equal((await server.call("GET", `${secretsPath}/there`)).status, 200, "honest clients are served");
});

const paths: [target: string, statuses: number[]][] = [
  ["//api/v1/namespaces/default/secrets/there", [200]], // the empty segment is none, as in Go's path cleaning
  ["/api/v1/namespaces/default/secrets/there/", [200]],
  ["//evil.example/livez", [404]],
  ["/livez/../metrics", [400]],
  ["/livez/%2e%2E/metrics", [400]],
  ["/api/v1/namespaces/default/secrets/./there", [400]],
  ["/api/v1/namespaces/other/../default/secrets/there", [400]],
  ["/api/v1\\namespaces\\default\\secrets\\there", [404]],
  ["/api/v1/namespaces/default/secrets/there#fragment", [400, 404]],
  ["/api/v1/namespaces/default/secrets/there%2f..%2fx", [400]],
  ["/api/v1/namespaces/default/secrets/%2e%2e", [400]],
  ["/api/v1/namespaces/default/secrets/there%00", [400]],
  ["/api/v1/namespaces/default/secrets/%ff%fe", [400]],
  ["/api/v1/namespaces/default/secrets/%", [400]],
  [`/${"x".repeat(9000)}`, [414]],
  [`/${"x".repeat(20_000)}`, [431]],
  ["api/v1/secrets", [400]],
  ["https://elsewhere.example/livez", [200]], // RFC 9112: the absolute form names the same server
];

for (const [target, statuses] of paths) {
  test(`GET ${target.slice(0, 60)} is answered ${statuses.join(" or ")}`, async () => {
    const { status, text } = await requestRaw(server, "GET", target);
    assert.ok(statuses.includes(status), text.slice(0, 300));
  });
}

test("A method that nobody knows is a 400 or 405", async () => {
  for (const method of ["FROB", "get", "G3T", "CONNECT"]) {
    const { status, text } = await requestRaw(server, method, secretsPath);
    assert.ok([0, 400, 405].includes(status), text.slice(0, 200));
  }
});

const post = (headers: string, body: string) =>
  `POST ${secretsPath} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
const hidden = `POST ${secretsPath} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 35\r\n\r\n{"metadata":{"name":"smuggled-in"}}\n`;

const smuggling: [title: string, bytes: string][] = [
  ["two lengths", post("Content-Length: 2\r\nContent-Length: 300\r\n", `{}${hidden}`)],
  ["a length beside chunks", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${hidden}`)],
  ["a coding behind chunked", post("Transfer-Encoding: chunked, identity\r\n", `0\r\n\r\n${hidden}`)],
  ["an obfuscated coding", post("Transfer-Encoding: xchunked\r\n", `0\r\n\r\n${hidden}`)],
  ["a blank before the colon", post("Transfer-Encoding : chunked\r\n", `0\r\n\r\n${hidden}`)],
  ["a folded header", post("Content-Length: 2\r\nX: a\r\n b\r\n", `{}${hidden}`)],
  ["a negative length", post("Content-Length: -1\r\n", hidden)],
  ["a chunk size that is none", post("Transfer-Encoding: chunked\r\n", `zz\r\n${hidden}`)],
  ["a bare line feed in the headers", `GET ${secretsPath} HTTP/1.1\nHost: localhost\n\n${hidden}`],
  ["a header with a NUL", `GET ${secretsPath} HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n${hidden}`],
  ["no Host", `GET ${secretsPath} HTTP/1.1\r\n\r\n${hidden}`],
  ["two Hosts", `GET ${secretsPath} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${hidden}`],
];

for (const [title, bytes] of smuggling) {
  test(`A request with ${title} is refused, and what hides behind it is not served`, async () => {
    const received = await exchangeRaw(server, bytes);
    assert.match(received, /^HTTP\/1\.1 4\d\d|^$/);
    assert.equal((await server.call("GET", `${secretsPath}/smuggled-in`)).status, 404);
  });
}

test("A body that is cut short creates nothing", async () => {
  const whole = JSON.stringify(secret("cut"));
  const socket = await connectRaw(server);
  socket.on("error", () => {});
  socket.write(post(`Content-Length: ${whole.length + 50}\r\n`, whole));
  const flushed = once(socket, "close");
  socket.end();
  socket.resume();
  await flushed;
  assert.equal((await server.call("GET", `${secretsPath}/cut`)).status, 404);
});

test("Clients that stop in the handshake, the headers or the body are cut off in time", async () => {
  const started = performance.now();
  const stopped = await Promise.all([
    exchangeRaw(server, ""),
    exchangeRaw(server, `GET ${secretsPath} HTTP/1.1\r\nHost: lo`),
    exchangeRaw(server, post("Content-Length: 100\r\n", "{")),
    exchangeRaw(server, post("Transfer-Encoding: chunked\r\n", "1\r\n{\r\n")),
  ]);
  for (const received of stopped) assert.match(received, /^$|^HTTP\/1\.1 4\d\d/);
  assert.ok(performance.now() - started < 10_000);
});

test("A compressed body is not inflated", async () => {
  const body = gzipSync(Buffer.alloc(50 * 1024 * 1024, 0x20));
  const answer = await server.call("POST", secretsPath, {
    body,
    headers: { "Content-Encoding": "gzip", "Content-Type": "application/json" },
  });
  assert.ok([400, 415].includes(answer.status), answer.text);
});

test("A forged continue token is a 400, 410 or 504, or continues inside the list", async () => {
  const printable = fc.string({ unit: fc.constantFrom(..."az./~%- "), maxLength: 40 });
  const start = fc.oneof(
    printable.map((text) => `${text}\0`),
    fc.string({ maxLength: 600 }),
    fc.anything(),
  );
  const rv = fc.oneof(fc.integer({ min: -2, max: 50 }), fc.double(), fc.maxSafeInteger(), fc.anything());
  const version = fc.oneof({ weight: 5, arbitrary: fc.constant("meta.k8s.io/v1") }, fc.anything());
  const token = fc.oneof(
    fc.record({ v: version, rv, start }).map((value) => Buffer.from(JSON.stringify(value)).toString("base64url")),
    fc.string({ unit: "binary" }),
    fc.base64String(),
  );
  await fc.assert(
    fc.asyncProperty(token, async (value) => {
      const answer = await server.call("GET", `${secretsPath}?limit=2&continue=${encodeURIComponent(value)}`);
      assert.ok([200, 400, 410, 504].includes(answer.status), `${answer.status} ${answer.text.slice(0, 200)}`);
      if (answer.status !== 200) return;
      for (const { metadata } of answer.json.items) assert.equal(metadata.namespace, "default");
    }),
    { numRuns: 150, seed: 7 },
  );
});

test("Bodies of chance are a 4xx in every media type", async () => {
  const types = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
  const patches = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
  ];
  const text = fc.oneof(fc.json({ maxDepth: 4 }), fc.string({ unit: "binary" }));
  const bytes = fc.oneof(
    text.map((one) => Buffer.from(one)),
    fc.uint8Array().map((one) => Buffer.from(one)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.constantFrom(...types, ...patches), async (body, type) => {
      const patch = patches.includes(type);
      const url = patch ? `${secretsPath}/there?dryRun=All` : `${secretsPath}?dryRun=All`;
      const answer = await server.call(patch ? "PATCH" : "POST", url, { body, headers: { "Content-Type": type } });
      assert.ok(answer.status < 500, `${answer.status} ${answer.text.slice(0, 300)}`);
      assert.ok(patch || answer.status >= 400, answer.text.slice(0, 300));
    }),
    { numRuns: 300, seed: 11 },
  );
});
