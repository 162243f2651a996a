/**
 * `npm run build`: the published form in dist/ - JavaScript for Node 22.18 and
 * newer, no tests - with `dist/cli/main.js` as the program.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const output = resolve(root, process.argv[2] ?? "dist");
const programs = ["main.js", "kubectl-plugin.js"].map((name) => join(output, "cli", name));
/** What bin/strongroom gives node too, with its reasons. */
const shebang = "#!/usr/bin/env -S node --disable-sigusr1 --max-semi-space-size=8\n";

function main() {
  // What was deleted or renamed in src/ must not stay in the package.
  rmSync(output, { recursive: true, force: true });
  const compiler = join(root, "node_modules", ".bin", "tsc");
  const compiled = spawnSync(compiler, ["-p", "tsconfig.build.json", "--outDir", output], {
    cwd: root,
    stdio: "inherit",
  });
  if (compiled.error) fail(`${compiler} could not be started: run node scripts/setup.mjs first`);
  else if (compiled.status !== 0) fail("the sources do not compile (see above): fix that, then build again");
  else if (!programs.every((program) => existsSync(program)))
    fail("src/cli/main.ts does not exist: the package would have no program");
  else programs.forEach(makeExecutable);
}

function makeExecutable(program) {
  const code = readFileSync(program, "utf8").replace(/^#!.*\n/, "");
  writeFileSync(program, shebang + code);
  chmodSync(program, 0o755);
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exitCode = 1;
}

main();
