/** Runs commands of the command line in this process, with the fixture clusters as the working directory. */
import { join } from "node:path";
import { commands } from "../../src/cli/commands.ts";
import type { Environment } from "../../src/cli/environment.ts";
import { runCommandLine } from "../../src/cli/run-command-line.ts";

export const clustersFolder = join(import.meta.dirname, "clusters");

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command in a folder. */
export async function runIn(folder: string, ...args: string[]): Promise<Ran> {
  return runWith({ home: "/h", xdgDataHome: undefined, workingDirectory: folder, shellDirectory: folder }, ...args);
}

export async function runWith(environment: Environment, ...args: string[]): Promise<Ran> {
  const [out, talk]: [string[], string[]] = [[], []];
  const output = {
    print: (text: string) => void out.push(`${text}\n`),
    write: (text: string) => void out.push(text),
    tell: (text: string) => void talk.push(`${text}\n`),
  };
  const code = await runCommandLine({ commands, args, environment, output });
  return { code, stdout: out.join(""), stderr: talk.join("") };
}

export async function run(...args: string[]): Promise<Ran> {
  return runIn(clustersFolder, ...args);
}

/** A principal as the commands name it. */
export function subjectOf(principal: string): string {
  return principal
    .replace("ServiceAccount ", "sa/")
    .replace(" ", "/")
    .replace(/^(User|Group|Node)/, (kind) => kind.toLowerCase());
}
