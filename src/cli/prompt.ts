import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Redacted } from "../crypto/redacted.ts";
import { usageError } from "./command-failure.ts";
import type { Output } from "./output.ts";

/**
 * Asks at the terminal, without showing what is typed. Raises a usage error, with `otherwise`, when there is no terminal to ask at or the
 * question is given up (Ctrl-C, Ctrl-D).
 */
export async function promptForPassphrase(
  output: Output,
  question: string,
  otherwise: string,
): Promise<Redacted<string>> {
  if (!process.stdin.isTTY) throw usageError("there must be a terminal to ask for the passphrase at", otherwise);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  const givenUp = new AbortController();
  terminal.on("SIGINT", () => givenUp.abort()).on("close", () => givenUp.abort());
  try {
    output.tell(question.trim());
    return new Redacted(await terminal.question("", { signal: givenUp.signal }));
  } catch (error) {
    if (givenUp.signal.aborted) throw usageError("a passphrase must be typed", otherwise);
    throw error;
  } finally {
    terminal.close();
  }
}
