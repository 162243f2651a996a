/**
 * What a watch that waits costs the server: as streams of HTTP/2 connections, which is how client libraries open
 * them, and on TLS connections of their own, of which the connection itself is the larger part.
 */
import { connect as connectHttp2 } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import type { ClientCredentials } from "../../test/running-server.ts";
import { memoryOf, runEntry, startServerProcess } from "../child-process.ts";
import type { Worker } from "../child-process.ts";
import type { Section } from "../report.ts";
import { adminCredentials, createWorkspace } from "../workspace.ts";

const watch = "/api/v1/namespaces/default/secrets?watch=true&timeoutSeconds=3000";
const streamsPerConnection = 80;
/** Opened before anything is measured: what the first ones load and compile is not theirs. */
const warmUp = 320;
/** Between collections; some memory goes back only in the turns after one. */
const settleMs = 1000;

export async function measureIdleWatches(quick: boolean): Promise<Section> {
  const count = quick ? 1600 : 4000;
  const [streams, own, bare] = [
    await perClient(count, openStreams),
    await perClient(count, (url, credentials, many) => openConnections(url, credentials, many, watch)),
    await perClient(count, (url, credentials, many) => openConnections(url, credentials, many, "/version")),
  ];
  return {
    name: `Memory of ${count.toLocaleString("en-US")} idle watches (RssAnon)`,
    figures: [
      {
        name: `a watch, ${streamsPerConnection} to an HTTP/2 connection`,
        value: streams,
        unit: "KiB",
        goal: { relation: "<", value: 30 },
      },
      {
        name: "a watch on a connection of its own, beyond an idle connection",
        value: own - bare,
        unit: "KiB",
        goal: { relation: "<", value: 30 },
        detail: `${own.toFixed(0)} KiB with its connection, ${bare.toFixed(0)} KiB an idle TLS connection`,
      },
    ],
  };
}

type Closable = ClientHttp2Session | TLSSocket;
type Open = (url: string, credentials: ClientCredentials, count: number) => Promise<readonly Closable[]>;

/** KiB by which each of `count` clients makes a new server grow. */
async function perClient(count: number, open: Open): Promise<number> {
  await using workspace = await createWorkspace();
  await runEntry("seed", { config: workspace.config, prefix: "watched", count: 1, valueBytes: 1024 });
  const [server, url] = await startServerProcess(workspace.config);
  await using _server = server;
  const credentials = await adminCredentials(workspace);
  const opened = [...(await open(url, credentials, warmUp))];
  const before = await settledMiB(server);
  opened.push(...(await open(url, credentials, count)));
  const after = await settledMiB(server);
  for (const each of opened) each.destroy();
  return ((after - before) * 1024) / count;
}

/** What is left when nothing happens and garbage was collected, which an idle server does by itself in time. */
async function settledMiB(server: Worker): Promise<number> {
  for (let times = 0; times < 3; times++) {
    await delay(settleMs);
    await server.ask({ type: "collect-garbage" });
  }
  await delay(settleMs);
  return memoryOf(server.pid).anonMiB;
}

async function openStreams(url: string, credentials: ClientCredentials, count: number): Promise<ClientHttp2Session[]> {
  const sessions: ClientHttp2Session[] = [];
  for (let open = 0; open < count; open += streamsPerConnection) {
    const session = connectHttp2(url, credentials);
    session.on("error", () => session.destroy());
    sessions.push(session);
    await Promise.all(Array.from({ length: Math.min(streamsPerConnection, count - open) }, () => openStream(session)));
  }
  return sessions;
}

/** Resolves with the first event. */
function openStream(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": watch });
    stream.once("data", () => resolve()).once("error", reject);
    stream.resume();
  });
}

/** Handshakes under way at a time. */
const connectingMax = 16;

async function openConnections(
  url: string,
  credentials: ClientCredentials,
  count: number,
  path: string,
): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  let started = 0;
  const openAll = async (): Promise<void> => {
    while (started++ < count) sockets.push(await openConnection(url, credentials, path));
  };
  await Promise.all(Array.from({ length: connectingMax }, openAll));
  return sockets;
}

/** Resolves when the answer has begun. */
function openConnection(url: string, credentials: ClientCredentials, path: string): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), ...credentials });
    socket.once("secureConnect", () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`));
    socket.once("data", () => resolve(socket)).once("error", reject);
    socket.resume();
  });
}
