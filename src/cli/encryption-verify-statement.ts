import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { decodePublicKey } from "../audit/log/checkpoint.ts";
import type { EncryptionStatement } from "../instance/encryption-statement.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { printable } from "./printable.ts";

const publicKeyFlag = valueFlag(
  "public-key",
  "FILE",
  "The key that it must be signed with, as strongroom audit public-key prints it.",
);

/** `strongroom encryption verify-statement`. */
export const encryptionVerifyStatementCommand: Command = {
  usage: "FILE --public-key FILE",
  examples: [
    {
      line: "strongroom encryption verify-statement key-2025-11.json --public-key audit.pem",
      effect: "whether the server has signed exactly this, and what it says",
    },
  ],
  flags: [publicKeyFlag],
  notes: [
    "It needs no server. Exit code 1 when the statement was changed, or is signed with another key; 2 when it is none.",
    "A statement is about the time of its counting. The server refuses to start, and to reload, without a key that is in use, " +
      "whatever was signed before.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { output } = invocation;
    const { parseStatement, isStatementSigned } = await import("../instance/encryption-statement.ts"); // not for its help
    const { statement: text, publicKey } = await readAsked(invocation);
    const statement = parseStatement(text);
    if (!isStatementSigned(statement, publicKey)) {
      throw new CommandFailure("the statement must be as the owner of the public key has signed it", {
        exitCode: exitCodes.failure,
        advice: "It was changed, or another server has signed it.",
      });
    }
    for (const line of linesOf(statement)) output.print(printable(line));
    return exitCodes.ok;
  },
};

async function readAsked({ operands, flags, environment }: Invocation) {
  const [file] = operands;
  const keyFile = flags.one(publicKeyFlag);
  if (file === undefined) throw usageError("a file with a statement must be named");
  if (keyFile === undefined) {
    throw usageError("--public-key must be given", "strongroom audit public-key printed it, where the server is.");
  }
  const read = (path: string) => readFile(resolve(environment.workingDirectory, path), "utf8");
  return { statement: await read(file), publicKey: decodePublicKey(await read(keyFile)) };
}

function linesOf({ instance, time, revision, key, counted, freeSpace }: EncryptionStatement): string[] {
  const { records, superseded, fileBytes, files } = counted;
  const basis =
    freeSpace.basis === "written-anew"
      ? `the data file was written anew at ${freeSpace.fileWrittenAt ?? "an unknown time"}, after the last use of the key.`
      : "searched for whole beginnings of records; what is left of one whose beginning was overwritten is not found.";
  return [
    `Instance ${instance} has signed: at ${time}, revision ${revision}, nothing was under ${key}.`,
    `Counted: ${records} records with versions, trash and leases, ${superseded} superseded revisions, ${fileBytes} bytes of ${files.join(", ")}.`,
    `Free space: ${basis}`,
  ];
}
