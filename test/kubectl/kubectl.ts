/**
 * Real kubectl binaries: every version this machine has, each with a home of its
 * own, so that no discovery cache is shared.
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { TestServer } from "../running-server.ts";

export interface KubectlBinary {
  readonly path: string;
  /** e.g. 32 for 1.32. */
  readonly minor: number;
  readonly version: string;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** All kubectl binaries found: on the PATH and beside it, by version; one per minor version. */
export function findKubectls(): KubectlBinary[] {
  const found = new Map<number, KubectlBinary>();
  for (const directory of searchDirectories()) {
    for (const name of readdirSync(directory)) {
      if (!/^kubectl(\.1\.\d+)?$/.test(name)) continue;
      const binary = identify(join(directory, name));
      if (binary !== undefined && !found.has(binary.minor)) found.set(binary.minor, binary);
    }
  }
  return [...found.values()].toSorted((a, b) => a.minor - b.minor);
}

function searchDirectories(): Set<string> {
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => existsSync(directory));
  const beside = directories
    .map((directory) => join(directory, "kubectl"))
    .filter((path) => existsSync(path))
    .map((path) => dirname(realpathSync(path)));
  return new Set([...directories, ...beside]);
}

function identify(path: string): KubectlBinary | undefined {
  const version = clientVersion(path);
  if (version === undefined || version.includes("dispatcher")) return undefined; // starts one of the others
  const minor = /^v1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? undefined : { path, version, minor: Number(minor) };
}

function clientVersion(path: string): string | undefined {
  try {
    const text = execFileSync(path, ["version", "--client", "-o", "json"], { encoding: "utf8", stdio: "pipe" });
    const parsed = JSON.parse(text) as { clientVersion?: { gitVersion?: string } }; // kubectl's documented form
    return parsed.clientVersion?.gitVersion;
  } catch {
    return undefined; // not a kubectl that runs here
  }
}

const timeoutMs = 30_000;

/** One kubectl against one server. */
export class Kubectl implements AsyncDisposable {
  readonly binary: KubectlBinary;
  readonly home: string;
  readonly #kubeconfig: string;

  private constructor(binary: KubectlBinary, home: string, kubeconfig: string) {
    this.binary = binary;
    this.home = home;
    this.#kubeconfig = kubeconfig;
  }

  static async for(binary: KubectlBinary, server: Pick<TestServer, "kubeconfig">): Promise<Kubectl> {
    const home = await mkdtemp(join(tmpdir(), "strongroom-kubectl-"));
    return new Kubectl(binary, home, server.kubeconfig);
  }

  /** Runs a command to its end; `input` is its standard input. Never rejects for an exit code. */
  run(args: readonly string[], input = "", env: Record<string, string> = {}): Promise<Output> {
    return new Promise((resolve) => {
      const options = { env: { ...this.#environment(), ...env }, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile(this.binary.path, [...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.end(input);
    });
  }

  /** Runs a command that must succeed; resolves to its standard output. */
  async ok(args: readonly string[], input = "", env: Record<string, string> = {}): Promise<string> {
    const output = await this.run(args, input, env);
    if (output.code === 0) return output.stdout;
    throw new Error(`kubectl ${this.binary.version} ${args.join(" ")} failed (${output.code}): ${output.stderr}`);
  }

  /** Starts a command that goes on, e.g. a watch. */
  start(args: readonly string[]): ChildProcess {
    return spawn(this.binary.path, [...args], { env: this.#environment(), stdio: ["ignore", "pipe", "pipe"] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  #environment(): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", HOME: this.home, KUBECONFIG: this.#kubeconfig };
  }
}
