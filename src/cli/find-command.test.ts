import assert from "node:assert/strict";
import { test } from "node:test";

import { CommandFailure } from "./command-failure.ts";
import type { CommandEntry } from "./command.ts";
import { findCommand } from "./find-command.ts";

const load = () => Promise.reject(new Error("no command is loaded to find one"));
const commands: readonly CommandEntry[] = ["serve", "version", "secret list", "secret versions list"].map((name) => ({
  name,
  summary: "",
  load,
}));

const found: readonly (readonly [string, string, readonly string[]])[] = [
  ["serve", "serve", []],
  ["serve --data-dir x", "serve", ["--data-dir", "x"]],
  ["secret list mine", "secret list", ["mine"]],
  ["secret versions list", "secret versions list", []],
];

for (const [line, name, rest] of found) {
  test(`findCommand finds ${JSON.stringify(name)} in ${JSON.stringify(line)}`, () => {
    const result = findCommand(commands, line.split(" "));
    assert.equal(result.entry.name, name);
    assert.deepEqual(result.rest, rest);
  });
}

const unknown: readonly (readonly [string, string, string])[] = [
  ["srve", 'there is no command "srve"', "Did you mean strongroom serve?"],
  ["sercet", 'there is no command "sercet"', "Did you mean strongroom secret?"],
  ["frobnicate", 'there is no command "frobnicate"', "strongroom help lists the commands"],
  ["secret", "strongroom secret needs a command of its own", "It is one of: secret list, secret versions list"],
  ["secret lsit", "strongroom secret needs a command of its own", "Did you mean strongroom secret list?"],
];

for (const [line, message, advice] of unknown) {
  test(`findCommand refuses ${JSON.stringify(line)} and says: ${advice}`, () => {
    assert.throws(
      () => findCommand(commands, line.split(" ")),
      (error) => error instanceof CommandFailure && error.message === message && error.advice === advice,
    );
  });
}
