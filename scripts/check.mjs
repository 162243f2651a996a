/**
 * Everything `npm test` checks, in one place: formatting, lint, types, import
 * rules and tests. Prints a line per check with its duration and one closing line.
 *
 *   node scripts/check.mjs                    everything
 *   node scripts/check.mjs --static           without the tests
 *   node scripts/check.mjs src/audit          only tests whose path contains it
 *   node scripts/check.mjs --test-name-pattern=torn src/audit    node's own test options
 *
 * Exit code 1 when anything fails, and also when no test ran.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const binaries = join(root, "node_modules", ".bin");
const reporter = pathToFileURL(join(root, "scripts", "test-reporter.mjs")).href;
/** The tests start servers and write to disk: more at once only makes them slow. */
const testFilesAtOnce = "2";
/** A test that waits for what never comes fails by name; the longest file takes a third of it on a busy machine. */
const testTimeoutMs = "300000";
/** What such a test leaves open would keep the run from ending: it is ended after so long, four times what it takes. */
const runMinutesMax = 30;

const staticChecks = [
  { name: "format", command: join(binaries, "oxfmt"), arguments: ["--check", "."], advice: "run npm run format" },
  { name: "lint", command: join(binaries, "oxlint"), arguments: ["--deny-warnings"], advice: "" },
  { name: "types", command: join(binaries, "tsc"), arguments: ["-p", "."], advice: "" },
  { name: "imports", command: process.execPath, arguments: [join("scripts", "check-imports.ts")], advice: "" },
  {
    name: "lock file",
    command: process.execPath,
    arguments: [join("scripts", "complete-lock.mjs"), "--check"],
    advice: "",
  },
];

async function main() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 18)) return runUnderPinnedNode();
  const options = process.argv.slice(2).filter((argument) => argument.startsWith("--") && argument !== "--static");
  const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const onlyStatic = process.argv.includes("--static");
  const onlyTests = filters.length > 0 || options.length > 0;

  const started = performance.now();
  const failed = onlyTests ? [] : await runStaticChecks();
  const tests = onlyStatic ? undefined : await runTests(filters, options);
  if (tests?.ok === false) failed.push("tests");
  const counted = tests === undefined ? "no tests asked for" : `${tests.passed} of ${tests.count} tests passed`;
  const verdict = failed.length === 0 ? "All checks passed" : `FAILED: ${failed.join(", ")}`;
  console.log(`${verdict}; ${counted}; ${seconds(started)}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** `node scripts/check.mjs` by hand on an older node does what `npm test` does. */
function runUnderPinnedNode() {
  const node = join(binaries, "node");
  const result = spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  if (result.error) console.error(`${node} could not be started: run node scripts/setup.mjs first`);
  process.exitCode = result.status ?? 1;
}

async function runStaticChecks() {
  const results = await Promise.all(staticChecks.map(runStaticCheck));
  return results.filter((result) => !result.ok).map((result) => result.name);
}

async function runStaticCheck(check) {
  const started = performance.now();
  const child = spawn(check.command, check.arguments, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const chunks = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  const code = await ended(child);
  const ok = code === 0;
  console.log(`${ok ? "ok  " : "FAIL"} ${check.name} (${seconds(started)})`);
  if (!ok) {
    process.stdout.write(Buffer.concat(chunks));
    if (check.advice !== "") console.log(`     ${check.advice}`);
  }
  return { name: check.name, ok };
}

async function runTests(filters, options) {
  const files = testFiles(filters);
  if (files.length === 0) {
    console.log(`FAIL tests: no test file matches ${filters.join(" ") || "src/**/*.test.ts or test/**/*.test.ts"}`);
    return { ok: false, count: 0, passed: 0 };
  }
  const folder = mkdtempSync(join(tmpdir(), "strongroom-check-"));
  try {
    const summaryFile = join(folder, "summary.json");
    const code = await runTestProcess(files, options, summaryFile);
    // A run that was ended has written none.
    if (!existsSync(summaryFile)) return { ok: false, count: 0, passed: 0 };
    return judge(code, JSON.parse(readFileSync(summaryFile, "utf8")), options.length > 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runTestProcess(files, options, summaryFile) {
  const child = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      "--test",
      `--test-concurrency=${testFilesAtOnce}`,
      `--test-timeout=${testTimeoutMs}`,
      `--test-reporter=${reporter}`,
      "--test-reporter-destination=stdout",
      ...options,
      ...files,
    ],
    { cwd: root, stdio: "inherit", detached: true, env: { ...process.env, STRONGROOM_TEST_SUMMARY: summaryFile } },
  );
  const stop = () => process.kill(-child.pid, "SIGKILL"); // the processes of the test files too
  const timer = setTimeout(() => {
    console.log(`FAIL tests: they did not end within ${runMinutesMax} minutes`);
    stop();
  }, runMinutesMax * 60_000);
  // A group of its own does not hear Ctrl-C.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
  return ended(child).finally(() => clearTimeout(timer));
}

/**
 * Node calls a run without tests a success; here it is a failure, and so is a skipped or todo test, or a file
 * without tests (unless options such as a name pattern chose among them).
 */
function judge(code, summary, chosen) {
  const { tests: count, passed, skipped, todo, filesWithoutTests } = summary;
  const faults = [];
  if (count === 0) faults.push("no test ran");
  if (skipped + todo > 0) faults.push(`${skipped} skipped and ${todo} todo: a test runs or does not exist`);
  if (!chosen) faults.push(...filesWithoutTests.map((file) => `${file} contains no test`));
  for (const fault of faults) console.log(`FAIL tests: ${fault}`);
  return { ok: code === 0 && faults.length === 0, count, passed };
}

function testFiles(filters) {
  const files = ["src", "test", "scripts"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => testFilesBelow(join(root, folder)));
  const paths = files.map((file) => relative(root, file).split(sep).join("/")).sort();
  if (filters.length === 0) return paths;
  return paths.filter((path) => filters.some((filter) => path.includes(filter.replace(/^\.\//, ""))));
}

function testFilesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

function ended(child) {
  return new Promise((settle, refuse) => {
    child.on("error", refuse);
    child.on("close", (code) => settle(code ?? 1));
  });
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}

await main();
