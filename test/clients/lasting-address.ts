/**
 * An address on loopback that lasts while the server behind it is stopped and started
 * again on another port; TLS goes through untouched. It can also cut connections, as
 * networks do.
 */
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import type { TestServer } from "../running-server.ts";

export interface LastingAddress extends AsyncDisposable {
  readonly url: string;
  /** Path of a kubeconfig of the administrator with this address in it. */
  readonly kubeconfig: string;
  /** The server that answers from now on. */
  leadTo(server: TestServer): void;
  /** Lets new connections wait for the next server, for clients that do not try again. */
  hold(): void;
  /** Breaks all connections. */
  cut(): void;
}

export async function startLastingAddress(first: TestServer): Promise<LastingAddress> {
  let server: TestServer | undefined = first;
  let waiting: Socket[] = [];
  const sockets = new Set<Socket>();
  const forward = (socket: Socket, { url }: TestServer): void => {
    const back = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    for (const [one, other] of [
      [socket, back],
      [back, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy()); // nobody listens (yet): the client sees a broken connection
      one.once("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  };
  const front = createServer((socket) => {
    socket.on("error", () => socket.destroy()); // a client that broke off
    if (server === undefined) waiting.push(socket);
    else forward(socket, server);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  const { port } = front.address() as AddressInfo; // a TCP listener has one
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = join(first.dataDir, "lasting.kubeconfig");
  const text = await readFile(first.kubeconfig, "utf8");
  await writeFile(kubeconfig, text.replace(first.url, url), { mode: 0o600 });
  const cut = () => {
    for (const socket of [...sockets, ...waiting]) socket.destroy();
  };
  return {
    url,
    kubeconfig,
    leadTo(next) {
      server = next;
      for (const socket of waiting) forward(socket, next);
      waiting = [];
    },
    hold: () => void (server = undefined),
    cut,
    async [Symbol.asyncDispose]() {
      front.close();
      cut();
      await once(front, "close");
    },
  };
}
