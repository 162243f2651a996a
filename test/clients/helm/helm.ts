/** A real helm: named by the environment variable HELM, or found on the PATH. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import type { HelmStep } from "./steps.ts";

export interface HelmBinary {
  readonly path: string;
  /** e.g. 3.19. */
  readonly version: string;
}

/** Undefined where there is none. */
export function findHelm(): HelmBinary | undefined {
  const path = process.env["HELM"] ?? "helm";
  try {
    const text = execFileSync(path, ["version", "--short"], { encoding: "utf8", stdio: "pipe" });
    const version = /^v(\d+\.\d+)/.exec(text)?.[1];
    return version === undefined ? undefined : { path, version };
  } catch {
    return undefined; // not there, or not for this machine
  }
}

const helmMsMax = 60_000;

/** One helm against one server, with a home of its own. */
export class Helm implements AsyncDisposable {
  readonly #path: string;
  readonly #environment: Record<string, string>;
  readonly #home: string;

  private constructor(binary: HelmBinary, home: string, kubeconfig: string) {
    this.#path = binary.path;
    this.#home = home;
    this.#environment = { PATH: process.env["PATH"] ?? "", HOME: home, KUBECONFIG: kubeconfig };
  }

  static async for(binary: HelmBinary, kubeconfig: string): Promise<Helm> {
    return new Helm(binary, await mkdtemp(join(tmpdir(), "strongroom-helm-")), kubeconfig);
  }

  async step({ args, prints = /(?:)/, fails }: HelmStep): Promise<void> {
    const { code, stdout, stderr } = await this.#run(args);
    const said = `helm ${args.join(" ")} said: ${stdout}${stderr}`;
    assert.equal(code === 0, fails === undefined, said);
    assert.match(fails === undefined ? stdout : stderr, fails ?? prints, said);
  }

  #run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    // Where the chart is.
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    return new Promise((resolve) => {
      execFile(this.#path, [...args], { env: this.#environment, cwd, timeout: helmMsMax }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : 1, stdout, stderr });
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
  }
}
