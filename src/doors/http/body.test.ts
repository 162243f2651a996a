import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent } from "node:https";
import { test } from "node:test";
import { get1, get2, openHttp2, openTls, readToEnd, startFront } from "../../../test/support/tls-front.ts";
import type { TestFront } from "../../../test/support/tls-front.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { readBody } from "./body.ts";

/** Answers with the length of the body, or with the code of the failure, which it also keeps. */
async function startReader(bytesMax: number): Promise<TestFront & { readonly codes: string[] }> {
  const codes: string[] = [];
  const front = await startFront(async (request, response) => {
    try {
      const body = await readBody(request, bytesMax, { idleMs: 200, totalMs: 400 });
      response.end(`read ${body.length}`);
    } catch (error) {
      if (!isStrongroomError(error)) throw error;
      codes.push(error.code);
      response.statusCode = 413;
      response.end(error.code);
    }
  });
  return Object.assign(front, { codes });
}

const post = { method: "POST" };
const chunked = { method: "POST", headers: { "Transfer-Encoding": "chunked" } };

test("readBody reads what is sent, up to and including the limit, over both protocols", async () => {
  await using front = await startReader(1000);
  assert.equal((await get1(front, "/")).body, "read 0");
  assert.equal((await get1(front, "/", post, "a".repeat(1000))).body, "read 1000");
  assert.equal((await get1(front, "/", chunked, "a".repeat(1000))).body, "read 1000");
  const session = openHttp2(front);
  const answer = await get2(session, { ":path": "/", ":method": "POST" }, "a".repeat(1000));
  assert.equal(answer.body, "read 1000");
  session.destroy();
});

test("readBody refuses one byte more, and the client gets the answer on a connection that stays usable", async () => {
  await using front = await startReader(1000);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = Buffer.alloc(2_000_000);
  assert.equal((await get1(front, "/", { ...post, agent }, body.subarray(0, 1001))).body, "too-large");
  assert.equal((await get1(front, "/", { ...post, agent }, body)).body, "too-large");
  assert.equal((await get1(front, "/", { ...chunked, agent }, body)).body, "too-large");
  assert.equal((await get1(front, "/", { ...post, agent }, "abc")).body, "read 3");
  assert.equal(front.listener.stats().openConnections, 1);
  agent.destroy();
  const session = openHttp2(front);
  const answer = await get2(session, { ":path": "/", ":method": "POST" }, "a".repeat(1001));
  assert.equal(answer.body, "too-large");
  session.destroy();
});

test("readBody raises invalid when the client goes away in the middle, over both protocols", async () => {
  await using front = await startReader(1000);
  const socket = await openTls(front);
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", () => socket.destroy());
  const session = openHttp2(front);
  const stream = session.request({ ":path": "/", ":method": "POST" }, { endStream: false });
  stream.on("error", () => undefined);
  stream.write("abc", () => session.destroy());
  await until(() => front.codes.length === 2);
  assert.deepEqual(front.codes, ["invalid", "invalid"]);
});

test("readBody gives up on a body that pauses or trickles, and ends the connection", async () => {
  await using front = await startReader(1000);
  const paused = await openTls(front);
  paused.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  const trickling = await openTls(front);
  trickling.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  const trickle = setInterval(() => trickling.write("a"), 50);
  await Promise.all([readToEnd(paused), readToEnd(trickling)]);
  clearInterval(trickle);
  assert.deepEqual(front.codes, ["invalid", "invalid"]);
});

test("readBody of a request that has already ended badly does not wait", async () => {
  const outcome = Promise.withResolvers<unknown>();
  await using front = await startFront(async (request, response) => {
    await once(response, "close");
    outcome.resolve(await readBody(request).catch((error: unknown) => error));
  });
  const socket = await openTls(front);
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", () => socket.destroy());
  assert.ok(isStrongroomError(await outcome.promise, "invalid"));
});

test("readBody does not take in an endless body that was refused", async () => {
  await using front = await startReader(1000);
  const socket = await openTls(front);
  const ended = readToEnd(socket);
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const piece = Buffer.from(`10000\r\n${"a".repeat(65_536)}\r\n`);
  for (let sent = 0; !socket.destroyed && sent < 64 * 1024 * 1024; sent += piece.length) {
    if (!socket.write(piece)) await Promise.race([once(socket, "drain"), ended]);
  }
  assert.equal(socket.destroyed, true, "the connection must have been ended");
  assert.deepEqual(front.codes, ["too-large"]);
});

/** For what no event tells; the test runner ends a wait in vain. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
