import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:http2";
import type { Http2Server, ServerHttp2Stream } from "node:http2";
import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { test } from "node:test";
import { startGrpcServer } from "../../test/support/grpc-server.ts";
import { frame } from "./frames.ts";
import { GrpcClient } from "./grpc-client.ts";
import { GrpcError, grpcCodes } from "./grpc-status.ts";

async function listening<S extends Server | Http2Server>(
  server: S,
): Promise<AsyncDisposable & { readonly url: string }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session: { destroy(): void }) => void sessions.add(session));
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A server of gRPC whose one method does what it is told to. */
function grpcServer(run: (message: Buffer) => Promise<Uint8Array>, port = 0) {
  return startGrpcServer({ [path]: run }, { port });
}

/** A server whose streams are answered by hand. */
function rawServer(answer: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.on("error", () => {}); // the client gave it up
    answer(stream);
  });
  return listening(server);
}

const path = "/test.Test/Echo";
const asked = Buffer.from("asked");
const inTimeMs = 20_000;

function clientOf(url: string): GrpcClient {
  const { port } = new URL(url);
  return new GrpcClient({ connect: () => connect(Number(port), "127.0.0.1"), messageBytesMax: 1000 });
}

const headers = { ":status": 200, "content-type": "application/grpc" };

async function refusal(url: string, timeoutMs = inTimeMs): Promise<GrpcError> {
  using client = clientOf(url);
  try {
    await client.unary(path, asked, timeoutMs);
  } catch (error) {
    if (error instanceof GrpcError) return error;
    throw error;
  }
  return assert.fail("it was answered");
}

test("GrpcClient.unary gives the message of the answer, call after call", async () => {
  await using server = await grpcServer(async (message) => Buffer.concat([Buffer.from("heard "), message]));
  using client = clientOf(server.url);
  for (const text of ["one", "two"]) {
    assert.equal(String(await client.unary(path, Buffer.from(text), inTimeMs)), `heard ${text}`);
  }
  assert.equal((await client.unary(path, Buffer.alloc(900), inTimeMs)).length, 906);
});

test("GrpcClient.unary raises the status of the server with its text", async () => {
  await using server = await grpcServer(() => Promise.reject(new GrpcError(grpcCodes.notFound, "the käse: 100%")));
  const { code, message } = await refusal(server.url);
  assert.deepEqual([code, message], [grpcCodes.notFound, "the käse: 100%"]);
});

test("GrpcClient.unary reads no answer that is too long", async () => {
  await using server = await grpcServer(async () => Buffer.alloc(1001));
  assert.equal((await refusal(server.url)).code, grpcCodes.resourceExhausted);
});

test("GrpcClient.unary ends when no answer comes in time", async () => {
  await using server = await rawServer((stream) => stream.respond(headers));
  const { code, message } = await refusal(server.url, 50);
  assert.deepEqual([code, message], [grpcCodes.deadlineExceeded, "the server must answer within 50 ms"]);
});

const faults: readonly (readonly [what: string, answer: (stream: ServerHttp2Stream) => void, code: number])[] = [
  [
    "ends the stream before its status",
    (stream) => (stream.respond(headers), stream.end(frame(Buffer.from("a")))),
    grpcCodes.unavailable,
  ],
  [
    "ends within a message",
    (stream) => (stream.respond(headers), stream.end(frame(Buffer.from("abc")).subarray(0, 6))),
    grpcCodes.unavailable,
  ],
  ["resets the stream", (stream) => stream.close(2), grpcCodes.unavailable],
  ["ends the connection", (stream) => stream.session?.destroy(), grpcCodes.unavailable],
  [
    "answers as a web server",
    (stream) => (stream.respond({ ":status": 404 }), stream.end("not found, and this is a text")),
    grpcCodes.unavailable,
  ],
  [
    "gives no message",
    (stream) => stream.respond({ ...headers, "grpc-status": "0" }, { endStream: true }),
    grpcCodes.internal,
  ],
  [
    "gives a status that there is not",
    (stream) => stream.respond({ ...headers, "grpc-status": "99" }, { endStream: true }),
    grpcCodes.unavailable,
  ],
];
for (const [what, answer, code] of faults) {
  test(`GrpcClient.unary raises a status for a server that ${what}`, async () => {
    await using server = await rawServer(answer);
    assert.equal((await refusal(server.url)).code, code);
  });
}

test("GrpcClient.unary says that nobody can be reached, and connects anew when somebody can", async () => {
  const first = await grpcServer(async () => Buffer.from("first"));
  using client = clientOf(first.url);
  await client.unary(path, asked, inTimeMs);
  await first[Symbol.asyncDispose]();
  await assert.rejects(client.unary(path, asked, inTimeMs), { code: grpcCodes.unavailable });
  await using second = await grpcServer(async () => Buffer.from("second"), Number(new URL(first.url).port));
  assert.equal(second.url, first.url);
  assert.equal(String(await client.unary(path, asked, inTimeMs)), "second");
});

test("GrpcClient.unary says so of a server that does not speak HTTP/2", async () => {
  await using server = await listening(createHttpServer());
  assert.equal((await refusal(server.url)).code, grpcCodes.unavailable);
});
