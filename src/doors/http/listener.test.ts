import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent } from "node:https";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { makeCertificates } from "../../../test/support/certificates.ts";
import {
  asAlice,
  certificates,
  get1,
  get2,
  openHttp2,
  openTls,
  readToEnd,
  startFront,
} from "../../../test/support/tls-front.ts";
import { startListener } from "./listener.ts";
import type { HttpHandler } from "./listener.ts";

/** Tells what the door would see of the connection. */
const describeRequest: HttpHandler = (request, response) => {
  const socket = request.socket as TLSSocket; // the front speaks TLS only
  response.setHeader("Content-Type", "application/json");
  response.end(
    JSON.stringify({
      version: request.httpVersion,
      url: request.url,
      host: request.headers.host,
      authorized: socket.authorized,
      name: socket.getPeerCertificate().subject?.CN,
      address: socket.remoteAddress,
    }),
  );
};

test("a client certificate is seen over HTTP/1.1 and HTTP/2 alike", async () => {
  await using front = await startFront(describeRequest);
  const expected = { url: "/api?x=1", authorized: true, name: "alice", address: "127.0.0.1" };
  const host = `127.0.0.1:${front.listener.port}`;
  const first = await get1(front, "/api?x=1");
  assert.deepEqual(JSON.parse(first.body), { version: "1.1", host, ...expected });
  const session = openHttp2(front);
  const second = await get2(session, { ":path": "/api?x=1", ":authority": host });
  assert.deepEqual(JSON.parse(second.body), { version: "2.0", host, ...expected });
  session.destroy();
});

test("without a certificate, or with one of a stranger, a client gets through to the door as unauthorized", async () => {
  await using front = await startFront(describeRequest);
  const stranger = makeCertificates().client;
  const none = await get1(front, "/", { cert: undefined, key: undefined });
  assert.equal(JSON.parse(none.body).authorized, false);
  const strange = await get1(front, "/", { cert: stranger.certPem, key: stranger.keyPem });
  assert.equal(JSON.parse(strange.body).authorized, false);
});

test("clients that offer no protocol by ALPN are served HTTP/1.1, and TLS 1.1 is refused", async () => {
  await using front = await startFront(describeRequest);
  const socket = await openTls(front, { ALPNProtocols: undefined });
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 OK/);
  const old = connectTls({
    ...asAlice,
    port: front.listener.port,
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "DEFAULT@SECLEVEL=0",
  });
  await assert.rejects(once(old, "secureConnect"));
  assert.equal(front.listener.stats().failedHandshakes, 1);
});

test("sessions are not resumed, so that the client certificate is checked on every connection", async () => {
  await using front = await startFront(describeRequest);
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const first = await openTls(front, { maxVersion });
    const sessions: Buffer[] = [];
    first.on("session", (session) => sessions.push(session));
    first.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await readToEnd(first);
    const session = sessions.at(-1) ?? first.getSession();
    const second = await openTls(front, { maxVersion, ...(session ? { session } : {}) });
    assert.equal(second.isSessionReused(), false, maxVersion);
    second.destroy();
  }
});

test("setTls changes certificate and client authorities for new connections and leaves open ones alone", async () => {
  await using front = await startFront(describeRequest);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const before = await get1(front, "/", { agent });
  assert.equal(JSON.parse(before.body).authorized, true);
  const renewed = makeCertificates();
  front.listener.setTls({ ...renewed.server, clientCaPem: renewed.ca.certPem });
  const kept = await get1(front, "/", { agent });
  assert.equal(JSON.parse(kept.body).authorized, true);
  await assert.rejects(get1(front, "/"), /unable to verify|self-signed|certificate/i);
  const fresh = await get1(front, "/", { ca: renewed.ca.certPem });
  assert.equal(JSON.parse(fresh.body).authorized, false, "the old authority no longer counts");
  agent.destroy();
});

test("material without client authorities is refused, because node would then trust the public ones", async () => {
  await using front = await startFront(describeRequest);
  assert.throws(() => front.listener.setTls({ ...certificates.server, clientCaPem: "" }), RangeError);
});

