/** The test peer that is written in Go: found, built, run. */
import { execFile, spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const source = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);
/** A cold build of client-go takes about a minute on two cores. */
const buildMsMax = 300_000;
const taskMsMax = 60_000;

export interface Built extends AsyncDisposable {
  readonly program: string;
}

/** Builds the peer; a string says why this machine cannot. An error in the peer itself is raised. */
export async function buildPeer(): Promise<Built | string> {
  try {
    await run("go", ["mod", "download"], { cwd: source, timeout: buildMsMax });
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }; // of execFile
    if (code === "ENOENT") return "go is not on the PATH";
    return `its modules cannot be had (${stderr?.trim().split("\n").at(-1) ?? String(error)})`;
  }
  const folder = await mkdtemp(join(tmpdir(), "strongroom-go-peer-"));
  const program = join(folder, "peer");
  // Not optimized: what is run for seconds is compiled in 94 s of processor time instead of 130 (cold).
  const flags = ["-gcflags=all=-N -l", "-ldflags=-s -w"];
  await run("go", ["build", ...flags, "-o", program, "."], { cwd: source, timeout: buildMsMax });
  return { program, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** The lines that a task prints until it ends; raises with what it says on standard error when it fails. */
export async function runTask(program: string, kubeconfig: string, ...task: readonly string[]): Promise<string[]> {
  const running = run(program, [kubeconfig, ...task], { timeout: taskMsMax });
  running.child.stdin?.end();
  const { stdout } = await running;
  return stdout.trimEnd().split("\n");
}

/** A task that follows the server, line by line. */
export class Follower implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #errors = "";

  constructor(program: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
    const env = { ...process.env, ...environment };
    this.#child = spawn(program, [...args], { env, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (text: Buffer) => (this.#errors += text.toString("utf8")));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line; raises when there is none. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the informer ended: ${this.#errors}`);
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin.end();
    await exited;
  }
}
