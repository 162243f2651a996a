/**
 * Bytes that two HTTP parsers could read as different requests, and other
 * malformed requests: each is answered 400 and ends its connection, and the
 * handler sees no second request.
 *
 * Sources: RFC 9112, sections 5.2, 6.1, 6.3 and 11.2.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTls, readToEnd, startFront } from "../../../test/support/tls-front.ts";

const next = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

const refused: Readonly<Record<string, string>> = {
  "Content-Length beside Transfer-Encoding": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${next}`,
  "Transfer-Encoding beside Content-Length": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${next}`,
  "two different lengths": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n${next}`,
  "two equal lengths": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n${next}`,
  "a list of lengths": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n${next}`,
  "a signed length": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n${next}`,
  "a hexadecimal length": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n${next}`,
  "a length beyond all bounds": `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n${next}`,
  "a transfer coding that is not chunked": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n${next}`,
  "chunked that is not the last coding": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${next}`,
  "chunked with a prefix": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${next}`,
  "a folded Transfer-Encoding": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${next}`,
  "a folded header": `GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n${next}`,
  "a blank before the colon": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${next}`,
  "a header line that begins with a blank": `GET / HTTP/1.1\r\n Host: x\r\n\r\n${next}`,
  "a bare line feed after a header": `GET / HTTP/1.1\r\nHost: x\r\nX-A: b\nX-B: c\r\n\r\n${next}`,
  "a bare line feed as the end": `GET / HTTP/1.1\nHost: x\n\n${next}`,
  "a bare carriage return in a header": `GET / HTTP/1.1\r\nHost: x\r\nX-A: b\rX-B: c\r\n\r\n${next}`,
  "a NUL in a header": `GET / HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n${next}`,
  "a chunk size that is no number": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n${next}`,
  "a chunk longer than its size": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n${next}`,
  "a chunk size ended by a bare line feed": `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n${next}`,
  "no Host": `GET / HTTP/1.1\r\n\r\n${next}`,
  "two Hosts": `GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${next}`,
  "an unknown method": `SMUGGLE / HTTP/1.1\r\nHost: x\r\n\r\n${next}`,
  "an unknown version": `GET / HTTP/3.7\r\nHost: x\r\n\r\n${next}`,
  "HTTP/0.9": `GET /\r\n${next}`,
  "the preface of HTTP/2": `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${next}`,
  "a blank in the URL": `GET /a b HTTP/1.1\r\nHost: x\r\n\r\n${next}`,
  "no HTTP at all": `\x16\x03\x01\x02\x00${next}`,
};

for (const [name, bytes] of Object.entries(refused)) {
  test(`the front refuses ${name}`, async () => {
    const seen: string[] = [];
    await using front = await startFront(
      async (request, response) => {
        seen.push(request.url ?? "");
        try {
          for await (const _chunk of request);
          response.end("served");
        } catch {
          response.destroy();
        }
      },
      { keepAliveTimeoutMs: 1000 },
    );
    const socket = await openTls(front);
    socket.write(Buffer.from(bytes, "latin1"));
    const answer = await readToEnd(socket);
    assert.match(answer, /^(HTTP\/1\.1 400 Bad Request\r\n|$)/);
    assert.doesNotMatch(answer, /served/);
    assert.equal(answer.split("HTTP/1.1 ").length <= 2, true, "one answer at most");
    assert.ok(!seen.includes("/smuggled"), "the second request must not be served");
    assert.deepEqual(front.errors, []);
  });
}

test("a correct chunked request with a second one behind it is served twice, so that the table can fail", async () => {
  const seen: string[] = [];
  await using front = await startFront(async (request, response) => {
    for await (const _chunk of request);
    seen.push(request.url ?? "");
    response.end("served");
  });
  const socket = await openTls(front);
  const last = "GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${last}`);
  await readToEnd(socket);
  assert.deepEqual(seen.sort(), ["/", "/smuggled"]);
});
