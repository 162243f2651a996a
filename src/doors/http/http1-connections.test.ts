import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Http1Connections } from "./http1-server.ts";

async function acceptedSocket(t: TestContext): Promise<Socket> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1"); // a listening TCP server has a port
  client.on("error", () => undefined);
  const [socket] = (await accepted) as [Socket];
  t.after(async () => {
    client.destroy();
    await once(server.close(), "close");
  });
  return socket;
}

test("ending idle connections again while their last bytes leave adds no listener", async (t) => {
  const socket = await acceptedSocket(t);
  socket.cork();
  socket.write("unsent");
  const connections = new Http1Connections();
  connections.add(socket);
  connections.endIdle();
  const listeners = socket.listenerCount("finish");
  connections.endIdle();
  connections.endIdle();
  assert.equal(socket.writableEnded, true);
  assert.equal(socket.listenerCount("finish"), listeners);
});

test("ending idle connections adds no listener to one that is destroyed and not closed yet", async (t) => {
  const socket = await acceptedSocket(t);
  const connections = new Http1Connections();
  connections.add(socket);
  socket.destroy();
  const listeners = socket.listenerCount("finish");
  connections.endIdle();
  connections.endIdle();
  assert.equal(socket.listenerCount("finish"), listeners);
  await once(socket, "close");
});
