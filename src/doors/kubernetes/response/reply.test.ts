import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttp2Server, connect } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { sendReply } from "./reply.ts";

/** More than a socket takes at once. */
async function* pieces(ended: () => void): AsyncGenerator<Buffer> {
  try {
    for (let piece = 0; piece < 8; piece++) yield Buffer.alloc(1024 * 1024);
  } finally {
    ended();
  }
}

/** Sends an answer once its client has gone; resolves when sending has ended and the pieces were returned. */
async function sendTo(request: IncomingMessage, response: ServerResponse, live: boolean): Promise<void> {
  let ended = false;
  const body = pieces(() => (ended = true));
  await sendReply(request, response, { code: 200, contentType: "text/plain", body, live }, () => assert.fail());
  assert.ok(ended, "the pieces must be returned");
}

for (const live of [false, true]) {
  const title = live ? "a live answer" : "a streamed answer";

  test(`${title} whose client went before it began ends, on HTTP/1.1`, async () => {
    const sent = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      response.once("close", () => setImmediate(() => sendTo(request, response, live).then(sent.resolve, sent.reject)));
      client.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const client = httpRequest({ port, host: "127.0.0.1" });
    client.on("error", () => {}); // its connection is cut on purpose
    client.end();
    await sent.promise;
    server.close();
  });

  test(`${title} whose client went before it began ends, on HTTP/2`, async () => {
    const sent = Promise.withResolvers<void>();
    const server = createHttp2Server((request: Http2ServerRequest, response: Http2ServerResponse) => {
      // What the door is given for HTTP/2, too.
      const [incoming, answer] = [request, response] as unknown as [IncomingMessage, ServerResponse];
      response.once("close", () => setImmediate(() => sendTo(incoming, answer, live).then(sent.resolve, sent.reject)));
      stream.close();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":path": "/" });
    await sent.promise;
    session.destroy();
    server.close();
  });
}
