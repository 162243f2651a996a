import { manifestOf } from "./secret-writer.ts";
import type { WantedSecret } from "./secret-writer.ts";
import { printableYaml } from "./answer-form.ts";
import { backupOperand, requireWritable, writeBackupFile } from "./backup-file.ts";
import type { Command } from "./command.ts";
import { serverFlags, serverNotes, serverUsage, withServer } from "./server-connection.ts";
import { exitCodes } from "./exit-code.ts";
import { listedSecrets } from "./listed-secrets.ts";
import { namespaceFlag } from "./sight-source.ts";
import { isPortable } from "./write-secrets.ts";

/** `strongroom export`. */
export const exportCommand: Command = {
  usage: `FILE|- [--namespace NAME] ${serverUsage}`,
  examples: [
    { line: "strongroom export prod.yaml --namespace prod", effect: "the secrets of a namespace, with their values" },
    { line: "strongroom export - | kubectl --context other apply -f -", effect: "all of them, to another cluster" },
  ],
  flags: [...serverFlags, namespaceFlag],
  notes: [
    ...serverNotes,
    "The file has the values in the clear, and only its owner may read it; for keeping, strongroom backup is the better way. Every secret in it " +
      "is on record as read.",
    "Manifests have name, labels, annotations, type and values, and the namespaces stand before them. Tokens of service accounts, which a server makes by itself, " +
      "are left out, and so is what kubectl keeps for itself in annotations.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const file = backupOperand(invocation);
    requireWritable(invocation);
    await withServer(invocation, "docs/backup.md", async (connection) => {
      const secrets = listedSecrets(connection, invocation.flags.one(namespaceFlag));
      await writeBackupFile(invocation, manifests(secrets));
    });
    if (file !== "-") invocation.output.print(file);
    return exitCodes.ok;
  },
};

async function* manifests(secrets: AsyncIterable<WantedSecret>): AsyncGenerator<Buffer> {
  let namespace: string | undefined;
  for await (const secret of secrets) {
    if (!isPortable(secret)) continue;
    if (secret.namespace !== namespace) {
      ({ namespace } = secret); // a list is in the order of namespaces
      yield documentOf({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    }
    yield documentOf(manifestOf(secret));
  }
}

function documentOf(value: unknown): Buffer {
  return Buffer.from(`---\n${printableYaml(value)}`);
}
