/** The pages about the command line and the configuration say what the program does. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { commands } from "../../src/cli/commands.ts";
import { readServerConfig } from "../../src/cli/config.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { findCommand } from "../../src/cli/find-command.ts";
import { FlagValues, parseFlags } from "../../src/cli/flags.ts";
import { defaultConcurrencyLimits } from "../../src/doors/http/concurrency-limiter.ts";
import { defaultHttpLimits } from "../../src/doors/http/limits.ts";
import { TestHome } from "./program.ts";

const root = resolve(import.meta.dirname, "..", "..");
const cliPage = readFileSync(join(root, "docs", "cli.md"), "utf8");
const configurationPage = readFileSync(join(root, "docs", "configuration.md"), "utf8");
const containerfile = readFileSync(join(root, "Containerfile"), "utf8");

/** The part of the page from the heading that names the command to the next heading. */
function sectionOf(command: string): string {
  const section = cliPage.split(/^(?=## )/m).find((part) => part.split("\n")[0]?.includes(`strongroom ${command}`));
  assert.ok(section !== undefined, `docs/cli.md has no section for ${command}`);
  return section;
}

for (const entry of commands) {
  test(`docs/cli.md names exactly the flags of ${entry.name} in its table`, async () => {
    const { flags } = await entry.load();
    const rows = sectionOf(entry.name)
      .split("\n")
      .filter((line) => line.startsWith("| `--"))
      .flatMap((line) => line.split("|")[1]?.match(/--[a-z-]+/g) ?? []);
    const expected = flags.map(({ name }) => `--${name}`);
    // version and help share a section without a table.
    if (rows.length === 0) for (const flag of expected) assert.ok(sectionOf(entry.name).includes(`\`${flag}\``), flag);
    else assert.deepEqual(rows.toSorted(), expected.toSorted());
  });
}

test("docs/cli.md explains every exit code", () => {
  const explained = Array.from(cliPage.matchAll(/^\| (\d) \|/gm), ([, digit]) => Number(digit));
  assert.deepEqual(explained, Object.values(exitCodes));
});

function read(path: string | undefined) {
  const flags = new FlagValues(new Map(path === undefined ? [] : [["config", [path]]]));
  return readServerConfig(flags, { home: "/h", xdgDataHome: undefined, workingDirectory: "/w", shellDirectory: "/w" });
}

test("the files in docs/configuration.md say what holds without them", async () => {
  using home = new TestHome();
  const files = Array.from(configurationPage.matchAll(/^```yaml\n([^]*?)^```$/gm), ([, text = ""]) => text);
  assert.equal(files.length, 2);
  const defaults = await read(undefined);
  const limits = { ...defaultHttpLimits, ...defaultConcurrencyLimits };
  for (const [index, text] of files.entries()) {
    const path = home.at("strongroom.yaml");
    writeFileSync(path, text);
    assert.deepEqual(await read(path), { ...defaults, limits: index === 0 ? {} : limits });
  }
});

test("the fields in comments of docs/configuration.md are fields", async () => {
  using home = new TestHome();
  const [, text = ""] = /^```yaml\n([^]*?)^```$/m.exec(configurationPage) ?? [];
  writeFileSync(home.at("strongroom.yaml"), text.replace(/^# /gm, ""));
  const config = await read(home.at("strongroom.yaml"));
  assert.equal(config.dataDir, "/var/lib/strongroom");
  assert.deepEqual(config.rootKey, {
    type: "passphrase",
    path: "/etc/strongroom/root.key",
    passphraseFile: "/run/passphrase",
  });
  assert.equal(config.adminKubeconfig, undefined);
});

/** The words of an instruction in its JSON form: the last one, which is the one that counts. */
function wordsOf(start: RegExp): string[] {
  const line = containerfile.split("\n").findLast((candidate) => start.test(candidate)) ?? "";
  const words: unknown = JSON.parse(line.replace(start, ""));
  assert.ok(Array.isArray(words));
  return words.map(String);
}

test("the Containerfile starts the program with arguments that it understands", async () => {
  assert.deepEqual(wordsOf(/^ENTRYPOINT /), ["strongroom"]);
  assert.deepEqual(wordsOf(/^HEALTHCHECK .* CMD /), ["strongroom", "health"]);
  const { entry, rest } = findCommand(commands, wordsOf(/^CMD /));
  assert.equal(entry.name, "serve");
  parseFlags((await entry.load()).flags, rest);
});

test("the Containerfile runs as an unprivileged user given by number", () => {
  const users = Array.from(containerfile.matchAll(/^USER (\S+)$/gm), ([, user]) => user);
  assert.deepEqual(users, ["1000:1000"]);
});

test("what the Containerfile copies exists and is all that the build context has", () => {
  const copied = Array.from(containerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm), ([, sources = ""]) =>
    sources.split(" "),
  );
  const expected = new Set(copied.flat());
  for (const path of expected) assert.ok(existsSync(join(root, path)), path);
  const lines = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
  const rules = lines.filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(rules[0], "*");
  assert.deepEqual(rules.slice(1).toSorted(), Array.from(expected, (path) => `!${path}`).toSorted());
});
