/**
 * The command line by readable scripts: scripts/*.txt. A script is a list of cases
 *
 *     # what it shows, as a sentence
 *     $ strongroom WORDS
 *     > a line of standard output, in this place
 *     ! a line of standard error
 *     = 2
 *
 * Every line of output must be in the script; `...` stands for any number of lines, and the word `<any>`
 * inside a line for any text. `= N` is the exit code. `{home}` is the home of the case.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { run, TestHome } from "./program.ts";

interface Case {
  readonly name: string;
  readonly words: readonly string[];
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly code: number;
}

function readCases(text: string): Case[] {
  return text
    .split(/^(?=# )/m)
    .filter((block) => block.trim() !== "")
    .map(readCase);
}

function readCase(block: string): Case {
  const lines = block.split("\n").filter((line) => line !== "");
  const after = (mark: string) => lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2));
  const [name = ""] = after("#");
  const [command = ""] = after("$");
  const [code = ""] = after("=");
  assert.match(command, /^strongroom\b/, `${name}: a case needs a command`);
  assert.match(code, /^\d$/, `${name}: a case needs an exit code`);
  const words = command.split(" ").slice(1);
  return { name, words, stdout: after(">"), stderr: after("!"), code: Number(code) };
}

/** A pattern for the whole of a stream. */
function patternOf(lines: readonly string[], home: string): RegExp {
  const parts = lines.map((line) => {
    if (line === "...") return "(?:.*\\n)*";
    const fixed = line.replaceAll("{home}", home).split("<any>").map(escapeRegExp);
    return `${fixed.join(".*")}\\n`;
  });
  return new RegExp(`^${parts.join("")}$`);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

const folder = join(import.meta.dirname, "scripts");

for (const file of readdirSync(folder).sort()) {
  for (const { name, words, stdout, stderr, code } of readCases(readFileSync(join(folder, file), "utf8"))) {
    test(`${file}: ${name}`, async () => {
      using home = new TestHome();
      const args = words.map((word) => word.replaceAll("{home}", home.path));
      const ended = await run(home, ...args);
      assert.match(ended.stderr, patternOf(stderr, home.path));
      assert.match(ended.stdout, patternOf(stdout, home.path));
      assert.equal(ended.code, code);
    });
  }
}
