/**
 * An unmodified kube-apiserver with an etcd of its own, where the machine has them: `KUBE_APISERVER` names the program, `etcd` is on the
 * PATH. Its administrator shows a token that is made for the test.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { makeCertificates } from "./certificates.ts";
import { freePorts, startRealEtcd } from "./real-etcd.ts";
import type { RealEtcd } from "./real-etcd.ts";

export interface RealApiserver extends AsyncDisposable {
  readonly url: string;
  /** Of its etcd, without TLS. */
  readonly etcdUrl: string;
  readonly etcdDataDir: string;
  /** The authority of its certificate, PEM. */
  readonly ca: string;
  /** Of a user in system:masters. */
  readonly token: string;
  /** Of the same. */
  readonly kubeconfig: string;
  /** A kubeconfig of this user, in these groups. */
  kubeconfigOf(user: string): Promise<string>;
  /** Has it stand still, and go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  /** Sends JSON as the administrator. Raises unless it succeeds. */
  call(method: string, path: string, body?: object): Promise<unknown>;
}

/** Why there is none here; undefined where there is. */
export function noRealApiserver(): string | undefined {
  if (process.env["KUBE_APISERVER"] === undefined) return "KUBE_APISERVER names no kube-apiserver";
  return spawnSync("etcd", ["--version"]).status === 0 ? undefined : "there is no etcd on the PATH";
}

/** Users that a kubeconfig can be had of, beside the administrator. */
const users = ["alice", "jane", "names", "nobody", "scanner"] as const;

/** Raises where there is none. `more` are arguments beside those that it takes to run; with `etcd` it has no etcd of its own. */
export async function startRealApiserver(more: readonly string[] = [], etcd?: RealEtcd): Promise<RealApiserver> {
  const missing = noRealApiserver();
  if (missing !== undefined) throw new Error(missing);
  const folder = await mkdtemp(join(tmpdir(), "real-apiserver-"));
  const certificates = makeCertificates();
  const tokens = new Map(["admin", ...users].map((user) => [user, randomBytes(16).toString("hex")]));
  const [port] = await freePorts(1);
  const { url: etcdUrl, dataDir: etcdDataDir, ...own } = etcd ?? (await startRealEtcd());
  const at = (name: string) => join(folder, name);
  await writeFile(at("server.crt"), certificates.server.certPem);
  await writeFile(at("server.key"), certificates.server.keyPem);
  await writeFile(at("ca.crt"), certificates.ca.certPem);
  await writeFile(
    at("tokens.csv"),
    Array.from(
      tokens,
      ([user, token]) => `${token},${user},${user}${user === "admin" ? ',"system:masters"' : ""}\n`,
    ).join(""),
  );
  const apiserver = spawn(
    process.env["KUBE_APISERVER"] ?? "kube-apiserver",
    ["--etcd-servers", etcdUrl, "--secure-port", `${port}`, "--bind-address", "127.0.0.1"]
      .concat(["--tls-cert-file", at("server.crt"), "--tls-private-key-file", at("server.key"), "--cert-dir", folder])
      .concat([
        "--token-auth-file",
        at("tokens.csv"),
        "--authorization-mode",
        "Node,RBAC",
        "--client-ca-file",
        at("ca.crt"),
      ])
      .concat(["--service-account-issuer", "https://test", "--service-account-key-file", at("server.crt")])
      .concat(["--service-account-signing-key-file", at("server.key"), "--service-cluster-ip-range", "10.0.0.0/24"])
      .concat(more),
    { stdio: "ignore" },
  );
  const url = `https://127.0.0.1:${port}`;
  const call = caller(url, certificates.ca.certPem, tokens.get("admin") ?? "");
  const writeConfig = async (user: string) => {
    const path = at(`${user}.kubeconfig`);
    await writeFile(path, kubeconfigText(url, certificates.ca.certPem, user, tokens.get(user) ?? ""));
    return path;
  };
  const stop = async () => {
    await ended(apiserver);
    if (etcd === undefined) await own[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(call, apiserver);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    etcdUrl,
    etcdDataDir,
    ca: certificates.ca.certPem,
    token: tokens.get("admin") ?? "",
    kubeconfig: await writeConfig("admin"),
    kubeconfigOf: writeConfig,
    signal: (name) => void apiserver.kill(name),
    call,
    [Symbol.asyncDispose]: stop,
  };
}

function kubeconfigText(server: string, ca: string, user: string, token: string): string {
  const cluster = { server, "certificate-authority-data": Buffer.from(ca).toString("base64") };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "real",
    clusters: [{ name: "real", cluster }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: "real", context: { cluster: "real", user } }],
  });
}

function caller(url: string, ca: string, token: string): RealApiserver["call"] {
  return async (method, path, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const asked = httpsRequest(new URL(path, url), { method, ca, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if ((answer.statusCode ?? 500) >= 300) reject(new Error(`${method} ${path}: ${text}`));
        else resolve(text.startsWith("{") ? JSON.parse(text) : text);
      });
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    return await promise;
  };
}

/** It is asked until it is ready, or ends; a program gives no other sign. */
async function ready(call: RealApiserver["call"], apiserver: ChildProcess): Promise<void> {
  while (apiserver.exitCode === null && apiserver.signalCode === null) {
    try {
      await call("GET", "/readyz");
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("kube-apiserver ended before it was ready");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "close");
}
