import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { folderFlag, readKeyFolder, sealPassphraseFlag } from "./kms-plugin-flags.ts";
import { keyFlag, readRingServer, ringServerFlags } from "./kms-ring-server.ts";

/** `strongroom kms-plugin publish`: gives the keys of this node to a server that keeps them for the others. */
export const kmsPluginPublishCommand: Command = {
  usage:
    "--key NAMESPACE/NAME --kubeconfig FILE --passphrase-file FILE [--dir DIR] [--context NAME] [--cluster-network CIDR]...",
  examples: [
    {
      line: "strongroom kms-plugin publish --key kms/prod --kubeconfig /root/strongroom.kubeconfig --passphrase-file /root/kms-passphrase",
      effect: "put the sealed keys of this node into the secret kms/prod, for serve --key of the other nodes",
    },
  ],
  flags: [folderFlag, sealPassphraseFlag, ...ringServerFlags],
  notes: [
    "What is put there is the key file as it is, sealed by the passphrase, which the server never has. The namespace must exist. It takes the rights to get, " +
      "create and update that secret.",
    "It is refused where the secret has a key that this node lacks: no key is lost by it.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const server = await readRingServer(invocation);
    if (server === undefined) throw usageError("--key must name the secret: NAMESPACE/NAME");
    const at = await readKeyFolder(invocation);
    const { publishRing } = await import("../delivery/kms-plugin/followed-ring.ts");
    const isChanged = await publishRing({ ...at, server });
    const key = invocation.flags.one(keyFlag);
    invocation.output.print(isChanged ? `keys published as ${key}` : `${key} has these keys already`);
    return exitCodes.ok;
  },
};
