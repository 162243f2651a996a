/** An unmodified etcd on a free port, and etcdctl, for tests. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

export interface RealEtcd extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** The file that it keeps everything in. */
  readonly databasePath: string;
  put(key: string, value: string | Uint8Array): Promise<void>;
  /** Runs etcdctl and resolves to what it printed. Raises when it fails. */
  etcdctl(...args: readonly string[]): Promise<string>;
  /** Ends it, so that its database can be read. */
  stop(): Promise<void>;
}

/** Raises where there is none. `more` are arguments beside those that it takes to run. */
export async function startRealEtcd(more: readonly string[] = [], scheme = "http"): Promise<RealEtcd> {
  const folder = await mkdtemp(join(tmpdir(), "real-etcd-"));
  const [port = 0, peerPort = 0] = await freePorts(2);
  const [url, peerUrl] = [`${scheme}://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const urls = ["--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", peerUrl];
  const peers = ["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`];
  const args = ["--data-dir", join(folder, "data"), ...urls, ...peers, ...more];
  const child = spawn("etcd", args, { stdio: ["ignore", "ignore", "pipe"] });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "close");
  };
  await readyLine(child.stderr);
  const etcdctl = async (...command: readonly string[]) => {
    const env = { ...process.env, ETCDCTL_API: "3" };
    return (await promisify(execFile)("etcdctl", ["--endpoints", url, ...command], { env })).stdout;
  };
  return {
    url,
    pid: child.pid ?? 0,
    dataDir: join(folder, "data"),
    databasePath: join(folder, "data", "member", "snap", "db"),
    put: (key, value) => put(url, key, value),
    etcdctl,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Its log goes on being read, so that it never waits for a reader. */
async function readyLine(log: NodeJS.ReadableStream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const last: string[] = [];
  const lines = createInterface({ input: log });
  lines.on("line", (line) => {
    last.push(line);
    if (last.length > 20) last.shift();
    if (line.includes("ready to serve client requests")) resolve();
  });
  lines.on("close", () => reject(new Error(`etcd ended before it was ready:\n${last.join("\n")}`)));
  await promise;
}

/** By the gateway, which takes any bytes. */
async function put(url: string, key: string, value: string | Uint8Array): Promise<void> {
  const body = { key: Buffer.from(key).toString("base64"), value: Buffer.from(value).toString("base64") };
  const answer = await fetch(`${url}/v3/kv/put`, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`etcd did not take ${key}: ${text}`);
}

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port); // they listen on ports
  for (const server of servers) server.close();
  return ports;
}