test("a port that is taken is reported by a rejection", async () => {
  await using front = await startFront(describeRequest);
  await assert.rejects(
    startListener({
      host: "127.0.0.1",
      port: front.listener.port,
      tls: { ...certificates.server, clientCaPem: certificates.ca.certPem },
      handler: describeRequest,
      onError: () => undefined,
    }),
    { code: "EADDRINUSE" },
  );
});

test("a handler that fails before it answered gives a 500 without detail, and the log the error", async () => {
  await using front = await startFront(() => {
    throw new Error("secret detail");
  });
  const session = openHttp2(front);
  for (const answer of [await get1(front, "/"), await get2(session, { ":path": "/" })]) {
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.body, /secret/);
  }
  assert.equal(front.errors.length, 2);
  session.destroy();
});

test("a handler that fails in the middle of an answer breaks it off, so that it does not look complete", async () => {
  await using front = await startFront(async (_request, response) => {
    response.write("half");
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error("failed");
  });
  await assert.rejects(get1(front, "/"), { code: "ECONNRESET" });
  const session = openHttp2(front);
  const stream = session.request({ ":path": "/" });
  stream.resume();
  await assert.rejects(once(stream, "end"), /INTERNAL_ERROR/);
  session.destroy();
  assert.equal(front.errors.length, 2);
});

test("URLs over the limit are 414 and headers over the limit are 431, over both protocols", async () => {
  let served = 0;
  await using front = await startFront((_request, response) => {
    served += 1;
    response.end();
  });
  const longPath = `/${"a".repeat(8 * 1024)}`;
  const longHeaders = { "x-long": "b".repeat(17 * 1024) };
  assert.equal((await get1(front, longPath)).status, 414);
  assert.equal((await get1(front, "/", { headers: longHeaders })).status, 431);
  const session = openHttp2(front);
  assert.equal((await get2(session, { ":path": longPath })).status, 414);
  const refused = session.request({ ":path": "/", ...longHeaders });
  await assert.rejects(once(refused, "response"), /ENHANCE_YOUR_CALM/);
  session.destroy();
  assert.equal(served, 0);
});

test("clients that begin a request and do not finish it get a 408 or a close, at every stage", async () => {
  await using front = await startFront(
    async (request, response) => {
      for await (const _chunk of request);
      response.end();
    },
    { headersTimeoutMs: 150, requestTimeoutMs: 300, handshakeTimeoutMs: 150 },
  );
  const stages = [
    { sent: "", expected: /^(HTTP\/1\.1 408 |$)/ },
    { sent: "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", expected: /^HTTP\/1\.1 408 / },
    { sent: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", expected: /^(HTTP\/1\.1 408 |$)/ },
  ];
  await Promise.all([
    ...stages.map(async ({ sent, expected }) => {
      const socket = await openTls(front);
      socket.write(sent);
      assert.match(await readToEnd(socket), expected);
    }),
    silentBeforeTls(front.listener.port),
    silentHttp2(front),
  ]);
  await waitUntil(() => front.listener.stats().openConnections === 0);
});

/** For what no event tells; the test runner ends a wait in vain. */
async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function silentBeforeTls(port: number): Promise<void> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.resume();
  socket.on("error", () => socket.destroy());
  await once(socket, "close");
}

async function silentHttp2(front: Parameters<typeof openHttp2>[0]): Promise<void> {
  await once(openHttp2(front), "close");
}

test("a client that asks and does not read the answer is cut off", async () => {
  const closed: string[] = [];
  const megabyte = Buffer.alloc(1024 * 1024);
  await using front = await startFront(
    (request, response) => {
      response.once("close", () => closed.push(request.httpVersion));
      for (let index = 0; index < 32; index += 1) response.write(megabyte);
    },
    { writeStallTimeoutMs: 500 },
  );
  const first = await openTls(front);
  first.on("error", () => first.destroy());
  first.pause();
  first.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const session = openHttp2(front);
  const stream = session.request({ ":path": "/" });
  stream.on("error", () => undefined);
  stream.pause();
  await waitUntil(() => closed.length === 2);
  assert.deepEqual(closed.sort(), ["1.1", "2.0"]);
  assert.equal(front.listener.stats().stalledWritesCut, 2);
  first.destroy();
  session.destroy();
});

