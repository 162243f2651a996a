/** A real kube-apiserver over a real etcd, for tests that want its word. Needs both programs; nothing is downloaded. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ClientCredentials } from "../running-server.ts";
import { makeCertificates } from "../support/certificates.ts";

/** A program of another project is asked until it is ready: it tells nobody by itself. */
const askEveryMs = 100;
const readyWithinMs = 90_000;

export interface KubeApiserver extends AsyncDisposable {
  readonly url: string;
  /** Of a user in system:masters. */
  readonly credentials: ClientCredentials;
}

/** Starts `program` with RBAC; resolves when it is ready. Raises with what it wrote when it ends before. */
export async function startKubeApiserver(program: string, etcd = "etcd"): Promise<KubeApiserver> {
  const folder = mkdtempSync(join(tmpdir(), "sr-oracle-"));
  await using started = new AsyncDisposableStack();
  started.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [port, clientPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const client = `http://127.0.0.1:${clientPort}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  started.use(
    run(etcd, [
      `--data-dir=${join(folder, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ]),
  );
  const { ca, server, client: admin } = makeCertificates("/O=system:masters/CN=oracle");
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  // Of these keys it reads no other form.
  const accountKey = file(
    "account.key",
    createPrivateKey(server.keyPem).export({ type: "sec1", format: "pem" }).toString(),
  );
  const process = started.use(
    run(program, [
      `--etcd-servers=${client}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${folder}`,
      `--client-ca-file=${file("ca.crt", ca.certPem)}`,
      `--tls-cert-file=${file("server.crt", server.certPem)}`,
      `--tls-private-key-file=${file("server.key", server.keyPem)}`,
      "--service-account-issuer=https://oracle.test",
      `--service-account-key-file=${accountKey}`,
      `--service-account-signing-key-file=${accountKey}`,
      "--service-cluster-ip-range=10.0.0.0/24",
      "--authorization-mode=RBAC",
      "--endpoint-reconciler-type=none",
    ]),
  );
  const credentials = { ca: ca.certPem, cert: admin.certPem, key: admin.keyPem };
  const url = `https://127.0.0.1:${port}`;
  await process.ready(url, credentials);
  const owned = started.move();
  return { url, credentials, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function run(program: string, args: readonly string[]): Program {
  return new Program(spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] }));
}

class Program implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #isEnded = false;
  #written = "";

  constructor(process: ChildProcess) {
    this.#process = process;
    process.stderr?.on("data", (text: Buffer) => (this.#written = `${this.#written}${text.toString()}`.slice(-4000)));
    process.on("error", (error) => (this.#written += error.message));
    this.#ended = Promise.race([once(process, "exit"), once(process, "error")]).then(() => (this.#isEnded = true));
  }

  async ready(url: string, credentials: ClientCredentials): Promise<void> {
    const end = Date.now() + readyWithinMs;
    while (!(await answers(`${url}/readyz`, credentials))) {
      if (this.#isEnded || Date.now() > end) throw new Error(`the program must become ready: ${this.#written}`);
      await delay(askEveryMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isEnded) this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

function answers(url: string, credentials: ClientCredentials): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(url, { ...credentials, agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode === 200));
    });
    asked.on("error", () => resolve(false)); // not listening yet
    asked.end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new TypeError("a port must have been given");
  return address.port;
}
