import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { Program, TestHome } from "./program.ts";

const stopRequest = pathToFileURL(resolve(import.meta.dirname, "..", "..", "src", "cli", "stop-request.ts")).href;

/** A program that does not stop when it is asked to. */
const deafProgram = `
  import { listenForStop } from ${JSON.stringify(stopRequest)};
  const stop = listenForStop(() => process.stdout.write("end\\n"));
  stop.signal.addEventListener("abort", () => process.stdout.write("asked\\n"));
  setInterval(() => {}, 1000);
  process.stdout.write("listening\\n");
`;

const twice: readonly (readonly [NodeJS.Signals, NodeJS.Signals])[] = [
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGINT"],
  ["SIGTERM", "SIGINT"],
];

for (const [first, second] of twice) {
  test(`${first} asks to stop, and ${second} after it ends the process at once by that signal`, async () => {
    using home = new TestHome();
    const args = ["--input-type=module", "--eval", deafProgram];
    await using program = new Program(home, args, join(process.execPath));
    await program.printed(/^listening$/m);
    program.kill("SIGHUP");
    program.kill(first);
    await program.printed(/^asked$/m);
    program.kill(second);
    const ended = await program.ended;
    assert.equal(ended.signal, second, ended.stderr);
    assert.equal(ended.stdout, "listening\nasked\nend\n");
  });
}