test("connections over the limit are closed at once", async () => {
  await using front = await startFront(describeRequest, { connectionsMax: 3 });
  const open = [await openTls(front), await openTls(front), await openTls(front)];
  await assert.rejects(openTls(front));
  assert.equal(front.listener.stats().refusedConnections, 1);
  for (const socket of open) socket.destroy();
});

test("a flood of handshakes is slowed down and then refused, and open connections are served meanwhile", async () => {
  await using front = await startFront(describeRequest, {
    handshakeBurst: 5,
    handshakesPerSecond: 50,
    handshakeDelayMsMax: 200,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await get1(front, "/", { agent });
  const flood = Array.from({ length: 60 }, () =>
    openTls(front).then(
      (socket) => socket,
      () => undefined,
    ),
  );
  assert.equal((await get1(front, "/", { agent })).status, 200);
  const sockets = await Promise.all(flood);
  const served = sockets.filter((socket) => socket !== undefined);
  assert.ok(served.length >= 10 && served.length <= 30, `${served.length} of 60 were served`);
  assert.equal(front.listener.stats().refusedConnections, 60 - served.length);
  for (const socket of served) socket.destroy();
  agent.destroy();
});

/** Answers in two parts; the second when told. */
function makeSlowHandler() {
  const waiting: ServerResponse[] = [];
  let onArrival: (() => void) | undefined;
  const handler = (_request: IncomingMessage, response: ServerResponse): void => {
    waiting.push(response);
    onArrival?.();
  };
  const arrived = async (count: number): Promise<void> => {
    while (waiting.length < count) await new Promise<void>((resolve) => (onArrival = resolve));
  };
  return { waiting, handler, arrived };
}

test("drain lets open requests finish, ends idle connections, and accepts nothing new", async () => {
  const { waiting, handler, arrived } = makeSlowHandler();
  await using front = await startFront(handler);
  const idle = await openTls(front);
  const idleEnd = readToEnd(idle);
  const first = get1(front, "/", { headers: { Connection: "keep-alive" } });
  const session = openHttp2(front);
  const second = get2(session, { ":path": "/" });
  await arrived(2);
  const drained = front.listener.drain(5000);
  await idleEnd;
  assert.equal(front.listener.draining.aborted, true);
  await assert.rejects(openTls(front), { code: "ECONNREFUSED" });
  for (const response of waiting) response.end("done");
  assert.equal((await first).headers["connection"], "close");
  assert.equal((await second).body, "done");
  assert.equal(await drained, 0);
});

test("drain tells long-lived answers to end, and closes their connections", async () => {
  await using front = await startFront((_request, response) => {
    response.write("event\n");
    front.listener.draining.addEventListener("abort", () => response.end("bye\n"));
  });
  const socket = await openTls(front);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(socket, "data");
  const rest = readToEnd(socket);
  assert.equal(await front.listener.drain(5000), 0);
  assert.match(await rest, /bye\n\r\n0\r\n\r\n$/);
});

test("drain waits for a handler whose client has gone", async () => {
  let finish = () => {};
  const started = Promise.withResolvers<ServerResponse>();
  await using front = await startFront(async (_request, response) => {
    started.resolve(response);
    await new Promise<void>((resolve) => (finish = resolve));
  });
  const socket = await openTls(front);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const closed = once(await started.promise, "close");
  socket.destroy();
  await closed;
  let drained = false;
  const draining = front.listener.drain(60_000).then(() => (drained = true));
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(drained, false);
  finish();
  await draining;
});

test("drain cuts what is still open at the deadline and says how many", async () => {
  const { handler, arrived } = makeSlowHandler();
  await using front = await startFront(handler);
  const hanging = [get1(front, "/"), get1(front, "/")].map((answer) => assert.rejects(answer));
  await arrived(2);
  assert.equal(await front.listener.drain(50), 2);
  await Promise.all(hanging);
  assert.equal(front.listener.stats().openConnections, 0);
});
