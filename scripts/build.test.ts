/**
 * The published form works: what `npm pack` would publish is unpacked elsewhere,
 * given the installed dependencies, and run.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "..");

function run(command: string, args: readonly string[], cwd: string): { status: number | null; output: string } {
  // The program's first line takes node from PATH.
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
  const result = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, PATH: path } });
  return { status: result.status, output: `${result.stdout}${result.stderr}` };
}

/** Unpacks the package into `folder` and returns where it is. */
function packInto(folder: string): string {
  const packed = run("npm", ["pack", "--pack-destination", folder, "--loglevel=error"], root);
  assert.equal(packed.status, 0, packed.output);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  assert.ok(archive !== undefined, packed.output);
  const unpacked = run("tar", ["-xzf", archive], folder);
  assert.equal(unpacked.status, 0, unpacked.output);
  return join(folder, "package");
}

/** A program that starts the thread of the live graph, which is a file of its own, and prints how many read a secret. */
function askWorker(dist: string): string {
  return `import { LiveSight } from ${JSON.stringify(pathToFileURL(join(dist, "sight", "live", "live-sight.js")).href)};
    const followed = { caughtUp: async () => {}, [Symbol.asyncDispose]: async () => {} };
    const timers = { now: () => 0, after: () => ({ cancel() {} }) };
    const sight = new LiveSight({ feed: { version: "", follow: async () => followed }, timers, onError: console.error });
    const secret = { namespace: "a", name: "s" };
    const { total } = await sight.ask({ type: "who-can", secret, onlyDirect: true, limit: 1 });
    console.log(total);
    await sight[Symbol.asyncDispose]();`;
}

test("the package that npm would publish runs as JavaScript, without the sources and the tests", () => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-pack-"));
  try {
    if (!existsSync(join(root, "src", "cli", "main.ts"))) {
      const built = run(process.execPath, ["scripts/build.mjs", join(folder, "dist")], root);
      assert.match(built.output, /src\/cli\/main\.ts does not exist|do not compile/);
      return;
    }
    const unpacked = packInto(folder);
    const names = readdirSync(unpacked, { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      names.filter((name) => /\.test\.|(?<!\.d)\.ts$|^src\//.test(name)),
      [],
    );
    symlinkSync(join(root, "node_modules"), join(unpacked, "node_modules"));
    const program = join(unpacked, "dist", "cli", "main.js");
    assert.ok((statSync(program).mode & 0o111) === 0o111, "the program must be executable");
    const version = run(program, ["version"], folder);
    assert.equal(version.status, 0, version.output);
    assert.match(version.output, /\d+\.\d+\.\d+/);
    const plugin = run(join(unpacked, "dist", "cli", "kubectl-plugin.js"), ["version"], folder);
    assert.deepEqual(plugin, version);
    const asked = run(process.execPath, ["--input-type=module", "--eval", askWorker(join(unpacked, "dist"))], folder);
    // The two groups that stand above roles on a server of ours.
    assert.deepEqual(asked, { status: 0, output: "2\n" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
