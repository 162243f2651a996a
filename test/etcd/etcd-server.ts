/** A server with an etcd door, and etcdctl as its client. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerConfig } from "../../src/server/server-config.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";

export interface EtcdServer extends AsyncDisposable {
  readonly server: TestServer;
  /** Files of the administrator's certificate, PEM. */
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Runs etcdctl; resolves to what it printed, whatever its exit code. */
  etcdctl(...args: readonly string[]): Promise<Ran>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of the cluster `prod`; `config` may say otherwise. */
export async function startEtcdServer(config: Partial<ServerConfig> = {}): Promise<EtcdServer> {
  const cluster = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile: undefined };
  const server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [cluster] }, ...config });
  const folder = await mkdtemp(join(tmpdir(), "strongroom-etcd-"));
  const { ca, cert = "", key = "" } = server.credentials;
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const files = {
    ca: await write("ca.crt", ca),
    cert: await write("client.crt", cert),
    key: await write("client.key", key),
  };
  return {
    server,
    files,
    etcdctl: (...args) => etcdctl(server.etcdUrl, files, args),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs etcdctl with these files. */
export function etcdctl(
  url: string,
  files: { readonly ca: string; readonly cert: string; readonly key: string },
  args: readonly string[],
): Promise<Ran> {
  const flags = [`--endpoints=${url}`, `--cacert=${files.ca}`, `--cert=${files.cert}`, `--key=${files.key}`];
  return new Promise((resolve) => {
    const env = { ...process.env, ETCDCTL_API: "3" };
    execFile("etcdctl", [...flags, "--command-timeout=10s", ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, stdout, stderr });
    });
  });
}
