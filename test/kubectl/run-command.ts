/** Runs one command of the table and checks what it says. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestServer } from "../running-server.ts";
import type { KubectlCommand } from "./commands.ts";
import type { Kubectl } from "./kubectl.ts";

/** The commands of the table that a version of kubectl has. */
export function commandsFor(commands: readonly KubectlCommand[], minor: number): KubectlCommand[] {
  return commands.filter(({ since = 0, until = Infinity }) => since <= minor && minor <= until);
}

/** A line that tells which command it was. */
export function titleOf({ args, input }: KubectlCommand): string {
  const name = /^ {2}name: (.*)$/m.exec(input ?? "")?.[1];
  return `kubectl ${args.join(" ")}${name === undefined ? "" : ` < ${name}`}`;
}

/** A kubectl and the server it talks to, directly or through a recorder. */
export interface Session {
  readonly kubectl: Kubectl;
  readonly server: TestServer;
}

export async function runCommand(session: Session, command: KubectlCommand): Promise<void> {
  if (command.meanwhile !== undefined) return runMeanwhile(session, command, command.meanwhile);
  const { kubectl } = session;
  const editor = command.edits === undefined ? {} : { KUBE_EDITOR: await editorThat(kubectl, command.edits) };
  const output = await kubectl.run(command.args, command.input, editor);
  const said = `${titleOf(command)} (${kubectl.binary.version}) said: ${output.stdout}${output.stderr}`;
  if (command.fails === undefined) {
    assert.equal(output.code, 0, said);
    assert.match(output.stdout, command.prints ?? /(?:)/, said);
  } else {
    assert.notEqual(output.code, 0, said);
    assert.match(output.stderr, command.fails, said);
  }
}

/** Lets a command go on while others run, which begin once it watches; ends it when it has printed what it must. */
async function runMeanwhile(
  { kubectl, server }: Session,
  command: KubectlCommand,
  others: readonly (readonly string[])[],
): Promise<void> {
  const child = kubectl.start(command.args);
  const exited = once(child, "exit");
  let printed = "";
  assert.ok(child.stdout !== null, "the output of kubectl is a pipe");
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    // A watch goes on until it is ended; a wait ends by itself.
    if (command.args[0] !== "wait" && command.prints?.test(printed)) child.kill("SIGTERM");
  });
  await firstWatch(server, child);
  for (const args of others) await kubectl.ok(args);
  await exited;
  assert.match(printed, command.prints ?? /(?:)/, titleOf(command));
}

/** Resolves once the server has a watch, as its metrics tell; the command's end is an end of waiting too. */
async function firstWatch(server: TestServer, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const { text } = await server.call("GET", "/metrics");
    if (/^apiserver_longrunning_requests [1-9]/m.test(text)) return;
  }
}

async function editorThat(kubectl: Kubectl, script: string): Promise<string> {
  const path = join(kubectl.home, "editor.sh");
  await writeFile(path, `#!/bin/sh\nsed -i '${script}' "$1"\n`, { mode: 0o700 });
  return path;
}
