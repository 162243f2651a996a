/** The README's way from plain data to a restored backup, command by command as it stands there, in a folder like a fresh checkout. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { findKubectls } from "../kubectl/kubectl.ts";
import { Program, TestHome } from "./program.ts";

const root = resolve(import.meta.dirname, "..", "..");

interface Command {
  readonly line: string;
  /** What stands behind it in a comment: how its output begins. */
  readonly says: string | undefined;
  /** Whether the text before it has the server stopped. */
  readonly afterStop: boolean;
}

/** The commands of a section, in their order. */
function commandsOf(heading: string): Command[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const section = readme.split(/^(?=## )/m).find((part) => part.startsWith(`## ${heading}\n`)) ?? "";
  const blocks = section.split(/\n\n/);
  return blocks.flatMap((block, index) => {
    if (!block.startsWith("    ")) return [];
    const lines = block.replace(/ \\\n +/g, " ").split("\n");
    return lines.map((whole, at) => {
      const [, line = "", says] = /^ {4}(.*?)(?: +# ([^:]+).*)?$/.exec(whole) ?? [];
      return { line, says, afterStop: at === 0 && /Ctrl-C/.test(blocks[index - 1] ?? "") };
    });
  });
}

/** A folder with what a checkout has, and kubectl on its path. */
class Checkout extends TestHome {
  constructor(kubectl: string) {
    super();
    for (const name of readdirSync(root)) {
      if (!name.startsWith(".") && name !== "try") symlinkSync(join(root, name), this.at(name));
    }
    symlinkSync(kubectl, this.at("kubectl"));
  }

  override get env(): NodeJS.ProcessEnv {
    return { ...super.env, PATH: `${this.path}:${process.env["PATH"] ?? ""}` };
  }

  /** In a shell that goes on where the one before ended. Raises when it fails; `grep -c` does when it counts none. */
  run(line: string): string {
    const script = `[ ! -f .state ] || . ./.state; ${line}\ncode=$?; declare -px > .state; exit $code`;
    const options = { cwd: this.path, env: this.env, encoding: "utf8", timeout: 60_000 } as const;
    const { status, stdout, stderr } = spawnSync("bash", ["-o", "pipefail", "-o", "allexport", "-c", script], options);
    assert.ok(status === 0 || (status === 1 && line.startsWith("grep -c")), `${line}\n${status}\n${stdout}${stderr}`);
    return stdout;
  }
}

async function stopped(server: Program): Promise<undefined> {
  process.kill(-server.pid, "SIGINT");
  await server.ended;
}

async function killed(server: Program): Promise<void> {
  try {
    process.kill(-server.pid, "SIGKILL");
  } catch {
    // it has ended, as it should
  }
  await server.ended;
}

const [kubectl] = findKubectls();
const hasTools = ["setsid", "bash", "npm"].every((tool) => spawnSync(tool, ["--version"]).status === 0);
if (kubectl !== undefined && hasTools) {
  test("the README's commands lead from plain data to a rotated key to a restored backup", async () => {
    using checkout = new Checkout(kubectl.path);
    await using servers = new AsyncDisposableStack();
    let server: Program | undefined;
    const outputs = new Map<string, string>();
    for (const { line, says, afterStop } of commandsOf("From plain data to a restored backup")) {
      const isStart = line.startsWith("npm start -- ");
      if ((afterStop || isStart) && server !== undefined) {
        server = await stopped(server);
      }
      if (isStart) {
        const args = [...line.split(" ").slice(1), "--listen", "127.0.0.1:0"];
        // A process group of its own, as a terminal gives it, which Ctrl-C is sent to.
        const started = new Program(checkout, ["npm", ...args], "setsid");
        servers.defer(() => killed(started));
        await started.ready();
        server = started;
        continue;
      }
      const output = checkout.run(line);
      outputs.set(line, output);
      if (says !== undefined) assert.equal(output.trim(), says, line);
    }
    const of = (part: string) => Array.from(outputs).find(([line]) => line.includes(part))?.[1] ?? "";
    assert.match(of("encryption status --data-dir try/data"), /^secrets +identity +writes +3 /m);
    assert.match(of("verify-statement"), /nothing was under identity/);
    assert.match(of("backup verify"), /signed by/);
    assert.match(of("secret history"), /password/);
    assert.ok(!existsSync(checkout.at("try", "encryption.yaml")));
  });
}
