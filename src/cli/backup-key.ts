import { resolve } from "node:path";
import { createPrivateFile } from "../crypto/private-file.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";

/** `strongroom backup key`. */
export const backupKeyCommand: Command = {
  usage: "FILE",
  examples: [
    { line: "strongroom backup key backup.key", effect: "an identity that opens backups; prints its recipient" },
    { line: "strongroom backup create today.age --recipient age1...", effect: "then: a backup for that recipient" },
  ],
  flags: [],
  notes: [
    "The file is one of age, as age-keygen makes them. Keep it where the backups and the server are not: whoever has it and a backup can " +
      "read every secret, and without it such a backup cannot be read. The recipient is no secret.",
  ],
  operandsMax: 1,
  async run({ operands, environment, output }) {
    const [file] = operands;
    if (file === undefined) throw usageError("the file of the identity must be named");
    const { newIdentity } = await import("../backup/age-file.ts"); // not for its help, which is thereby quick
    const { identity, recipient } = await newIdentity();
    const text = `# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${identity.reveal()}\n`;
    await createPrivateFile(resolve(environment.workingDirectory, file), text);
    output.print(recipient);
    return exitCodes.ok;
  },
};
