/** The test peer that is written in Python: its packages installed into a folder of their own, run, recorded. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const source = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);
const installMsMax = 180_000;
const taskMsMax = 60_000;

/** What each task prints; each is for a namespace `python` of its own. */
export const peerTasks: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "typed",
    [
      "created typed Opaque {'user': 'YW5u'} UTC",
      "replaced {'user': 'Ym9i'}",
      "stale: 409 Conflict",
      "patched ['more', 'user']",
      "patched ['user']",
      "again: 409 Conflict",
      "invalid: 422 Unprocessable Entity",
      "deleted Success",
      "gone: 404 Not Found",
    ],
  ],
  ["pages", ["listed a b c d e", "everywhere python/c", "deleted SecretList"]],
  ["any", ["created any dg==", "merged dw==", "applied ['k', 'l']"]],
  ["watches", ["ADDED watched MQ==", "MODIFIED watched Mg==", "DELETED watched Mg=="]],
]);

/** The peer with its packages, in a temporary folder. */
export class PythonPeer implements AsyncDisposable {
  readonly python: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.python = join(folder, "bin", "python");
  }

  /** Installs the packages; a string says why this machine cannot. */
  static async install(): Promise<PythonPeer | string> {
    const folder = await mkdtemp(join(tmpdir(), "strongroom-python-"));
    const peer = new PythonPeer(folder);
    try {
      await run("python3", ["-m", "venv", folder], { timeout: installMsMax });
      const requirements = join(source, "requirements.txt");
      await run(peer.python, ["-m", "pip", "install", "--quiet", "-r", requirements], { timeout: installMsMax });
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      const { code, stderr } = error as { code?: unknown; stderr?: string }; // of execFile
      if (code === "ENOENT") return "python3 is not on the PATH";
      return `its packages cannot be had (${stderr?.trim().split("\n").at(-1) ?? String(error)})`;
    }
  }

  /** The lines that a task prints until it ends; raises with what it says on standard error when it fails. */
  async run(kubeconfig: string, task: string): Promise<string[]> {
    const options = { env: this.environment, timeout: taskMsMax };
    const { stdout } = await run(this.python, this.arguments(kubeconfig, task), options);
    return stdout.trimEnd().split("\n");
  }

  arguments(kubeconfig: string, task: string): string[] {
    return [join(source, "peer.py"), kubeconfig, task];
  }

  /** The client keeps what it discovered in the temporary folder, by address: other servers had the same. */
  get environment(): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", TMPDIR: this.#folder, PYTHONDONTWRITEBYTECODE: "1" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
