/** `strongroom scan` as a pipeline uses it: forms to files, baselines, exceptions, exit codes. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestHome } from "../../cli/program.ts";
import { runIn } from "../run-sight.ts";

const shop = join(import.meta.dirname, "shop.yaml");

/** A folder with the shop in it, and how to scan it there. */
function inShop(home: TestHome) {
  copyFileSync(shop, home.at("shop.yaml"));
  return async (...flags: readonly string[]) => await runIn(home.path, "scan", "--git", "shop.yaml", ...flags);
}

const read = (home: TestHome, name: string) => readFileSync(home.at(name), "utf8");

test("Several forms go to files at once, one to standard output", async () => {
  using home = new TestHome();
  const scan = inShop(home);
  const ran = await scan("-o", "sarif=out.sarif", "-o", "html=out.html", "--output=csv");
  assert.deepEqual([ran.code, ran.stderr], [0, ""]);
  assert.match(ran.stdout, /^record,severity,/);
  assert.equal(JSON.parse(read(home, "out.sarif")).version, "2.1.0");
  assert.match(read(home, "out.html"), /^<!doctype html>/);
  const one = await scan("-o", "junit", "--output-file", "out.xml");
  assert.deepEqual([one.code, one.stdout], [0, ""]);
  assert.match(read(home, "out.xml"), /^<\?xml /);
  assert.deepEqual(
    readdirSync(home.path).toSorted(),
    ["out.html", "out.sarif", "out.xml", "shop.yaml"],
    "nothing else",
  );
});

test("What cannot be meant is refused with exit code 2 before anything is read or written", async () => {
  using home = new TestHome();
  const scan = inShop(home);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["-o", "pdf"], /must be one of table, json, yaml, sarif, csv, junit, markdown, html, policyreport/],
    [["-o", "json="], /must name a file/],
    [["-o", "json", "-o", "csv"], /two forms for standard output/],
    [["-o", "json=a", "-o", "csv=a"], /two forms for a/],
    [["-o", "json=a", "--output-file", "b"], /--output-file must have a form/],
    [["--fail-on", "bad"], /--fail-on must be one of critical, high/],
  ];
  for (const [flags, message] of cases) {
    const { code, stderr } = await scan(...flags);
    assert.equal(code, 2, flags.join(" "));
    assert.match(stderr, message);
  }
  writeFileSync(home.at("bad.json"), "{}");
  assert.equal((await scan("--baseline", "bad.json")).code, 2);
  assert.equal((await scan("--exceptions", "bad.json")).code, 2);
  assert.deepEqual(readdirSync(home.path).toSorted(), ["bad.json", "shop.yaml"]);
});

test("A file is for one cluster: a second would take its place", async () => {
  using home = new TestHome();
  for (const flags of [
    ["-o", "json=out.json"],
    ["--write-baseline", "base.json"],
  ]) {
    const two = ["--kubeconfig", "absent", "--context", "a", "--context", "b"];
    const { code, stderr } = await runIn(home.path, "scan", ...two, ...flags);
    assert.equal(code, 2);
    assert.match(stderr, /a file must be for one cluster\nRun it once for each --context/);
  }
});

test("A file that cannot be written fails, and leaves what was there", async () => {
  using home = new TestHome();
  const scan = inShop(home);
  assert.equal((await scan("-o", "json=absent/out.json")).code, 1);
  assert.equal((await scan("--baseline", "absent.json")).code, 1);
  assert.ok(!existsSync(home.at("absent")));
});

test("--fail-on exits with 5 for what it names, which a baseline makes known and an exception excepts", async () => {
  using home = new TestHome();
  const scan = inShop(home);
  assert.equal((await scan()).code, 0);
  assert.equal((await scan("--fail-on", "critical")).code, 5);

  // What is known is no reason to fail, by either form of a baseline.
  assert.equal((await scan("--write-baseline", "base.json", "-o", "json=last.json", "--fail-on", "low")).code, 5);
  for (const baseline of ["base.json", "last.json"]) {
    const known = await scan("--baseline", baseline, "--fail-on", "info");
    assert.equal(known.code, 0);
    assert.match(known.stdout, /^Against the baseline: 0 new, \d+ known, 0 gone\.$/m);
  }

  // A new finding is one.
  const grant = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: new}\n";
  const subject = "roleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: mallory}]\n";
  writeFileSync(home.at("shop.yaml"), `${readFileSync(shop, "utf8")}${grant}${subject}`);
  const grown = await scan("--baseline", "base.json", "--fail-on", "high", "-o", "json");
  assert.equal(grown.code, 5);
  const report = JSON.parse(grown.stdout) as {
    findings: { state: string; message: string; check: string; id: string }[];
  };
  const fresh = report.findings.filter(({ state }) => state === "new");
  assert.ok(fresh.length > 0 && fresh.every(({ message }) => message.includes("mallory")), JSON.stringify(fresh));

  // Unless somebody decided to live with it, until the day.
  const exceptions = (expires: string) =>
    "apiVersion: strongroom.dev/v1\nkind: ScanExceptions\nexceptions:\n" +
    fresh
      .map(({ check }) => `  - {check: ${check}, object: "*", reason: an emergency, expires: ${expires}}\n`)
      .join("");
  writeFileSync(home.at("exceptions.yaml"), exceptions("9999-12-31"));
  const excepted = await scan("--baseline", "base.json", "--fail-on", "high", "--exceptions", "exceptions.yaml");
  assert.equal(excepted.code, 0);
  assert.match(excepted.stdout, /^\d+ findings? excepted, listed below\.$/m);
  assert.match(excepted.stdout, /mallory.*an emergency/s);
  writeFileSync(home.at("exceptions.yaml"), exceptions("2020-12-31"));
  const expired = await scan("--baseline", "base.json", "--fail-on", "high", "--exceptions", "exceptions.yaml");
  assert.equal(expired.code, 5);
  assert.match(expired.stdout, /^- Expired exception \(exceptions\.yaml:4\): an emergency/m);
});

test("--fail-on-unknown exits with 5 where something could not be used, whatever was found", async () => {
  using home = new TestHome();
  const scan = inShop(home);
  assert.equal((await scan("--fail-on-unknown")).code, 0, "a kind that manifests do not have is no reason");
  writeFileSync(home.at("shop.yaml"), `${readFileSync(shop, "utf8")}---\nkind: [\n`);
  assert.equal((await scan()).code, 0);
  assert.equal((await scan("--fail-on-unknown")).code, 5);
  const binding =
    "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x, namespace: y}\n";
  const gone = "roleRef: {kind: Role, name: gone}\nsubjects: [{kind: User, name: jane}]\n";
  writeFileSync(home.at("shop.yaml"), `${readFileSync(shop, "utf8")}${binding}${gone}`);
  assert.equal((await scan("--fail-on-unknown")).code, 5);
});

test("What is mended is gone from the baseline's findings", async () => {
  using home = new TestHome();
  const scan = inShop(home);
  await scan("--write-baseline", "base.json");
  const text = readFileSync(shop, "utf8");
  writeFileSync(home.at("shop.yaml"), text.slice(0, text.indexOf("---\napiVersion: rbac")));
  const { stdout } = await scan("--baseline", "base.json", "-o", "json");
  const { gone, summary } = JSON.parse(stdout) as { gone: { id: string }[]; summary: { gone: number } };
  assert.ok(gone.some(({ id }) => id.includes("SR-ACC-003/Group system:authenticated/")));
  assert.equal(summary.gone, gone.length);
});
