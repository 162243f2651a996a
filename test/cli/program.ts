/** Runs bin/strongroom for tests: its output as lines to wait for, and its end. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..", "..");
export const programPath = join(root, "bin", "strongroom");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home of its own: a program started with it touches nothing of the person who runs the tests. */
export class TestHome implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "sr-"));

  /** The environment of programs below this home. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"] ?? "", HOME: this.path, TMPDIR: this.path };
  }

  /** A path below the home. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A program that runs; killed, if it still does, at the end of the test's block. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #stdout = "";
  #stderr = "";
  #onOutput: () => void = () => {};

  /** Starts `command` (default: the program of this checkout) with `args` in the home. */
  constructor(home: TestHome, args: readonly string[], command: string = programPath) {
    this.#child = spawn(command, args, { cwd: home.path, env: home.env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#onOutput();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#onOutput();
    });
    this.#ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Stops reading standard output, as `| head -0` would. */
  closeStdout(): void {
    this.#child.stdout?.destroy();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first match of `pattern` in standard output, when it comes; raises when the program ends without. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match !== null) return match;
      const output = new Promise<undefined>((wake) => (this.#onOutput = () => wake(undefined)));
      const ended = await Promise.race([output, this.#ended]);
      // The last lines may have come together with the end.
      if (ended !== undefined && !pattern.test(ended.stdout)) {
        throw new Error(`it ended without ${pattern}: ${JSON.stringify(ended)}`);
      }
    }
  }

  /** The address in the line `ready https://...`. */
  async ready(): Promise<string> {
    return (await this.printed(/^ready (https:\/\/\S+)$/m))[1] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #end(): Promise<Ended> {
    // close comes after exit, when the output has been read to its end.
    await once(this.#child, "close");
    const { exitCode: code, signalCode: signal } = this.#child;
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }
}

/** Runs the program to its end. */
export async function run(home: TestHome, ...args: readonly string[]): Promise<Ended> {
  await using program = new Program(home, args);
  return await program.ended;
}
