/**
 * Completes package-lock.json after `npm install`: a registry that does not mirror
 * the packages of every platform makes npm leave their entries out, and `npm ci`
 * then refuses the lock file on every machine ("Missing: ... from lock file").
 *
 * Adds an entry for each optional dependency that has none, with the version its
 * parent asks for and the platform read from its name. Such an entry carries no
 * integrity hash, so the platforms that are supported (linux x64 and arm64) must
 * come from the registry itself.
 *
 *   node scripts/complete-lock.mjs           writes package-lock.json
 *   node scripts/complete-lock.mjs --check   exit code 1 when an entry is missing
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const lockFile = join(resolve(dirname(fileURLToPath(import.meta.url)), ".."), "package-lock.json");

function main() {
  const lock = JSON.parse(readFileSync(lockFile, "utf8"));
  const missing = missingEntries(lock.packages);
  if (process.argv.includes("--check")) {
    for (const { path } of missing) console.error(`package-lock.json has no entry for ${path}`);
    if (missing.length > 0) console.error("npm ci refuses such a lock file: run node scripts/complete-lock.mjs");
    process.exitCode = missing.length === 0 ? 0 : 1;
    return;
  }
  for (const { path, entry } of missing) lock.packages[path] = entry;
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${missing.length} entries added`);
}

function missingEntries(packages) {
  return Object.entries(packages).flatMap(([parent, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .map(([name, version]) => ({
        path: `node_modules/${name}`,
        nested: `${parent}/node_modules/${name}`,
        name,
        version,
      }))
      .filter(({ path, nested }) => packages[path] === undefined && packages[nested] === undefined)
      .map(({ path, name, version }) => ({ path, entry: platformEntry(name, version, dev) })),
  );
}

function platformEntry(name, version, dev) {
  if (!/^\d/.test(version)) throw new Error(`${name} must be asked for by an exact version, not ${version}`);
  const words = name.split(/[/-]/);
  const os = words.find((word) => ["darwin", "linux", "win32", "freebsd", "android", "openharmony"].includes(word));
  const cpu = words.find((word) => /^(?:x64|arm64|arm|ia32|ppc64|riscv64|s390x)$/.test(word));
  if (os === undefined || cpu === undefined)
    throw new Error(`${name} does not name its platform: add its entry by hand`);
  if (os === "linux" && ["x64", "arm64"].includes(cpu) && !words.includes("musl")) {
    throw new Error(`${name} is for a supported platform and must come from the registry, with its hash`);
  }
  const libc = words.includes("musl") || words.includes("musleabihf") ? { libc: ["musl"] } : {};
  return { version, cpu: [cpu], ...(dev ? { dev: true } : {}), ...libc, optional: true, os: [os] };
}

main();
