/** What a hostile HTTP/2 client can send: each ends its own connection, or its own stream, and nothing else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { get2, openHttp2, openTls, readToEnd, startFront } from "../../../test/support/tls-front.ts";
import type { TestFront } from "../../../test/support/tls-front.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const frameTypes = { headers: 1, resetStream: 3, settings: 4, ping: 6, continuation: 9 } as const;

/** One frame (RFC 9113, section 4.1). */
function frame(type: keyof typeof frameTypes, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(frameTypes[type], 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** GET / over https to x, from HPACK's static table. */
const requestHeaders = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x78]);
const endStreamAndHeaders = 0x5;

function rapidResets(count: number): Buffer {
  const cancel = Buffer.from([0, 0, 0, 8]);
  const frames = Array.from({ length: count }, (_, index) => [
    frame("headers", endStreamAndHeaders, 2 * index + 1, requestHeaders),
    frame("resetStream", 0, 2 * index + 1, cancel),
  ]);
  return Buffer.concat(frames.flat());
}

function settingsFlood(count: number): Buffer {
  const setting = Buffer.from([0, 4, 0, 0, 255, 255]);
  return frame("settings", 0, 0, Buffer.concat(Array.from({ length: count }, () => setting)));
}

function continuationFlood(count: number): Buffer {
  const piece = Buffer.from([0x00, 0x01, 0x61, 0x01, 0x62]);
  const more = Array.from({ length: count }, () => frame("continuation", 0, 1, piece));
  return Buffer.concat([frame("headers", 0, 1, requestHeaders), ...more]);
}

/** Sends the bytes after preface and settings; resolves when the server has closed. */
async function sendRaw(front: TestFront, bytes: Buffer): Promise<void> {
  const socket = await openTls(front, { ALPNProtocols: ["h2"] });
  const ended = readToEnd(socket);
  socket.write(Buffer.concat([preface, frame("settings", 0, 0, Buffer.alloc(0)), bytes]));
  await ended;
}

const floods = [
  { name: "rapid resets (CVE-2023-44487)", bytes: rapidResets(2000) },
  { name: "settings by the hundred", bytes: settingsFlood(200) },
  { name: "headers without end (CVE-2024-27316)", bytes: continuationFlood(20_000) },
  { name: "a frame larger than agreed", bytes: frame("headers", endStreamAndHeaders, 1, Buffer.alloc(70_000)) },
  { name: "bytes that are no frames", bytes: Buffer.alloc(1000, 0xff) },
];

for (const { name, bytes } of floods) {
  test(`HTTP/2: ${name} end the connection, and another is served`, async () => {
    let handled = 0;
    await using front = await startFront((_request, response) => {
      handled += 1;
      response.end("served");
    });
    const other = openHttp2(front);
    await get2(other, { ":path": "/" });
    await sendRaw(front, bytes);
    assert.equal((await get2(other, { ":path": "/" })).body, "served");
    assert.ok(handled <= 502 + 600, `${handled} requests reached the handler`);
    other.destroy();
  });
}

test("HTTP/2: the server announces its limit of streams and refuses more", async () => {
  await using front = await startFront(() => undefined, { http2StreamsMax: 3 });
  const session = openHttp2(front);
  const [settings] = await once(session, "remoteSettings");
  assert.equal(settings.maxConcurrentStreams, 3);
  session.destroy();
  const socket = await openTls(front, { ALPNProtocols: ["h2"] });
  const requests = Array.from({ length: 50 }, (_, index) =>
    frame("headers", endStreamAndHeaders, 2 * index + 1, requestHeaders),
  );
  socket.write(Buffer.concat([preface, frame("settings", 0, 0, Buffer.alloc(0)), ...requests]));
  await once(socket, "data");
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(front.listener.stats().activeRequests <= 3);
  socket.destroy();
});
