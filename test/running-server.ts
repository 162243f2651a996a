/**
 * A real server for tests: the wiring as it is served, on a temporary data
 * directory and a free port, with an HTTPS client that presents the
 * administrator's certificate.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { defaultVersionLimits } from "../src/core/secrets/version-retention.ts";
import type { ServerConfig } from "../src/server/server-config.ts";
import { defaultAuthentication } from "../src/doors/kubernetes/authentication/authentication-config.ts";
import { startServer } from "../src/server/server.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body parsed as JSON; raises when it is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  readonly json: any;
}

export interface Call {
  readonly headers?: Record<string, string>;
  /** Objects are sent as JSON. */
  readonly body?: string | Buffer | object;
}

export interface ClientCredentials {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** "" without an etcd door. */
  readonly etcdUrl: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  /** CA, certificate and key of the administrator, PEM. */
  readonly credentials: ClientCredentials;
  call(method: string, path: string, call?: Call): Promise<Answer>;
  /** Stops the server and starts it again on the same data directory. */
  restart(): Promise<TestServer>;
  stop(): Promise<void>;
}

/** Starts a server on a new temporary directory (or a given one, which then stays). */
export async function startTestServer(overrides: Partial<ServerConfig> = {}): Promise<TestServer> {
  const directory = overrides.dataDir ?? (await mkdtemp(join(tmpdir(), "strongroom-test-")));
  const config: ServerConfig = {
    dataDir: join(directory, "data"),
    host: "127.0.0.1",
    port: 0,
    extraSans: [],
    logFormat: "json",
    rootKey: { type: "file", path: join(directory, "root.key") },
    history: { retainMs: 24 * 60 * 60 * 1000, retainBytes: 1024 * 1024 * 1024 },
    versions: { ...defaultVersionLimits, trashRetentionMs: 30 * 24 * 60 * 60 * 1000 },
    limits: {},
    valuesInAnswersToWrites: "readers",
    authentication: defaultAuthentication,
    audit: { reserveBytes: 1024 * 1024, reads: "synced" },
    adminKubeconfig: join(directory, "data", "admin.kubeconfig"),
    ...overrides,
    ...(overrides.dataDir !== undefined && { dataDir: join(directory, "data") }),
  };
  const server = await startServer(config, () => {});
  const credentials = await credentialsOf(config.adminKubeconfig ?? "");
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...credentials });
  const stop = async () => {
    agent.destroy();
    await server.stop();
  };
  return {
    url: server.url,
    etcdUrl: server.etcdUrl ?? "",
    dataDir: config.dataDir,
    kubeconfig: config.adminKubeconfig ?? "",
    credentials,
    call: (method, path, call = {}) => send(agent, new URL(path, server.url), method, call),
    async restart() {
      await stop();
      return startTestServer({ ...overrides, dataDir: directory });
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A client of a server that runs elsewhere, with the certificate inside a kubeconfig. */
export async function connectTo(url: string, kubeconfig: string) {
  return callerOf(url, await credentialsOf(kubeconfig)).call;
}

/** A client of any server that speaks the API of Kubernetes; `close` ends its connections. */
export function callerOf(url: string, credentials: ClientCredentials) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...credentials });
  const call = (method: string, path: string, asked: Call = {}) => send(agent, new URL(path, url), method, asked);
  return { call, close: () => agent.destroy() };
}

/** A client with these credentials. */
export function connectWith(url: string, credentials: ClientCredentials) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16, ...credentials });
  return (method: string, path: string, call: Call = {}) => send(agent, new URL(path, url), method, call);
}

/** The certificate and key inside a kubeconfig. */
export async function credentialsOf(path: string): Promise<ClientCredentials> {
  const config = parse(await readFile(path, "utf8")) as {
    clusters: [{ cluster: { "certificate-authority-data": string } }];
    users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
  }; // the form that the server itself writes
  const pem = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  const user = config.users[0].user;
  return {
    ca: pem(config.clusters[0].cluster["certificate-authority-data"]),
    cert: pem(user["client-certificate-data"]),
    key: pem(user["client-key-data"]),
  };
}

function send(agent: Agent, url: URL, method: string, call: Call): Promise<Answer> {
  const isText = typeof call.body === "string" || Buffer.isBuffer(call.body);
  const body =
    call.body === undefined ? undefined : isText ? (call.body as string | Buffer) : JSON.stringify(call.body);
  const headers: Record<string, string> = {
    ...(body !== undefined && {
      "Content-Type": "application/json",
      "Content-Length": String(Buffer.byteLength(body)),
    }),
    ...call.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const raw = Buffer.concat(chunks);
        const content = response.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
        const text = content.toString("utf8");
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: content,
          text,
          get json() {
            return JSON.parse(text);
          },
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}
