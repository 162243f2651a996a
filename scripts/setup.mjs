/**
 * Makes a checkout ready: installed packages that match package-lock.json and a
 * Node that runs TypeScript directly. `--tests` also ensures the programs the
 * tests drive. Quick when nothing is to do.
 *
 * Plain JavaScript without dependencies, because it runs on the Node that
 * happens to be on the machine (20 or newer), before anything is installed.
 * All talk goes to stderr, so that whoever starts it keeps stdout.
 *
 * Exit codes: 0 ready, 1 not ready (the last line says what to do).
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const pinnedNode = join(modules, ".bin", "node");
/**
 * First line: hash of the lock file that was installed. Second line: the node to
 * run with (bin/strongroom reads it), relative to the checkout when pinned.
 */
const stampFile = join(modules, ".strongroom-setup");
/** The oldest Node that strips types without a flag and knows --disable-sigusr1. */
const nodeMin = [22, 18];

class SetupError extends Error {}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function main() {
  try {
    ensurePackages();
    if (process.argv.includes("--tests")) ensureTestPrograms();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

function ensurePackages() {
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
  const lockHash = createHash("sha256").update(lockText).update(`${process.platform} ${process.arch}`).digest("hex");
  if (stampIsCurrent(lockHash)) return;
  if (!installedMatchesLock(JSON.parse(lockText))) {
    say("installing the packages of package-lock.json (npm ci)");
    installPackages();
  }
  writeFileSync(stampFile, `${lockHash}\n${chooseNode()}\n`);
}

function stampIsCurrent(lockHash) {
  const [hash, node] = readIfThere(stampFile).split("\n");
  if (hash !== lockHash || !node) return false;
  if (!nodeIsRecent(nodeVersion(resolve(root, node)))) return false;
  const now = new Date();
  // bin/strongroom compares the times of stamp and lock file, which a git checkout changes.
  utimesSync(stampFile, now, now);
  return true;
}

/** Whether what npm says it installed (its hidden lock file) is what the lock file asks for. */
function installedMatchesLock(lock) {
  const hidden = readIfThere(join(modules, ".package-lock.json"));
  if (hidden === "") return false;
  const installed = JSON.parse(hidden).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === "" || wanted.link) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true && !fitsMachine(wanted);
    return found.version === wanted.version && found.integrity === wanted.integrity && existsSync(join(root, path));
  });
}

/** npm's own filter of optional packages, as far as the lock file records it (libc apart). */
function fitsMachine(entry) {
  const { os = [process.platform], cpu = [process.arch], libc } = entry;
  return os.includes(process.platform) && cpu.includes(process.arch) && libc === undefined;
}

function installPackages() {
  // Install scripts are not needed: native parts come as prebuilt optional packages.
  const npmArguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // Without our own .bin in PATH: npm must not run on the node that it is about to replace.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => resolve(folder) !== join(modules, ".bin"));
  const result = spawnSync("npm", npmArguments, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, PATH: path.join(delimiter) },
    shell: process.platform === "win32",
  });
  if (result.error) throw new SetupError(`npm could not be started (${result.error.message}): install npm 10 or newer`);
  if (result.status !== 0) {
    throw new SetupError("npm ci failed (see above): check that the npm registry is reachable, then run this again");
  }
}

/** The pinned node where its binary runs, else the node that runs this script; relative when pinned. */
function chooseNode() {
  if (nodeIsRecent(nodeVersion(pinnedNode))) return join("node_modules", ".bin", "node");
  if (nodeIsRecent(process.version)) {
    say(`no pinned node runs on ${process.platform}-${process.arch}: using ${process.execPath} (${process.version})`);
    return process.execPath;
  }
  throw new SetupError(
    `no pinned node runs on ${process.platform}-${process.arch} and this one is ${process.version}: ` +
      `install Node ${nodeMin.join(".")} or newer and run this again`,
  );
}

function nodeVersion(binary) {
  if (!existsSync(binary)) return "";
  const result = spawnSync(binary, ["--version"], { encoding: "utf8" });
  return result.status === 0 ? result.stdout.trim() : "";
}

function nodeIsRecent(version) {
  const match = /^v(\d+)\.(\d+)\./.exec(version);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1]);
}

/** The programs the tests drive, and the Debian package that brings each. */
const testPrograms = [
  { program: "kubectl", packageName: "kubernetes-client" },
  { program: "openssl", packageName: "openssl" },
  { program: "etcd", packageName: "etcd-server" },
  { program: "etcdctl", packageName: "etcd-client" },
  { program: "ssh-keygen", packageName: "openssh-client" },
  // Without windows, sound and the rest of a desktop it is 60 MB to fetch and 10 s to install.
  {
    program: "chromium-headless-shell",
    packageName: "chromium-headless-shell",
    instead: ["chromium", "google-chrome"],
  },
];

function ensureTestPrograms() {
  const missing = testPrograms.filter(({ program, instead = [] }) => ![program, ...instead].some(isOnPath));
  if (missing.length === 0) return;
  const names = missing.map(({ program }) => program).join(" and ");
  const packageNames = missing.map(({ packageName }) => packageName);
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) {
    throw new SetupError(
      `the tests need ${names}: install ${names} (Debian: apt-get install ${packageNames.join(" ")})`,
    );
  }
  say(`installing ${packageNames.join(" ")} (apt-get)`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // The update may fail for one of several sources; whether the packages arrive decides.
  spawnSync("apt-get", ["update", "-qq"], { stdio: ["ignore", 2, 2], env: environment });
  spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packageNames], {
    stdio: ["ignore", 2, 2],
    env: environment,
  });
  const stillMissing = missing.filter(({ program }) => !isOnPath(program));
  if (stillMissing.length > 0) {
    const wanted = stillMissing.map(({ program }) => program).join(" and ");
    throw new SetupError(`apt-get did not bring ${wanted} (see above): install it by hand and run this again`);
  }
}

function isOnPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}

main();
