import { createPublicKey } from "node:crypto";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";

/** `strongroom audit public-key`: what checkpoints of the audit log are verified with. */
export const auditPublicKeyCommand: Command = {
  usage: "[--data-dir DIR] [--config FILE] [--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    { line: "strongroom audit public-key > audit.pem", effect: "the key, to be kept where the log is verified" },
  ],
  flags: [dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag],
  notes: ["It asks the server that runs on this host, or opens the store of one that does not. Ed25519, as PEM."],
  operandsMax: 0,
  async run({ flags, environment, output }) {
    const config = await readServerConfig(flags, environment);
    const { auditPublicKey } = await import("../instance/audit-reading.ts"); // not for its help, which is thereby quick
    output.write(publicKeyPem(await auditPublicKey(config)));
    return exitCodes.ok;
  },
};

/** PEM of a SubjectPublicKeyInfo in base64. */
export function publicKeyPem(base64: string): string {
  const key = createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" });
  return key.export({ format: "pem", type: "spki" }).toString();
}
