import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { frame } from "../../grpc/frames.ts";
import { socketPathOf } from "./kms-endpoint.ts";
import { KmsPluginClient } from "./kms-plugin-client.ts";
import { EncryptResponse, kmsMessageBytesMax, StatusResponse } from "./messages.ts";

/** A socket in a folder of its own. */
class SocketPlace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "kms-"));
  readonly path = join(this.folder, "kms.sock");
  readonly #servers: Server[] = [];

  /** Answers each call with these bytes and trailers. */
  async answer(body: Uint8Array, trailers: Record<string, string> = { "grpc-status": "0" }, path = this.path) {
    const server = createHttp2Server();
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end(body);
      stream.on("error", () => {});
    });
    await this.#listen(server, path);
  }

  /** Takes connections, and sends these bytes or nothing at all. */
  async raw(bytes: Buffer | undefined, path = this.path): Promise<void> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      if (bytes !== undefined) socket.end(bytes);
    });
    await this.#listen(server, path);
  }

  client(timeoutMs = 3000): KmsPluginClient {
    return new KmsPluginClient(`unix://${this.path}`, timeoutMs);
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #listen(server: Server, path: string): Promise<void> {
    this.#servers.push(server.listen(path));
    server.unref();
    await once(server, "listening");
  }
}

const status = { version: "v2", healthz: "ok", keyId: "k1" };

async function unavailable(call: Promise<unknown>, reason: RegExp, what: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(isStrongroomError(error, "unavailable"), `${what}: ${String(error)}`);
    assert.match(String((error.cause as Error).message), reason, what);
    return true;
  });
}

test("KmsPluginClient reads the answers of a plugin, also the annotations", async () => {
  using place = new SocketPlace();
  await place.answer(frame(StatusResponse.encode(status)));
  using client = place.client();
  assert.deepEqual(await client.status(), status);
  using other = new SocketPlace();
  const annotations = [{ name: "a.example.com", value: Buffer.of(7) }];
  await other.answer(frame(EncryptResponse.encode({ keyId: "k1", ciphertext: Buffer.of(9), annotations })));
  using second = other.client();
  const wrapped = await second.encrypt(Buffer.alloc(32));
  assert.deepEqual([wrapped.keyId, [...wrapped.ciphertext]], ["k1", [9]]);
  assert.deepEqual([...(wrapped.annotations.get("a.example.com") ?? [])], [7]);
});

test("KmsPluginClient raises unavailable, and nothing else, for whatever a plugin answers that is no answer", async () => {
  const whole = frame(StatusResponse.encode(status));
  const rows: [string, (place: SocketPlace) => Promise<void>, RegExp][] = [
    ["a status that is not ok", (p) => p.answer(whole, { "grpc-status": "14", "grpc-message": "a%0Ab" }), /^a\nb$/],
    ["no status", (p) => p.answer(whole, {}), /end with a status/],
    ["an unknown status", (p) => p.answer(whole, { "grpc-status": "99" }), /end with a status/],
    ["no message", (p) => p.answer(Buffer.alloc(0)), /one whole message/],
    ["two messages", (p) => p.answer(Buffer.concat([whole, whole])), /one whole message/],
    ["a message that is cut", (p) => p.answer(whole.subarray(0, 8)), /one whole message/],
    ["no protobuf", (p) => p.answer(frame(Buffer.from("ffffff", "hex"))), /valid protobuf/],
    ["too much", (p) => p.answer(frame(Buffer.alloc(kmsMessageBytesMax + 1))), /larger than max/],
    ["no HTTP/2", (p) => p.raw(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")), /reachable|status 200/],
    ["an end", (p) => p.raw(Buffer.alloc(0)), /reachable|status 200/],
  ];
  for (const [what, serve, reason] of rows) {
    using place = new SocketPlace();
    await serve(place);
    using client = place.client();
    await unavailable(client.status(), reason, what);
  }
});

test("KmsPluginClient raises unavailable for arbitrary bytes on the connection", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
      using place = new SocketPlace();
      await place.raw(Buffer.from(bytes));
      using client = place.client();
      await assert.rejects(client.status(), (error) => isStrongroomError(error, "unavailable"));
    }),
    { numRuns: 50 },
  );
});

test("KmsPluginClient waits no longer than it is told to, and then finds whoever serves the path", async () => {
  using place = new SocketPlace();
  await place.raw(undefined);
  using client = place.client(50);
  await unavailable(client.status(), /within 50 ms/, "it hangs");
  await place.answer(frame(StatusResponse.encode(status)), undefined, `${place.path}.new`);
  renameSync(`${place.path}.new`, place.path);
  using patient = place.client();
  assert.deepEqual(await patient.status(), status);
});

test("KmsPluginClient finds a plugin that was started again, and raises unavailable meanwhile", async () => {
  using place = new SocketPlace();
  using client = place.client();
  await unavailable(client.status(), /reachable|ENOENT/, "it never was");
  await place.answer(frame(StatusResponse.encode(status)));
  assert.deepEqual(await client.status(), status);
});

test("KmsPluginClient sends nothing where others could have put the socket, nor to what is none", async () => {
  using place = new SocketPlace();
  await place.answer(frame(StatusResponse.encode(status)));
  using client = place.client();
  chmodSync(place.folder, 0o770);
  await unavailable(client.encrypt(Buffer.alloc(32)), /must not be writable/, "an open folder");
  chmodSync(place.folder, 0o1777); // as /tmp: the socket is ours, and nobody else may replace it
  assert.deepEqual(await client.status(), status);
  const file = join(place.folder, "file");
  writeFileSync(file, "");
  using other = new KmsPluginClient(`unix://${file}`);
  await unavailable(other.status(), /must be a unix socket/, "a file");
});

test("socketPathOf takes absolute paths by unix://, and nothing else", () => {
  assert.equal(socketPathOf("unix:///run/kms.sock"), "/run/kms.sock");
  for (const endpoint of [
    "/run/kms.sock",
    "unix://kms.sock",
    "unix:///@name",
    "unix://@name",
    "tcp://1.2.3.4:5",
    "unix:///",
    "",
  ])
    assert.throws(
      () => socketPathOf(endpoint),
      (error) => isStrongroomError(error, "invalid"),
      endpoint,
    );
});
