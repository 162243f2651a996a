import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { encryptionConfigurationType } from "../crypto/encryption-configuration/encryption-configuration.ts";
import { parseEncryptionConfiguration } from "../crypto/encryption-configuration/parse-encryption-configuration.ts";
import { createPrivateFile } from "../crypto/private-file.ts";
import { keyProviders } from "../crypto/providers/provider-prefix.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";

const providerFlag = valueFlag("provider", keyProviders.join("|"), "What encrypts. Default: secretbox.");
const resourceFlag = repeatableFlag(
  "resource",
  "NAME",
  "What is encrypted, such as secrets, *.apps or *.*; default: secrets.",
);
const keyNameFlag = valueFlag("key-name", "NAME", "Stands before each record. Default: key- and the day.");
const readClearFlag = switchFlag("read-clear", "Read what is in the clear, too: for a cluster that had no encryption.");
const keyBytes = 32;

/** `strongroom encryption init`: a file EncryptionConfiguration with a new key. */
export const encryptionInitCommand: Command = {
  usage: "FILE [--provider NAME] [--resource NAME]... [--key-name NAME] [--read-clear]",
  examples: [
    { line: "strongroom encryption init encryption.yaml", effect: "a file with a new key, that encrypts secrets" },
    {
      line: "strongroom encryption init enc.yaml --resource secrets --resource '*.apps' --read-clear",
      effect: "for a kube-apiserver whose objects are in the clear yet",
    },
  ],
  flags: [providerFlag, resourceFlag, keyNameFlag, readClearFlag],
  notes: [
    "The file is made with mode 0600 and never replaced. Whoever has it and the disk reads everything; whoever loses it has lost " +
      "what it encrypts.",
    "Without such a file a server of ours encrypts everything, each record bound to its name and revision: a file is for keys " +
      "that you keep yourself, and for data that is exchanged with a cluster.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { operands, environment, output } = invocation;
    const [name] = operands;
    if (name === undefined) throw usageError("the file must be named", "strongroom encryption init encryption.yaml");
    const content = configurationText(invocation);
    try {
      parseEncryptionConfiguration(content);
    } catch (error) {
      throw isStrongroomError(error, "invalid") ? usageError(error.message) : error;
    }
    const path = resolve(environment.workingDirectory, name);
    await createPrivateFile(path, content);
    output.print(`wrote ${path}: keep a copy of it elsewhere, away from the data`);
    output.print(`start the server with --encryption-provider-config ${path}`);
    return exitCodes.ok;
  },
};

/** JSON texts are YAML too, so whatever a name holds is one scalar. */
function configurationText({ flags }: Invocation): string {
  const provider = keyProviders.find((known) => known === (flags.one(providerFlag) ?? "secretbox"));
  if (provider === undefined) throw usageError(`--provider must be one of ${keyProviders.join(", ")}`);
  const resources = flags.many(resourceFlag) ?? ["secrets"];
  const keyName = flags.one(keyNameFlag) ?? `key-${new Date().toISOString().slice(0, 10)}`;
  const lines = [
    `apiVersion: ${encryptionConfigurationType.apiVersion}`,
    `kind: ${encryptionConfigurationType.kind}`,
    "resources:",
    "  - resources:",
    ...resources.map((resource) => `      - ${JSON.stringify(resource)}`),
    "    providers:",
    "      # The first writes, all read. To change keys, put the new one first.",
    `      - ${provider}:`,
    "          keys:",
    `            - name: ${JSON.stringify(keyName)}`,
    `              secret: ${randomBytes(keyBytes).toString("base64")}`,
    ...(flags.has(readClearFlag) ? ["      # Until everything has been written again.", "      - identity: {}"] : []),
  ];
  return `${lines.join("\n")}\n`;
}
